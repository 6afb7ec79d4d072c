import { setTimeout as delay } from "node:timers/promises";
import { connect, RetentionPolicy, StorageType, type JetStreamManager, type NatsConnection } from "nats.ws";
import { NatsServer } from "../../../src/dev/nats-server.ts";
import { cloudEvent } from "../cloud-event.ts";
import { ClusterLinks, type Loss } from "./cluster-links.ts";
import { STREAM, SUBJECTS } from "./rig-control.ts";
import { until } from "../until.ts";

const SIZE = 3;
const ELECTION_MS = 30_000;
const REQUEST_MS = 2_000;
/** An election is over after that, mostly. */
const REPEAT_MS = 1_000;

interface Hand {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly maxMessages: number | null;
}

/** Three brokers with one stream that all of them hold. */
export class Cluster implements AsyncDisposable {
  readonly members: ReadonlyMap<string, NatsServer>;
  readonly #links: ClusterLinks;
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #maxMessages: number | null;
  readonly #parts = new AsyncDisposableStack();

  private constructor(
    members: ReadonlyMap<string, NatsServer>,
    links: ClusterLinks,
    { connection, manager, maxMessages }: Hand,
  ) {
    this.members = members;
    this.#links = links;
    this.#connection = connection;
    this.#manager = manager;
    this.#maxMessages = maxMessages;
  }

  /** `maxMessages`: the limit of the stream, or null. */
  static async start(maxMessages: number | null = null): Promise<Cluster> {
    await using parts = new AsyncDisposableStack();
    const links = parts.use(await ClusterLinks.start(SIZE));
    const start = async (index: number): Promise<readonly [string, NatsServer]> => {
      const name = `n${index}`;
      const extraConfig = `server_name: ${name}\n${links.config(index)}`;
      return [name, parts.use(await NatsServer.start({ extraConfig }))];
    };
    const members = new Map(await Promise.all(Array.from({ length: SIZE }, (_, index) => start(index))));
    const connection = await connect({
      servers: [...members.values()].map(({ url }) => url),
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
      timeout: REQUEST_MS,
    });
    parts.defer(() => connection.close());
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: REQUEST_MS });
    const cluster = new Cluster(members, links, { connection, manager, maxMessages });
    await cluster.createStream();
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
    await this.isWhole();
  }

  /** The member and its clients are on one side, the other members on the other. */
  isolate(member: string, how: Loss): void {
    this.#links.isolate([...this.members.keys()].indexOf(member), how);
  }

  /** Ends all that `isolate` began; resolves when the members hold the same again. */
  async rejoin(): Promise<void> {
    this.#links.heal();
    await this.isWhole();
  }

  /** The member that this cluster's own requests go through. */
  get ownMember(): string {
    const server = this.#connection.getServer();
    return [...this.members].find(([, { url }]) => url.endsWith(server))?.[0] ?? "";
  }

  /** Resolves when every member holds what the others do. */
  async isWhole(): Promise<void> {
    const isCurrent = async (): Promise<boolean> => {
      const info = await this.#manager.streams.info(STREAM).catch(() => null);
      const replicas = info?.cluster?.replicas ?? [];
      if (!info?.cluster?.leader) return false;
      return replicas.length === SIZE - 1 && replicas.every(({ current, offline }) => current && !offline);
    };
    await until("all members are current", isCurrent, ELECTION_MS);
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
    // Where the others are still behind it is elected once more.
    const another = async (): Promise<boolean> => {
      await this.#connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${STREAM}`).catch(() => {});
      await delay(REPEAT_MS);
      return (await this.leader()) !== before;
    };
    await until("another leads", another, ELECTION_MS);
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

  async createStream(): Promise<void> {
    const stream = { name: STREAM, subjects: [SUBJECTS], retention: RetentionPolicy.Limits, num_replicas: SIZE };
    const limit = this.#maxMessages === null ? {} : { max_msgs: this.#maxMessages };
    const made = (): Promise<unknown> =>
      this.#manager.streams.add({ ...stream, ...limit, storage: StorageType.File }).catch(() => null);
    await until("the cluster takes a stream", made, ELECTION_MS);
  }

  async deleteStream(): Promise<void> {
    const gone = (): Promise<boolean> =>
      this.#manager.streams.delete(STREAM).catch((error: unknown) => String(error).includes("not found"));
    await until("the cluster deletes the stream", gone, ELECTION_MS);
  }
}
