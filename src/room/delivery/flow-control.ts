/**
 * How much a client has been sent and not yet proven to have read (B1, B5, B6). Pure.
 *
 * A socket's queue cannot be seen and has no limit (WS-1, WS-2). The only proof is the ordered
 * `ping`/`pong`: a ping with a new time stamp means that the client has read everything that was sent before
 * the previous pong (WS-7). Two promises follow from the numbers below:
 *  - a v2 client that proves nothing is sent at most `budgetBytes` and one frame, a quarter of that before its first ping;
 *  - after every ping it may be sent at least `ackBytes` more, so one that reads always has a reason to ping.
 * A v1 client has no duty to ping: what went to it longer than `forgetMs` ago counts as read.
 */
import { V2, type Protocol } from "../../protocol/subprotocol.ts";

/**
 * A client that owes a ping is looked at this often at least: the platform answers pings without telling us (WS-8).
 * Whoever is waited for since just now is looked at sooner: one that is near answers within a millisecond.
 */
export const PACED_MS = 25;

/** What a v2 client receives before it owes a `ping`: half of what it is sent before its first one, and well before any pause (P1). */
export function ackBytesOf({ maxUnreadBytes }: { readonly maxUnreadBytes: number }): number {
  return Math.floor(maxUnreadBytes / 8);
}

export interface FlowLimits {
  /** MAX_UNREAD_BYTES for v2; for v1 its share of MAX_UNPROVEN_BYTES. */
  readonly budgetBytes: number;
  /** What a v2 client receives before it owes a ping. */
  readonly ackBytes: number;
  /** After this long what was sent to a v1 client counts as read. */
  readonly forgetMs: number;
}

export interface Flow {
  readonly protocol: Protocol;
  sentBytes: number;
  /** Where the last frame ended that was more than a heartbeat: up to here a client that was asked has to prove. */
  dueBytes: number;
  provenBytes: number;
  /** What has surely left the relay, proven or not. */
  drainedBytes: number;
  /** Granted by the last ping: sending may go on to here, whatever is proven. */
  grantBytes: number;
  /** Time stamp of the last ping seen, by the platform's wall clock. All other times are of the room's own measure. */
  pingAtMs: number | null;
  /** A stamp that was seen within its own millisecond. */
  keptPingAtMs: number | null;
  /** What had surely been sent when that ping arrived: proven by the next one. */
  markBytes: number;
  polledBytes: number;
  sentAtPingBytes: number;
  /** Since when a ping is due, or null while none is. */
  owedSinceMs: number | null;
  /** Since when nothing may be sent for lack of one, as far as anybody looked. */
  waitedSinceMs: number | null;
  /** Of a v1 client, oldest first, in pairs: until when a part of the time lasted, and what had been sent by then. */
  marks: number[];
}

/** `pingAtMs`: the time stamp the socket already carries, which proves nothing. */
export function newFlow(protocol: Protocol, pingAtMs: number | null): Flow {
  return {
    protocol,
    sentBytes: 0,
    dueBytes: 0,
    provenBytes: 0,
    drainedBytes: 0,
    grantBytes: 0,
    pingAtMs,
    keptPingAtMs: null,
    markBytes: 0,
    polledBytes: 0,
    sentAtPingBytes: 0,
    owedSinceMs: null,
    waitedSinceMs: null,
    marks: [],
  };
}

/** What is written down of a flow. An older version knew less of it. */
export type KeptFlow = Omit<Flow, "dueBytes" | "marks"> & Partial<Pick<Flow, "dueBytes">>;

/** A v1 client begins anew when the room wakes, so its marks need no place. */
export function keptFlow(flow: Flow): KeptFlow {
  const kept: Flow = { ...flow, marks: [] };
  return kept;
}

/**
 * The account of a socket that survived while the room slept, from what was written down. A v2 client goes on with it: what
 * it had not proven it still has to, or every sleep would be another budget. But nothing of that lies in a queue, since
 * one that is not empty keeps the room awake (WS-5). A v1 client has no duty to ping, and begins anew.
 */
export function wakeFlow(kept: KeptFlow | undefined, protocol: Protocol, pingAtMs: number | null, nowMs: number): Flow {
  if (kept === undefined || protocol !== V2) return newFlow(protocol, pingAtMs);
  const { sentBytes: drainedBytes, dueBytes = drainedBytes, owedSinceMs, waitedSinceMs } = kept;
  // Another isolate measured them, or the clock was set back meanwhile: nothing is owed since a moment that is to come.
  const past = (atMs: number | null): number | null => atMs && Math.min(atMs, nowMs);
  const times = { owedSinceMs: past(owedSinceMs), waitedSinceMs: past(waitedSinceMs) };
  return { ...kept, ...times, dueBytes, drainedBytes, marks: [] };
}

/** More than this between two looks at the time stamp would make proofs coarse. */
const POLL_EVERY_BYTES = 64 * 1024;

/** Sent, and not known to be read or gone: what may lie in a queue. Heartbeats alone do not count. */
export function unprovenBytes({ dueBytes, provenBytes, drainedBytes }: Flow): number {
  return Math.max(0, dueBytes - Math.max(provenBytes, drainedBytes));
}

