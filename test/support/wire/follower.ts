import { HEARTBEAT_TYPE, type Frame, type Received, type TestSocket } from "./test-socket.ts";
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
  /** The cursor by V10; null before the first frame that says one. */
  cursor: number | null;
  #acks: boolean;
  #taken = 0;
  #unackedBytes = 0;
  #owesPing = false;
  #awaitsPong = false;
  #ackBytes = 262_144;
  #caughtUp = 0;

  /** `since`: what the client resumed from. `acks: false`: a client that never pings. */
  constructor(dialled: { socket: TestSocket; raw: Raw }, version: Version, since: number | null = null, acks = true) {
    this.socket = dialled.socket;
    this.raw = dialled.raw;
    this.version = version;
    this.cursor = since;
    this.#acks = acks;
    this.raw.addEventListener("message", () => this.#take());
    this.#take();
  }

  /** Resolves when the event with this seq, or a later one, has arrived. */
  async reaches(seq: number, timeoutMs = 15_000): Promise<void> {
    await until(`${String(this)} gets event ${seq}`, () => this.#ended() || (this.seqs.at(-1) ?? 0) >= seq, timeoutMs);
    if ((this.seqs.at(-1) ?? 0) < seq) throw new Error(`${String(this)} was closed before event ${seq}`);
  }

  /** Resolves when the cursor is at `seq` or above, by whatever frame. */
  async passes(seq: number, timeoutMs = 15_000): Promise<void> {
    await until(`${String(this)} has cursor ${seq}`, () => (this.cursor ?? 0) >= seq, timeoutMs);
  }

  /** The next heartbeat after this call. */
  async beat(timeoutMs = 5_000): Promise<Beat> {
    const seen = this.beats.length;
    return until(`${String(this)} gets a heartbeat`, () => this.beats[seen], timeoutMs);
  }

  /** A client that did not acknowledge begins to. */
  startAcks(): void {
    this.#acks = true;
    this.#ping();
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
      if (item.frame.type === "pong") {
        this.#awaitsPong = false;
        continue;
      }
      if (this.version === 2) this.#takeV2(item);
      else this.#takeV1(item);
      this.#acknowledge(item);
    }
  }

  #acknowledge({ text, frame }: Received): void {
    this.#unackedBytes += text.length;
    this.#owesPing ||= frame.type === "heartbeat" || this.#unackedBytes >= this.#ackBytes;
    const mute = !this.#acks || this.version === 1 || this.raw.readyState !== OPEN;
    if (mute || !this.#owesPing || this.#awaitsPong) return;
    this.#ping();
  }

  #ping(): void {
    this.#owesPing = false;
    this.#awaitsPong = true;
    this.#unackedBytes = 0;
    this.socket.send("ping");
  }

  #takeV1({ frame, atMs }: Received): void {
    const { seq, event } = frame;
    if (seq === undefined) return;
    if (event?.type === HEARTBEAT_TYPE) {
      if (seq < (this.cursor ?? 0)) this.#fault(`heartbeat ${seq} below cursor ${this.cursor}`);
      this.beats.push({ atMs, cursor: seq, upstream: event.data?.["upstream"] });
    } else {
      if (seq <= (this.cursor ?? -1)) this.#fault(`event ${seq} at cursor ${this.cursor}`);
      this.seqs.push(seq);
    }
    this.cursor = seq;
  }

  #takeV2({ frame, atMs }: Received): void {
    switch (frame.type) {
      case "welcome":
        if (this.#taken !== 1) this.#fault("welcome is not the first frame");
        this.#ackBytes = frame.ackBytes ?? this.#ackBytes;
        this.cursor = frame.cursor ?? null;
        return;
      case "events":
        return this.#takeEvents(frame);
      case "caught-up":
        this.#caughtUp += 1;
        if (this.#caughtUp > 1) this.#fault("a second caught-up");
        return this.#moveTo(frame);
      case "heartbeat":
        this.beats.push({ atMs, cursor: frame.cursor ?? Number.NaN, upstream: frame.upstream });
        return this.#moveTo(frame);
      case "problem":
        return;
      default:
        this.#fault(`a frame of type ${frame.type}`);
    }
  }

  #takeEvents({ prev, events = [] }: Frame): void {
    if (prev !== this.cursor) this.#fault(`prev ${prev} at cursor ${this.cursor}`);
    if (events.length === 0 || events.length > 256) this.#fault(`${events.length} events in a frame`);
    for (const { seq } of events) {
      if (seq <= (this.cursor ?? -1)) this.#fault(`event ${seq} at cursor ${this.cursor}`);
      this.seqs.push(seq);
      this.cursor = seq;
    }
  }

  #moveTo({ type, cursor = Number.NaN }: Frame): void {
    if (!(cursor >= (this.cursor ?? 0))) this.#fault(`${type} ${cursor} at cursor ${this.cursor}`);
    this.cursor = cursor;
  }

  #fault(what: string): void {
    this.faults.push(what);
  }
}
