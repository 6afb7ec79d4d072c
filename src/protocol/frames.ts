/**
 * Wire frames of both protocol versions (W1, W5, W8, V3 to V5), as text.
 *
 * Everything here is string work on purpose: an envelope is the publisher's own JSON text, so it is spliced
 * and never parsed again, and a number above 2^53 keeps its digits (W1).
 */
import { AUTH_UNAVAILABLE, PROBLEM, type CloseName } from "./codes.ts";
import { itemOf } from "./item.ts";
import { V2, type Protocol } from "./subprotocol.ts";

export const HEARTBEAT_TYPE = "io.cellos.relay.v1.heartbeat";

/** A v2 frame holds at most this many events, or this much text, or one larger event (V7). */
export const FRAME_MAX_EVENTS = 256;
export const FRAME_MAX_BYTES = 64 * 1024;

/** One event as it travels: `text` is `{"seq":…,"event":…}`, `bytes` its size as UTF-8. */
export interface Envelope {
  readonly seq: number;
  readonly text: string;
  readonly bytes: number;
  /** The NATS subject it was published to. */
  readonly subject: string;
  /** When the stream took it: milliseconds since 1970, and the nanoseconds beyond them. As numbers they hold nothing else in memory. */
  readonly timeMs: number;
  readonly timeNanos: number;
}

/** An encoded frame: what to send, its size in bytes, and the cursor of a client that has read it. */
export interface Frame {
  readonly text: string;
  readonly bytes: number;
  readonly cursor: number;
}

export type UpstreamHealth = "connected" | "reconnecting";

/** First frame of a v2 connection (V3). `cursor` is where it starts; `live` says that no replay comes first. */
export function welcomeFrame(w: {
  epoch: string;
  cursor: number;
  live: boolean;
  heartbeatMs: number;
  ackBytes: number;
  upstream: UpstreamHealth;
  expiry: Expiry;
}): Frame {
  const { expiry, ...members } = w;
  return frame(JSON.stringify({ type: "welcome", protocol: 2, ...members, ...expiry }), w.cursor);
}

/** When a credential expires: Unix time, and from now, for clients whose clock is wrong. Null where it does not. */
export type Expiry =
  | { readonly expiresAtMs: number; readonly expiresInMs: number }
  | { readonly expiresAtMs: null; readonly expiresInMs: null };

export function expiryAt(expiresAtMs: number | null, wallMs: number): Expiry {
  if (expiresAtMs === null) return { expiresAtMs: null, expiresInMs: null };
  return { expiresAtMs, expiresInMs: Math.max(0, expiresAtMs - wallMs) };
}

/** The answer to a token that replaces another (V8). It carries no cursor. */
export function authorizedFrame(expiry: Expiry): string {
  return JSON.stringify({ type: "authorized", ...expiry });
}

/** The answer to a token that nobody can check now; the connection goes on (V8). */
export function authUnavailableFrame(): string {
  return JSON.stringify({ type: "problem", problem: AUTH_UNAVAILABLE });
}

/**
 * Packs envelopes, ascending and all above `prev`, into frames. v1: one frame each. v2: as full as V7 allows,
 * each naming in `prev` the cursor its reader must have (V4), its items with `meta` or without (H1).
 */
export function eventFrames(protocol: Protocol, prev: number, events: readonly Envelope[], meta = false): Frame[] {
  if (protocol !== V2) return events.map((e) => ({ text: e.text, bytes: e.bytes, cursor: e.seq }));
  const frames: Frame[] = [];
  let from = 0;
  while (from < events.length) {
    const texts: string[] = [];
    const head = `{"type":"events","prev":${prev},"events":[`;
    let bytes = head.length + 2;
    let to = from;
    for (; to < events.length && texts.length < FRAME_MAX_EVENTS; to++) {
      // `to` is below the length.
      const e = events[to] as Envelope;
      const item = itemOf(e, meta);
      if (texts.length > 0 && bytes + item.bytes + 1 > FRAME_MAX_BYTES) break;
      texts.push(item.text);
      bytes += item.bytes + (texts.length > 1 ? 1 : 0);
      prev = e.seq;
    }
    frames.push({ text: `${head}${texts.join(",")}]}`, bytes, cursor: prev });
    from = to;
  }
  return frames;
}

/** The idle heartbeat: for v1 an envelope around a CloudEvent (W8), for v2 a frame of its own (V5). */
export function heartbeatFrame(
  protocol: Protocol,
  h: { cursor: number; epoch: string; upstream: UpstreamHealth; nowMs: number; wallMs: number },
): Frame {
  if (protocol === V2)
    return frame(JSON.stringify({ type: "heartbeat", cursor: h.cursor, upstream: h.upstream }), h.cursor);
  const time = new Date(h.wallMs).toISOString();
  const event = {
    specversion: "1.0",
    type: HEARTBEAT_TYPE,
    source: "/cellos-relay",
    // Not by the wall clock: set back, it would tell the same millisecond twice.
    id: `${h.cursor}-${h.nowMs}`,
    time,
    data: { epoch: h.epoch, upstream: h.upstream },
  };
  return frame(JSON.stringify({ seq: h.cursor, event }), h.cursor);
}

/** Says once that a replay has met the live head (V5). */
export function caughtUpFrame(cursor: number): Frame {
  return frame(JSON.stringify({ type: "caught-up", cursor }), cursor);
}

/** These frames are ASCII, so characters are bytes. */
function frame(text: string, cursor: number): Frame {
  return { text, bytes: text.length, cursor };
}

export type LostCursor = "retention-exhausted" | "stream-reset";

/** The frame before a 4410 (W5, W6). v2 wraps the same object as its `problem` (V5). */
export function problemFrame(protocol: Protocol, why: LostCursor, oldestSeq: number): string {
  const about = why === "stream-reset" ? PROBLEM.streamReset : PROBLEM.retentionExhausted;
  const problem = { ...about, oldest_seq: oldestSeq };
  return JSON.stringify(protocol === V2 ? { type: "problem", problem } : problem);
}

/** The frame before any other close that has a reason; null when there is none: of these v1 knows only a slow consumer (V5, B5). */
export function reasonFrame(protocol: Protocol, name: CloseName): string | null {
  if (name === "normal" || (protocol !== V2 && name !== "slowConsumer")) return null;
  return JSON.stringify(protocol === V2 ? { type: "problem", problem: PROBLEM[name] } : PROBLEM[name]);
}
