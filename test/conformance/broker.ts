import {
  connect,
  type ConsumerInfo,
  headers as newHeaders,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
} from "nats.ws";

export interface StreamView {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface ConsumerView {
  readonly name: string;
  readonly durable: boolean;
  readonly ackPolicy: string;
  readonly memory: boolean;
  readonly replicas: number;
  readonly inactiveThresholdMs: number;
}

/** A request that somebody else made to the JetStream API. */
export interface ApiCall {
  readonly subject: string;
  readonly reply: string;
  readonly payload: string;
}

const NAME = "cellos-relay-conformance";
const CONNECT_TIMEOUT_MS = 5_000;
const NANOS_PER_MS = 1e6;
const IN_FLIGHT = 500;

/** The hand on the broker behind the relay: it publishes below one sub-tree, and otherwise only looks. */
export class Broker implements AsyncDisposable {
  readonly stream: string;
  readonly maxPayloadBytes: number;
  /** Requests seen since the start; none ever if the broker does not let us listen to them. */
  readonly calls: ApiCall[] = [];
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager, stream: string) {
    this.stream = stream;
    this.maxPayloadBytes = connection.info?.max_payload ?? 1024 * 1024;
    this.#connection = connection;
    this.#client = connection.jetstream();
    this.#manager = manager;
    for (const topic of [`STREAM.INFO.${stream}`, `CONSUMER.*.${stream}.>`, `CONSUMER.MSG.NEXT.${stream}.*`])
      this.#listen(topic);
  }

  /** Throws when the broker or the stream is not there. */
  static async connect(url: string, stream: string): Promise<Broker> {
    const connection = await connect({ servers: url, name: NAME, inboxPrefix: NAME, timeout: CONNECT_TIMEOUT_MS });
    const broker = new Broker(connection, await connection.jetstreamManager({ checkAPI: false }), stream);
    try {
      await broker.state();
      return broker;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  #listen(topic: string): void {
    this.#connection.subscribe(`$JS.API.${topic}`, {
      callback: (error, message) => {
        if (error !== null || message.reply?.startsWith(NAME)) return;
        this.calls.push({ subject: message.subject, reply: message.reply ?? "", payload: message.string() });
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }

  /** Publishes one message, text as it is and anything else as JSON, and returns its sequence. */
  async publish(subject: string, data: unknown, attributes: Readonly<Record<string, string>> = {}): Promise<number> {
    const payload = typeof data === "string" || data instanceof Uint8Array ? data : JSON.stringify(data);
    const headers = newHeaders();
    for (const [name, value] of Object.entries(attributes)) headers.set(name, value);
    const options = Object.keys(attributes).length === 0 ? {} : { headers };
    return (await this.#client.publish(subject, payload, options)).seq;
  }

  /** Publishes `count` numbered events of about `bytes` each as fast as the broker takes them; returns their sequences. */
  async burst(subject: string, count: number, bytes = 0, from = 1): Promise<number[]> {
    const pad = "x".repeat(Math.max(0, bytes - 20));
    const seqs: number[] = [];
    for (let sent = 0; sent < count; sent += IN_FLIGHT) {
      const size = Math.min(IN_FLIGHT, count - sent);
      const batch = Array.from({ length: size }, (_, i) => this.publish(subject, { n: from + sent + i, pad }));
      seqs.push(...(await Promise.all(batch)));
    }
    return seqs;
  }

  async state(): Promise<StreamView> {
    const { state } = await this.#manager.streams.info(this.stream);
    return { firstSeq: state.first_seq, lastSeq: state.last_seq };
  }

  /** The stream's configuration and identity as text, to be compared. */
  async config(): Promise<string> {
    const { config, created } = await this.#manager.streams.info(this.stream);
    return JSON.stringify([config, created]);
  }

  /** Consumers of the stream with exactly this filter. */
  async consumers(filter: string): Promise<ConsumerView[]> {
    const found: ConsumerView[] = [];
    for await (const info of this.#manager.consumers.list(this.stream) as AsyncIterable<ConsumerInfo | null>) {
      // A consumer that goes while the broker makes the list is a null in it.
      if (info === null) continue;
      const { name, config } = info;
      if ((config.filter_subject ?? config.filter_subjects?.join()) !== filter) continue;
      found.push({
        name,
        durable: config.durable_name !== undefined,
        ackPolicy: config.ack_policy ?? "none",
        memory: config.mem_storage ?? false,
        replicas: config.num_replicas ?? 0,
        inactiveThresholdMs: (config.inactive_threshold ?? 0) / NANOS_PER_MS,
      });
    }
    return found;
  }

  /** Requests made so far whose subject begins so, `$JS.API.` left out. */
  async callsTo(prefix: string): Promise<ApiCall[]> {
    await this.#connection.flush();
    return this.calls.filter(({ subject }) => subject.startsWith(`$JS.API.${prefix}`));
  }
}
