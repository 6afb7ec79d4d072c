/** A client behind a recording socket: what it was sent, what of that it has read, and when it pinged (WS-7, WS-10). */
import type { Socket } from "../../../src/room/delivery/session.ts";
import { V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import { StreamReader, type Start } from "./reader.ts";
import type { ModelStream } from "./stream.ts";

/** The room looks at the time stamp of the last ping this often (flow.ts). */
const POLL_EVERY_BYTES = 64 * 1024;

interface Queued {
  readonly bytes: number;
  readonly asksForPing: boolean;
  readonly isPong: boolean;
}

export interface Watch {
  nowMs(): number;
  /** The clock of the platform's time stamps. */
  wallMs(): number;
  /** Bytes of a frame as the room counts them. */
  bytesOf(text: string): number;
  readonly ackBytes: number;
  /** How much a v2 client may be sent that is not proven (B1), and a v1 client in `forgetMs` (B5). */
  readonly maxUnreadBytes: number;
  readonly forgetMs: number;
  v1BudgetBytes(more: number): number;
}

export interface Given {
  readonly start: Start;
  /** No `welcome` will come. */
  readonly isWelcomed?: boolean;
  /** It asked where events came from. */
  readonly meta?: boolean;
  readonly stream: ModelStream;
  readonly expiresAtMs: number | null;
  readonly watch: Watch;
}

export class ModelClient implements Socket {
  readonly name: string;
  readonly protocol: Protocol;
  readonly start: Start;
  readonly expiresAtMs: number | null;
  stream: ModelStream;
  readonly #watch: Watch;
  readonly reading: StreamReader;
  closed: { readonly code: number; readonly reason: string } | null = null;
  /** From now on send() throws, as on a socket that has closed without our knowing. */
  broken = false;
  left = false;
  readonly faults: string[] = [];
  pingAtMs: number | null = null;
  lastFrameMs: number;
  lastReadMs: number;
  /** Since its last ping; of v1 see `recentBytes`. */
  #sentSincePing = 0;
  /** Of v1: what was sent when, since its last ping. */
  #sent: { readonly atMs: number; readonly bytes: number }[] = [];
  #everPinged = false;
  #largestBytes = 0;
  /** Since when a ping is due to the server's knowledge: what was sent, not what was read. */
  owedSinceMs: number | null = null;
  readonly #queue: Queued[] = [];
  #unreadBytes = 0;
  #readSincePing = 0;
  #sawHeartbeat = false;
  #awaitsPong = false;

  constructor(name: string, protocol: Protocol, given: Given) {
    this.name = name;
    this.protocol = protocol;
    this.start = given.start;
    this.expiresAtMs = given.expiresAtMs;
    this.stream = given.stream;
    this.#watch = given.watch;
    this.reading = new StreamReader(protocol, given.start, given.isWelcomed ?? false, given.meta);
    this.lastFrameMs = given.watch.nowMs();
    this.lastReadMs = this.lastFrameMs;
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  send(text: string): void {
    if (this.broken) throw new TypeError("Can't call WebSocket send() after close().");
    if (this.closed !== null) this.faults.push(`sent after close: ${text}`);
    const nowMs = this.#watch.nowMs();
    const wallMs = this.#watch.wallMs();
    const bytes = this.#watch.bytesOf(text);
    this.reading.read(text, bytes, this.stream);
    const isExpired = this.expiresAtMs !== null && wallMs > this.expiresAtMs + 1_000;
    if (isExpired && this.reading.problem === null) this.faults.push("sent after its token expired");
    if (this.reading.fault !== null) this.faults.push(this.reading.fault);
    this.#checkBudget();
    this.lastFrameMs = nowMs;
    this.#sentSincePing += bytes;
    if (this.protocol !== V2) this.#sent.push({ atMs: nowMs, bytes });
    this.#unreadBytes += bytes;
    this.#largestBytes = Math.max(this.#largestBytes, bytes);
    if (this.reading.isHeartbeat || this.#sentSincePing >= this.#watch.ackBytes) this.owedSinceMs ??= nowMs;
    this.#queue.push({ bytes, asksForPing: this.reading.isHeartbeat, isPong: false });
  }

  close(code: number, reason: string): void {
    if (this.closed !== null) this.faults.push("closed twice");
    this.closed ??= { code, reason };
  }

  /** B5: what a v1 client was sent and did not prove, within this part of the time after which it counts as read. */
  recentBytes(part = 1): number {
    const sinceMs = this.#watch.nowMs() - part * this.#watch.forgetMs;
    return this.#sent.reduce((sum, { atMs, bytes }) => (atMs > sinceMs ? sum + bytes : sum), 0);
  }

  v1BudgetBytes(more: number): number {
    return this.#watch.v1BudgetBytes(more);
  }

  /** B1, before a frame is sent: with it, one frame more than the bound is allowed. */
  #checkBudget(): void {
    const { ackBytes, maxUnreadBytes } = this.#watch;
    const problem = this.reading.problem !== null;
    if (problem) return;
    if (this.protocol !== V2) {
      const limit = this.#watch.v1BudgetBytes(0) + POLL_EVERY_BYTES + this.#largestBytes;
      if (this.recentBytes() >= limit) this.faults.push(`sent past ${this.recentBytes()} unproven bytes`);
    } else if (!this.#everPinged && !this.reading.isHeartbeat && this.#sentSincePing >= maxUnreadBytes / 4) {
      this.faults.push(`sent past ${this.#sentSincePing} bytes, and it proved nothing`);
    } else if (this.#unreadBytes >= maxUnreadBytes + ackBytes + 2 * this.#largestBytes) {
      this.faults.push(`sent past ${this.#unreadBytes} unread bytes`);
    }
  }

  /** The room slept, so everything had been read: of v1 it counts from zero, while v2 still owes what it owed. */
  wake(): void {
    this.#sent = [];
  }

  /** Reads what is queued, at most `count` frames. */
  drain(count: number): void {
    if (this.#queue.length > 0) this.lastReadMs = this.#watch.nowMs();
    for (const { bytes, asksForPing, isPong } of this.#queue.splice(0, count)) {
      this.#unreadBytes -= bytes;
      this.#readSincePing += bytes;
      this.#sawHeartbeat ||= asksForPing;
      if (isPong) this.#awaitsPong = false;
    }
  }

  /** V9: stop-and-wait, when enough bytes or a heartbeat came since the last one. True when it pinged. */
  pingIfDue(): boolean {
    return (this.#sawHeartbeat || this.#readSincePing >= this.#watch.ackBytes) && this.ping();
  }

  /** A v2 client waits for `pong`; one of v1 pings when it likes. The platform stamps and answers. */
  ping(): boolean {
    if (this.closed !== null || this.broken || (this.protocol === V2 && this.#awaitsPong)) return false;
    this.pingAtMs = this.#watch.wallMs();
    this.#sentSincePing = 0;
    this.#sent = [];
    this.#everPinged = true;
    this.owedSinceMs = null;
    this.#readSincePing = 0;
    this.#sawHeartbeat = false;
    this.#awaitsPong = true;
    this.#queue.push({ bytes: 0, asksForPing: false, isPong: true });
    return true;
  }
}
