import type { Reader } from "./reader.ts";
import { ReaderV1 } from "./reader-v1.ts";
import { ReaderV2 } from "./reader-v2.ts";
import type { TestSocket } from "./test-socket.ts";
import { until } from "../until.ts";

export type Version = 1 | 2;

/** What every WebSocket has that `TestSocket` does not show. */
export interface RawSocket {
  readonly readyState: number;
  addEventListener(type: "message", listener: () => void): void;
}

const OPEN = 1;

export interface Beat {
  readonly atMs: number;
  readonly cursor: number;
  /** Undefined when the frame did not say. */
  readonly upstream: unknown;
}

/** A client as the specification describes one: acknowledges (V9), keeps its cursor (V10) and notes every broken rule. */
export class Follower<Raw extends RawSocket = RawSocket> {
  readonly socket: TestSocket;
  readonly raw: Raw;
  readonly version: Version;
  /** Seqs of the events, in order of arrival. */
  readonly seqs: number[] = [];
  readonly beats: Beat[] = [];
  /** Rules of the wire that the relay broke, in words. */
  readonly faults: string[] = [];
  readonly #reader: Reader;
  #taken = 0;

  /** `since`: what the client resumed from. `acks: false`: a client that never pings. */
  constructor(
    dialled: { socket: TestSocket; raw: Raw },
    version: Version,
    since: number | null = null,
    acks = true,
    meta = false,
  ) {
    this.socket = dialled.socket;
    this.raw = dialled.raw;
    this.version = version;
    const asked = { since, epoch: null };
    // A client of v1 has no duty to ping.
    this.#reader = version === 2 ? new ReaderV2(asked, { acks, meta }) : new ReaderV1(asked, { acks: false });
    this.raw.addEventListener("message", () => this.#take());
    this.#take();
  }

  /** The cursor by V10; null before the first frame that says one. */
  get cursor(): number | null {
    return this.#reader.cursor;
  }

  /** Resolves when the event with this seq, or a later one, has arrived. */
  async reaches(seq: number, timeoutMs = 45_000): Promise<void> {
    await until(`${String(this)} gets event ${seq}`, () => this.#ended() || (this.seqs.at(-1) ?? 0) >= seq, timeoutMs);
    if ((this.seqs.at(-1) ?? 0) < seq) throw new Error(`${String(this)} was closed before event ${seq}`);
  }

  /** Resolves when the cursor is at `seq` or above, by whatever frame. */
  async passes(seq: number, timeoutMs = 45_000): Promise<void> {
    await until(`${String(this)} has cursor ${seq}`, () => (this.cursor ?? 0) >= seq, timeoutMs);
  }

  /** The next heartbeat after this call. */
  async beat(timeoutMs = 15_000): Promise<Beat> {
    const seen = this.beats.length;
    return until(`${String(this)} gets a heartbeat`, () => this.beats[seen], timeoutMs);
  }

  /** A client that did not acknowledge begins to. */
  startAcks(): void {
    this.#reader.pinger.acks = true;
    this.ping();
  }

  /** By hand. */
  ping(): void {
    this.#reader.pinger.onPing();
    this.socket.send("ping");
  }

  /** The longest silence since `fromMs`, up to now. `pong` is an answer, not a sign of life (W8). */
  silenceMs(fromMs: number): number {
    const times = this.#signs().filter((atMs) => atMs >= fromMs);
    const edges = [fromMs, ...times, Date.now()];
    return Math.max(...edges.slice(1).map((atMs, index) => atMs - (edges[index] ?? atMs)));
  }

  toString(): string {
    const closed = this.#ended() ? "closed" : "open";
    return `v${this.version} client at ${this.cursor} (${this.seqs.length} events, last ${this.seqs.at(-1)}, ${closed})`;
  }

  #ended(): boolean {
    return this.socket.isClosed;
  }

  #signs(): number[] {
    return this.socket.received.filter(({ frame }) => frame.type !== "pong").map(({ atMs }) => atMs);
  }

  #take(): void {
    for (let item = this.socket.received[this.#taken]; item !== undefined; item = this.socket.received[this.#taken]) {
      this.#taken += 1;
      const { text, atMs } = item;
      const { events, breaches, heartbeat, ping } = this.#reader.read(text, new TextEncoder().encode(text).length);
      for (const { seq } of events) this.seqs.push(seq);
      for (const breach of breaches) this.faults.push(breach.text);
      if (heartbeat !== null)
        this.beats.push({ atMs, cursor: this.cursor ?? Number.NaN, upstream: heartbeat.upstream });
      if (ping && this.raw.readyState === OPEN) this.socket.send("ping");
    }
  }
}
