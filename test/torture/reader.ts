/** What both strict readers share: the result of a frame, and the problem that may end a connection. */
import type { RawEvent } from "./envelopes.ts";

/** `repeated` and `order` are about events; `protocol` is everything else that a frame can do wrong. */
export interface Breach {
  readonly kind: "repeated" | "order" | "protocol";
  readonly text: string;
}

export interface Reading {
  readonly events: readonly RawEvent[];
  readonly breaches: readonly Breach[];
  /** The client should send `ping` now. */
  readonly ping: boolean;
}

export interface Problem {
  readonly type: string;
  /** Where the stream begins, when the cursor is lost; null for any other reason. */
  readonly oldestSeq: number | null;
}

/** How a connection was asked for: what the reader holds the relay to. */
export interface Asked {
  readonly since: number | null;
  /** The epoch named in the request. */
  readonly epoch: string | null;
}

/** A client's view of one connection, fed with every text frame in order. */
export interface Reader {
  /** The seq to resume from; null as long as the relay has told none. */
  readonly cursor: number | null;
  readonly epoch: string | null;
  readonly problem: Problem | null;
  /** Bytes received since the last `pong`. */
  readonly unprovenBytes: number;
  read(text: string, bytes: number): Reading;
}

export function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

const LOST = ["/problems/ws/retention-exhausted", "/problems/ws/stream-reset"];

/** Null when it is none. */
export function problemOf(value: unknown): Problem | null {
  const { type, title, oldest_seq: oldestSeq } = Object(value) as Readonly<Record<string, unknown>>;
  if (typeof type !== "string" || typeof title !== "string" || !type.startsWith("/problems/ws/")) return null;
  if (!LOST.includes(type)) return oldestSeq === undefined ? { type, oldestSeq: null } : null;
  return typeof oldestSeq === "number" ? { type, oldestSeq } : null;
}

/** A seq that does not lie above the cursor: sent before, or out of order. */
export function notAbove(seq: number, cursor: number, seen: (seq: number) => boolean): Breach {
  const kind = seen(seq) ? "repeated" : "order";
  return { kind, text: `event ${seq} after cursor ${cursor}` };
}

/** Pings by V9: stop-and-wait, and only on receiving a frame. */
export class Pinger {
  readonly #ackBytes: () => number;
  #bytes = 0;
  #heartbeat = false;
  #waiting = false;

  constructor(ackBytes: () => number) {
    this.#ackBytes = ackBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A frame came. True when a ping is due. */
  onFrame(bytes: number, isHeartbeat: boolean): boolean {
    this.#bytes += bytes;
    this.#heartbeat ||= isHeartbeat;
    return this.#due();
  }

  /** A pong came; null when nothing had asked for it. */
  onPong(): boolean | null {
    if (!this.#waiting) return null;
    this.#waiting = false;
    return this.#due();
  }

  #due(): boolean {
    if (this.#waiting || (!this.#heartbeat && this.#bytes < this.#ackBytes())) return false;
    this.#waiting = true;
    this.#heartbeat = false;
    this.#bytes = 0;
    return true;
  }
}
