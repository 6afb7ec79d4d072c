/** What the strict readers of both protocols share. One reads one connection, every text frame in order. Pure. */
import type { RawEvent } from "./envelopes.ts";
import type { Pinger } from "./pinger.ts";

/** `repeated` and `order` are about events; `protocol` is everything else that a frame can do wrong. */
export interface Breach {
  readonly kind: "repeated" | "order" | "protocol";
  readonly text: string;
}

export interface Reading {
  readonly events: readonly RawEvent[];
  readonly breaches: readonly Breach[];
  /** What the frame said, if it was one. */
  readonly heartbeat: { readonly upstream: unknown } | null;
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

/** What the client knows besides. */
export interface Known {
  /** The epoch of an earlier connection; the stream stays the same. */
  readonly epoch?: string | null;
  readonly heartbeatMs?: number;
  /** Whether the client has an event already. */
  readonly seen?: (seq: number) => boolean;
  /** False: a client that does not ping by itself. */
  readonly acks?: boolean;
  /** Whether it asked where events came from (H1). */
  readonly meta?: boolean;
  /** Whether a v1 heartbeat with this id is a producer's (W17). */
  readonly isForged?: (id: string) => boolean;
}

export type Value = Readonly<Record<string, unknown>>;
export type Content = Pick<Reading, "events" | "breaches" | "heartbeat">;

export const NOTHING: Content = { events: [], breaches: [], heartbeat: null };

export abstract class Reader {
  /** The seq to resume from; null as long as the relay has told none. */
  cursor: number | null;
  epoch: string | null;
  problem: Problem | null = null;
  /** Bytes received since the last `pong`. */
  unprovenBytes = 0;
  /** A `caught-up` is due (V5). */
  owesCaughtUp = false;
  readonly pinger: Pinger;
  readonly #seen: (seq: number) => boolean;

  constructor(cursor: number | null, { epoch = null, seen = () => false }: Known, pinger: Pinger) {
    this.cursor = cursor;
    this.epoch = epoch;
    this.pinger = pinger;
    this.#seen = seen;
  }

  read(text: string, bytes: number): Reading {
    if (text === "pong") {
      this.unprovenBytes = 0;
      const ping = this.pinger.onPong();
      return { ...(ping === null ? wrong("a pong without a ping") : NOTHING), ping: ping === true };
    }
    this.unprovenBytes += bytes;
    const content = this.#content(text, bytes);
    return { ...content, ping: this.pinger.onBytes(bytes, content.heartbeat !== null) };
  }

  protected abstract frame(value: Value, text: string, bytes: number): Content;

  protected take(events: readonly RawEvent[]): Breach[] {
    const breaches: Breach[] = [];
    for (const { seq } of events) {
      const cursor = this.cursor ?? 0;
      if (seq > cursor) this.cursor = seq;
      else breaches.push(notAbove(seq, cursor, this.#seen));
    }
    return breaches;
  }

  /** A cursor that came without an event; null when nothing is wrong with it. */
  protected move(type: string, cursor: unknown): string | null {
    if (typeof cursor !== "number") return `${type} without a cursor`;
    if (this.cursor !== null && cursor < this.cursor) return `${type} at ${cursor}, cursor ${this.cursor}`;
    this.cursor = cursor;
    return null;
  }

  #content(text: string, bytes: number): Content {
    if (this.problem !== null) return wrong("a frame after the problem");
    const value = parse(text);
    return value === null ? wrong(`no JSON object: ${text.slice(0, 80)}`) : this.frame(value, text, bytes);
  }
}

export function wrong(...texts: readonly (string | null)[]): Content {
  const breaches = texts.flatMap((text): Breach[] => (text === null ? [] : [{ kind: "protocol", text }]));
  return { ...NOTHING, breaches };
}

/** A seq that does not lie above the cursor: sent before, or out of order. */
export function notAbove(seq: number, cursor: number, seen: (seq: number) => boolean): Breach {
  const kind = seen(seq) ? "repeated" : "order";
  return { kind, text: `event ${seq} after cursor ${cursor}` };
}

const LOST = ["/problems/ws/retention-exhausted", "/problems/ws/stream-reset"];

/** Null when it is none. */
export function problemOf(value: unknown): Problem | null {
  const { type, title, oldest_seq: oldestSeq } = Object(value) as Value;
  if (typeof type !== "string" || typeof title !== "string" || !type.startsWith("/problems/ws/")) return null;
  if (!LOST.includes(type)) return oldestSeq === undefined ? { type, oldestSeq: null } : null;
  return typeof oldestSeq === "number" ? { type, oldestSeq } : null;
}

export function isUpstream(value: unknown): boolean {
  return value === "connected" || value === "reconnecting";
}

function parse(text: string): Value | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Value) : null;
  } catch {
    return null;
  }
}