/** Up to where may be sent: the frame that reaches it is the last one. */
function limitBytes(flow: Flow, { budgetBytes }: FlowLimits): number {
  const isNew = flow.protocol === V2 && flow.pingAtMs === null;
  return Math.max(flow.provenBytes + (isNew ? budgetBytes / 4 : budgetBytes), flow.grantBytes);
}

/** True when nothing more may be sent until a ping comes. */
export function isExhausted(flow: Flow, limits: FlowLimits): boolean {
  return flow.sentBytes >= limitBytes(flow, limits);
}

/** True when the time stamp should be looked at before more is sent. */
export function wantsPoll(flow: Flow, limits: FlowLimits): boolean {
  return flow.sentBytes - flow.polledBytes >= POLL_EVERY_BYTES || isExhausted(flow, limits);
}

/** True when so much can be sent at once, with no look at the time stamp before the end of it. */
export function hasRoom(flow: Flow, bytes: number, limits: FlowLimits): boolean {
  const sentBytes = flow.sentBytes + bytes;
  if (sentBytes - flow.polledBytes >= POLL_EVERY_BYTES) return false;
  return sentBytes < limitBytes(flow, limits);
}

/** Takes note of a frame that was sent. `asksForPing` is true for heartbeats (V9). */
export function recordSent(flow: Flow, bytes: number, asksForPing: boolean, limits: FlowLimits, nowMs: number): void {
  flow.sentBytes += bytes;
  if (!asksForPing) flow.dueBytes = flow.sentBytes;
  if (flow.protocol !== V2) mark(flow, limits, nowMs);
  if (flow.owedSinceMs === null && (asksForPing || flow.sentBytes - flow.sentAtPingBytes >= limits.ackBytes)) {
    flow.owedSinceMs = nowMs;
  }
}

/** So fine is the memory of what went to a v1 client when: its account is too large by a part of this at most. */
export const MARKS = 32;

function mark(flow: Flow, limits: FlowLimits, nowMs: number): void {
  const { marks } = flow;
  const last = marks.length - 2;
  if (last >= 0 && nowMs < (marks[last] as number)) {
    marks[last + 1] = flow.sentBytes;
    return;
  }
  // Where nobody looks for long, no more is kept than what still counts.
  if (last >= 2 * MARKS) age(flow, limits, nowMs);
  marks.push(nowMs + limits.forgetMs / MARKS, flow.sentBytes);
}

/** What went to a v1 client longer than `forgetMs` ago counts as read, since its socket is still open (B5). */
export function age(flow: Flow, { forgetMs }: FlowLimits, nowMs: number): void {
  const { marks } = flow;
  let old = 0;
  for (; old < marks.length && (marks[old] as number) + forgetMs <= nowMs; old += 2)
    flow.provenBytes = Math.max(flow.provenBytes, marks[old + 1] as number);
  if (old > 0) marks.splice(0, old);
}

/** A stamp that lies further ahead was made before the clock was set back. */
const AHEAD_MS = 1_000;

/**
 * Looks at the time stamp of the last ping. True when there is a new one. A stamp of this very millisecond is kept
 * until its millisecond is over, which a later stamp says too: a second ping within it would carry the same stamp
 * and never be seen. Where the clock was set back by less than a second, that millisecond comes again, and the stamp is
 * kept for so long; by more, its ping counts at once, since a client must not wait until the clock has caught up.
 */
export function poll(flow: Flow, pingAtMs: number | null, limits: FlowLimits, nowMs: number, wallMs: number): boolean {
  const isNews = pingAtMs !== null && pingAtMs !== flow.pingAtMs;
  if (!isNews) {
    flow.polledBytes = flow.sentBytes;
    if (isExhausted(flow, limits)) flow.waitedSinceMs ??= nowMs;
    return false;
  }
  const kept = flow.keptPingAtMs;
  flow.keptPingAtMs = pingAtMs;
  const isOver = pingAtMs < wallMs || pingAtMs > wallMs + AHEAD_MS;
  const over = isOver ? pingAtMs : kept !== null && kept !== pingAtMs ? kept : null;
  if (over === null || over === flow.pingAtMs) return false;
  flow.pingAtMs = over;
  // A v1 client pings when it likes, not stop-and-wait: any ping counts as proof of all (B1).
  flow.provenBytes = flow.protocol === V2 ? Math.max(flow.provenBytes, flow.markBytes) : flow.sentBytes;
  flow.markBytes = flow.polledBytes;
  flow.polledBytes = flow.sentBytes;
  flow.sentAtPingBytes = flow.sentBytes;
  flow.owedSinceMs = null;
  flow.waitedSinceMs = null;
  flow.grantBytes = flow.sentBytes + limits.ackBytes;
  return true;
}

/** After how many milliseconds to look again for the ping of a client that may be sent nothing: ever later. */
export function lookAgainMs({ waitedSinceMs }: Flow, nowMs: number): number {
  return Math.min(PACED_MS, Math.max(1, nowMs - (waitedSinceMs ?? nowMs)));
}

/** True when a v2 client owes a ping for longer than `timeoutMs`. */
export function isOverdue(flow: Flow, timeoutMs: number, nowMs: number): boolean {
  return flow.protocol === V2 && flow.owedSinceMs !== null && nowMs - flow.owedSinceMs > timeoutMs;
}
