import { NatsServer } from "../../../src/dev/nats-server.ts";
import { JetStream } from "./jetstream.ts";
import type {
  ApiCall,
  ConnectionState,
  ConsumerState,
  ManyOptions,
  Message,
  RigControl,
  RigOptions,
  StreamOptions,
  StreamState,
  Verb,
} from "./rig-control.ts";
import { TcpProxy } from "./tcp-proxy.ts";

interface Connz {
  readonly connections: readonly {
    readonly cid: number;
    readonly name?: string;
    readonly subscriptions: number;
    readonly out_msgs: number;
  }[];
}

/** A private nats-server with a TCP proxy in front of it: one test's own broker, to be broken at will. */
export class Rig implements RigControl, AsyncDisposable {
  readonly url: string;
  readonly server: NatsServer;
  readonly proxy: TcpProxy;
  readonly jetstream: JetStream;

  private constructor(server: NatsServer, proxy: TcpProxy, jetstream: JetStream) {
    this.server = server;
    this.proxy = proxy;
    this.jetstream = jetstream;
    this.url = `ws://127.0.0.1:${proxy.port}`;
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    const server = await NatsServer.start(options);
    try {
      const proxy = await TcpProxy.start(() => server.port);
      const jetstream = await JetStream.connect(server.url, options);
      return new Rig(server, proxy, jetstream);
    } catch (error) {
      await server.dispose();
      throw error;
    }
  }

  async act(verb: Verb): Promise<void> {
    switch (verb) {
      case "start":
      case "restart":
        await this.server[verb]();
        await this.jetstream.ready();
        return;
      case "stop":
      case "kill":
        await this.server[verb]();
        return;
      case "pause":
      case "resume":
        this.server[verb]();
        return;
      default:
        this.proxy[verb]();
    }
  }

  async createStream(options?: StreamOptions): Promise<StreamState> {
    return this.jetstream.createStream(options);
  }
  async deleteStream(name?: string): Promise<void> {
    await this.jetstream.deleteStream(name);
  }
  async purge(belowSeq?: number, name?: string): Promise<void> {
    await this.jetstream.purge(belowSeq, name);
  }
  async deleteMessage(seq: number, name?: string): Promise<void> {
    await this.jetstream.deleteMessage(seq, name);
  }
  async streamState(name?: string): Promise<StreamState> {
    return this.jetstream.streamState(name);
  }
  async publish(messages: readonly Message[]): Promise<number[]> {
    return this.jetstream.publish(messages);
  }
  async publishMany(count: number, options?: ManyOptions): Promise<number> {
    return this.jetstream.publishMany(count, options);
  }
  async consumers(name?: string): Promise<ConsumerState[]> {
    return this.jetstream.consumers(name);
  }

  async connections(): Promise<ConnectionState[]> {
    const response = await fetch(`${this.server.monitorUrl}/connz?limit=1024`);
    const { connections } = (await response.json()) as Connz;
    return connections
      .filter(({ name }) => name !== JetStream.connectionName)
      .map(({ cid, name = "", subscriptions, out_msgs }) => ({ cid, name, subscriptions, outMessages: out_msgs }));
  }

  async apiCalls(): Promise<ApiCall[]> {
    await this.jetstream.ready();
    return [...this.jetstream.calls];
  }

  /** The end of the rig; `act("stop")` stops its broker alone. */
  async stop(): Promise<void> {
    await this.jetstream.close();
    await this.proxy.close();
    await this.server.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
