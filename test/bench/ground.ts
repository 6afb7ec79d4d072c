/** What one scenario runs on: a broker, its clients, and whichever servers it compares, each a process of its own. */
import { Child } from "../../src/dev/child.ts";
import { NatsServer } from "../../src/dev/nats-server.ts";
import { JetStream } from "../support/broker/jetstream.ts";
import { until } from "../support/until.ts";
import { fileURLToPath } from "node:url";
import { Publisher } from "./publisher.ts";
import { Swarm } from "./swarm.ts";
import { deployedObjects, WorkerdProcess } from "./workerd-process.ts";

export const TOKEN = "bench-token";
const CEILING = fileURLToPath(new URL("ceiling-worker.js", import.meta.url));
const BRIDGE = fileURLToPath(new URL("bridge.ts", import.meta.url));
const LISTENING = /listening (\d+)/;
const START_MS = 20_000;
const CONSUMERS_MS = 20_000;

export interface Bridge {
  readonly pid: number;
  readonly port: number;
}

export class Ground implements AsyncDisposable {
  readonly broker: NatsServer;
  readonly jetstream: JetStream;
  readonly publisher: Publisher;
  readonly swarm: Swarm;
  readonly #bundle: string;
  readonly #parts: AsyncDisposableStack;
  #relay: Promise<WorkerdProcess> | null = null;
  #ceiling: Promise<WorkerdProcess> | null = null;
  #bridge: Promise<Bridge> | null = null;
  #bridgeChild: Child | null = null;
  #subjects = 0;

  private constructor(
    bundle: string,
    parts: AsyncDisposableStack,
    broker: NatsServer,
    jetstream: JetStream,
    publisher: Publisher,
  ) {
    this.#bundle = bundle;
    this.#parts = parts;
    this.broker = broker;
    this.jetstream = jetstream;
    this.publisher = publisher;
    this.swarm = this.newSwarm();
  }

  /** `bundle`: the relay's script. The stream lies in memory, so that no disk is measured. */
  static async start(bundle: string): Promise<Ground> {
    await using parts = new AsyncDisposableStack();
    const broker = parts.use(await NatsServer.start());
    const jetstream = await JetStream.connect(broker.url, {});
    parts.defer(() => jetstream.close());
    await jetstream.createStream({ storage: "memory" });
    const publisher = parts.use(await Publisher.connect(broker.clientUrl));
    return new Ground(bundle, parts.move(), broker, jetstream, publisher);
  }

  async brokerVersion(): Promise<string> {
    const answer = await fetch(`${this.broker.monitorUrl}/varz`);
    return ((await answer.json()) as { readonly version: string }).version;
  }

  /** Another client process, so that one set of clients does not wait for another's bytes. */
  newSwarm(): Swarm {
    return this.#parts.use(Swarm.start());
  }

  /** A subject that nobody has used. */
  newSubject(): string {
    this.#subjects += 1;
    return `cellos.events.bench.s${this.#subjects}`;
  }

  /** Waits until so many consumers read this subject. */
  async consumers(subject: string, count: number): Promise<void> {
    const readers = async (): Promise<boolean> => {
      const all = await this.jetstream.consumers();
      return all.filter(({ filter }) => filter === subject).length === count;
    };
    await until(`${count} consumers of ${subject}`, readers, CONSUMERS_MS);
  }

  relay(inspect = false): Promise<WorkerdProcess> {
    this.#relay ??= this.#startRelay(inspect);
    return this.#relay;
  }

  /** Another relay, with other settings. */
  async relayWith(vars: Readonly<Record<string, string>>): Promise<WorkerdProcess> {
    return this.#parts.use(await this.#newRelay(false, vars));
  }

  ceiling(): Promise<WorkerdProcess> {
    const options = { script: CEILING, objects: [{ name: "CEILING", className: "Ceiling" }] };
    this.#ceiling ??= WorkerdProcess.start(options).then((ceiling) => this.#parts.use(ceiling));
    return this.#ceiling;
  }

  /** A server that starts from nothing: memory that a process once took, it keeps. */
  async renew(name: "v2" | "bridge"): Promise<void> {
    await this.swarm.cut();
    if (name === "bridge") {
      await this.#bridgeChild?.stop("SIGKILL");
      this.#bridge = null;
      return;
    }
    const relay = await this.relay();
    await relay.stop();
    await relay.start();
  }

  bridge(): Promise<Bridge> {
    this.#bridge ??= this.#startBridge();
    return this.#bridge;
  }

  /** Runs a Node script that says `text` when it is ready; it ends with the ground. */
  async run(name: string, script: string, args: readonly string[], text: string, ms = START_MS): Promise<Child> {
    const child = new Child(name, process.execPath, [script, ...args], { orphanSignal: "KILL" });
    this.#parts.defer(() => child.stop("SIGKILL"));
    await child.waitFor(text, ms);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  async #startRelay(inspect: boolean): Promise<WorkerdProcess> {
    return this.#parts.use(await this.#newRelay(inspect, {}));
  }

  async #newRelay(inspect: boolean, given: Readonly<Record<string, string>>): Promise<WorkerdProcess> {
    const own = { NATS_URL: this.broker.url, RELAY_API_TOKEN: TOKEN };
    const vars = { ...own, ...given };
    return WorkerdProcess.start({ script: this.#bundle, objects: await deployedObjects(), vars, inspect });
  }

  async #startBridge(): Promise<Bridge> {
    const child = await this.run("bridge", BRIDGE, [this.broker.url], "listening");
    this.#bridgeChild = child;
    return { pid: child.pid ?? 0, port: Number(LISTENING.exec(child.tail())?.[1]) };
  }
}
