import { setTimeout as delay } from "node:timers/promises";
import {
  connect,
  NatsError,
  type JetStreamClient,
  type JetStreamManager,
  type MsgHdrs,
  type NatsConnection,
  type PurgeOpts,
} from "nats.ws";
import { STREAM } from "../support/broker/rig-control.ts";
import { until } from "../support/until.ts";
import { Era } from "./annals.ts";
import type { Message } from "./model.ts";
import type { Outgoing } from "./payloads.ts";
import { judgeMessage } from "./reference.ts";
import { readStream, type Stored } from "./stream-reader.ts";

/** nats.ws may hang in a handshake that the broker broke off, for as long as this. */
const CONNECT_TIMEOUT_MS = 1_500;
const PUBLISH_TIMEOUT_MS = 6_000;
const RELAY_CONSUMER = /^relay-/;
const POLL_MS = 5;
/** A cluster elects, or a broker starts, in less. */
const ANSWERS_WITHIN_MS = 30_000;

export interface Position {
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** The torture's own hand on the broker, past the proxy: publishes, sabotages, and knows the truth at the end. */
export class Broker implements AsyncDisposable {
  readonly eras: Era[] = [];
  lastAcked = 0;
  sent = 0;
  failed = 0;
  inFlight = 0;
  /** The publisher waits. */
  isQuiet = false;
  /** The highest first seq that purges and deletions have made; Infinity while one is under way. */
  floor = 0;
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#client = connection.jetstream();
    this.#manager = manager;
  }

  static async connect(urls: string): Promise<Broker> {
    const connection = await connect({
      servers: urls.split(","),
      name: "torture",
      timeout: CONNECT_TIMEOUT_MS,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
    });
    const broker = new Broker(connection, await connection.jetstreamManager({ checkAPI: false }));
    broker.eras.push(new Era(0, (await broker.position()).created));
    return broker;
  }

  get era(): Era {
    const last = this.eras.at(-1);
    if (last === undefined) throw new Error("A broker has an era from the beginning.");
    return last;
  }

  /** Sends at once; what became of it shows in the era's `acked` and in `failed`. */
  publish(outgoing: Outgoing): void {
    const { subject, payload, block } = outgoing;
    const { era } = this;
    const index = this.sent;
    this.sent += 1;
    this.inFlight += 1;
    void this.#client
      .publish(subject, payload, { timeout: PUBLISH_TIMEOUT_MS, ...(block === null ? {} : { headers: raw(block) }) })
      .then(({ seq }) => {
        this.lastAcked = Math.max(this.lastAcked, seq);
        const { valid, digest } = judgeMessage(outgoing);
        era.acked.push({ index, seq, subject, valid, digest, atMs: Date.now() });
      })
      .catch((error: unknown) => {
        // What the stream refused it does not hold; anything else it may.
        if (error instanceof NatsError && error.isJetStreamError()) return;
        this.failed += 1;
        era.failed += 1;
      })
      .finally(() => {
        this.inFlight -= 1;
      });
  }

  /** Nothing is published, and nothing is on its way, while this runs. */
  async quietly<T>(run: () => Promise<T>): Promise<T> {
    this.isQuiet = true;
    try {
      await this.settled();
      return await run();
    } finally {
      this.isQuiet = false;
    }
  }

  async settled(): Promise<void> {
    while (this.inFlight > 0) await delay(POLL_MS);
  }

  /** The lowest seq of what was sent in an era when `sent` messages had been sent before: a start is below it (W3). */
  firstSeqFrom(era: number, sent: number): number {
    const acked = this.eras[era]?.acked ?? [];
    return acked.reduce((low, { index, seq }) => (index >= sent ? Math.min(low, seq) : low), Infinity);
  }

  async position(): Promise<Position> {
    // A side without a leader may answer too, with what it knows.
    const told = async () => {
      const info = await this.#manager.streams.info(STREAM).catch(() => null);
      return info?.cluster === undefined || info.cluster.leader ? info : null;
    };
    const { created, state } = await until("the stream answers", told, ANSWERS_WITHIN_MS);
    return { created, firstSeq: state.first_seq, lastSeq: state.last_seq };
  }

  /** Another history of the stream has begun. */
  open(era: Era, { firstSeq, lastSeq }: Position): void {
    this.eras.push(era);
    this.lastAcked = lastSeq;
    this.floor = Math.max(this.floor, firstSeq);
  }

  /** Learns what the era holds and never acknowledged, while it is still there. */
  async close(): Promise<void> {
    const { era } = this;
    if (era.failed === 0) return;
    const known = new Set([...era.base, ...era.acked].map(({ seq }) => seq));
    const { firstSeq, lastSeq } = await this.position();
    const found: Message[] = [];
    for (let from = firstSeq; from <= lastSeq; from += 1) {
      if (known.has(from)) continue;
      let to = from;
      while (to < lastSeq && !known.has(to + 1)) to += 1;
      await this.#read(from, to, (message) => found.push(message));
      from = to;
    }
    era.found = found;
  }

  /** What an operator may do at any time. Resolves to how many were deleted. */
  async deleteRelayConsumers(): Promise<number> {
    let deleted = 0;
    for await (const { name } of this.#manager.consumers.list(STREAM)) {
      if (!RELAY_CONSUMER.test(name)) continue;
      if (await this.#manager.consumers.delete(STREAM, name).catch(() => false)) deleted += 1;
    }
    return deleted;
  }

  async purge(options: PurgeOpts | undefined): Promise<void> {
    await this.#manager.streams.purge(STREAM, options);
  }

  /** One that is gone already is no matter. */
  async deleteMessage(seq: number): Promise<void> {
    await this.#manager.streams.deleteMessage(STREAM, seq, false).catch((error: unknown) => {
      if (!(error instanceof NatsError && error.isJetStreamError())) throw error;
    });
  }

  /** Everything that the stream holds. */
  async readBack(): Promise<Message[]> {
    const { state } = await this.#manager.streams.info(STREAM);
    const found: Message[] = [];
    await this.#read(state.first_seq, state.last_seq, (message) => found.push(message));
    if (found.length !== state.messages)
      throw new Error(`The stream tells ${found.length} of ${state.messages} messages.`);
    return found;
  }

  async #read(first: number, last: number, onMessage: (message: Message) => void): Promise<void> {
    await readStream(this.#connection, STREAM, first, last, ({ seq, subject, ...content }: Stored) => {
      const { valid, digest } = judgeMessage(content);
      onMessage({ seq, subject, valid, digest });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

/** All that the library wants of headers when it publishes is their bytes. */
function raw(block: Uint8Array): MsgHdrs {
  return { encode: () => block } as unknown as MsgHdrs;
}
