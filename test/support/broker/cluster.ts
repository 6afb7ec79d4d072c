import { connect, RetentionPolicy, StorageType, type JetStreamManager, type NatsConnection } from "nats.ws";
import { freePort } from "../../../src/dev/free-port.ts";
import { NatsServer } from "../../../src/dev/nats-server.ts";
import { cloudEvent } from "../cloud-event.ts";
import { STREAM, SUBJECTS } from "./rig-control.ts";
import { until } from "../until.ts";

const SIZE = 3;
const ELECTION_MS = 30_000;
const REQUEST_MS = 2_000;

/** Three brokers with one stream that all of them hold. */
export class Cluster implements AsyncDisposable {
  readonly members: ReadonlyMap<string, NatsServer>;
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #parts = new AsyncDisposableStack();

  private constructor(members: ReadonlyMap<string, NatsServer>, connection: NatsConnection, manager: JetStreamManager) {
    this.members = members;
    this.#connection = connection;
    this.#manager = manager;
  }

  static async start(): Promise<Cluster> {
    await using parts = new AsyncDisposableStack();
    const ports = await Promise.all(Array.from({ length: SIZE }, () => freePort()));
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(", ");
    const start = async (port: number, index: number): Promise<readonly [string, NatsServer]> => {
      const name = `n${index}`;
      const cluster = `cluster { name: c, listen: "127.0.0.1:${port}", routes: [${routes}] }`;
      return [name, parts.use(await NatsServer.start({ extraConfig: `server_name: ${name}\n${cluster}` }))];
    };
    const members = new Map(await Promise.all(ports.map(start)));
    const connection = await connect({
      servers: [...members.values()].map(({ url }) => url),
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
      timeout: REQUEST_MS,
    });
    parts.defer(() => connection.close());
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: REQUEST_MS });
    const cluster = new Cluster(members, connection, manager);
    await until("the cluster takes a stream", () => cluster.#createStream(), ELECTION_MS);
    cluster.#parts.use(parts.move());
    return cluster;
  }

  /** For NATS_URL. */
  get urls(): string {
    return [...this.members.values()].map(({ url }) => url).join(",");
  }

  /** The member that leads the stream, once there is one that runs. */
  async leader(): Promise<string> {
    const running = async (): Promise<string | null> => {
      const info = await this.#manager.streams.info(STREAM).catch(() => null);
      const name = info?.cluster?.leader ?? "";
      return this.members.get(name)?.child === undefined ? null : name;
    };
    return until("the stream has a leader", running, ELECTION_MS);
  }

  /** Starts a member that was killed; resolves when it holds all that the others do, as an operator waits before the next. */
  async restore(member: string): Promise<void> {
    await this.members.get(member)?.start();
    const isCurrent = async (): Promise<boolean> => {
      const info = await this.#manager.streams.info(STREAM).catch(() => null);
      const replicas = info?.cluster?.replicas ?? [];
      return replicas.length === SIZE - 1 && replicas.every(({ current, offline }) => current && !offline);
    };
    await until(`${member} is current`, isCurrent, ELECTION_MS);
  }

  /** The member that leads the only consumer, which serves it. */
  async consumerLeader(): Promise<string> {
    const found = async (): Promise<string | undefined> => {
      for await (const { cluster } of this.#manager.consumers.list(STREAM)) return cluster?.leader;
      return undefined;
    };
    return until("a consumer has a leader", () => found().catch(() => undefined), ELECTION_MS);
  }

  /** The leader hands over to another. */
  async stepDown(): Promise<void> {
    const before = await this.leader();
    await this.#connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${STREAM}`);
    await until("another leads", async () => (await this.leader()) !== before, ELECTION_MS);
  }

  /** Publishes until every event is acknowledged; one that was sent twice is stored once. */
  async publish(subject: string, count: number): Promise<number[]> {
    const jetstream = this.#connection.jetstream({ timeout: REQUEST_MS });
    const seqs: number[] = [];
    for (let at = 0; at < count; at += 1) {
      const msgID = crypto.randomUUID();
      const data = JSON.stringify(cloudEvent({ at }));
      const once = () => jetstream.publish(subject, data, { msgID }).catch(() => null);
      const ack = await until("the broker takes an event", once, ELECTION_MS);
      seqs.push(ack.seq);
    }
    return seqs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }

  async #createStream(): Promise<boolean> {
    const stream = { name: STREAM, subjects: [SUBJECTS], retention: RetentionPolicy.Limits, num_replicas: SIZE };
    const made = await this.#manager.streams.add({ ...stream, storage: StorageType.File }).catch(() => null);
    return made !== null;
  }
}
