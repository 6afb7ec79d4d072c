/** One session that needs a replay: since when it waits, where it is placed, and whether it comes closer to the window. */
import type { Session } from "../delivery/session.ts";
import type { InLine } from "./line.ts";
import type { Replay } from "./replay.ts";

/** A replay that comes no closer to the window for this long is given up (U1). */
const NO_GAIN_MS = 60_000;

/** What the isolate knows a replay by, from when it is asked for (B7): a session may come to have a second one. */
export type Place = InLine;

export interface Want extends InLine {
  readonly session: Session;
  readonly sinceMs: number;
  /** Since when it waits for this turn. */
  queuedAtMs: number;
  /** The place that it asks for. */
  place: Place;
  /** The replay that it was last placed in, and how far it had read then. */
  replay: Replay | null;
  placedAt: number;
  /** How close to the window the session has come, and when. */
  distance: number;
  atMs: number;
}

export function newWant(session: Session, nowMs: number): Want {
  const credential = session.grantId;
  const queued = { session, credential, place: { credential }, sinceMs: nowMs, queuedAtMs: nowMs };
  return { ...queued, replay: null, placedAt: 0, distance: Infinity, atMs: nowMs };
}

export function put(want: Want, replay: Replay, readTo: number): void {
  replay.members.add(want.session);
  want.replay = replay;
  want.placedAt = readTo;
}

export function isPlaced({ replay, session }: Want): boolean {
  return replay?.members.has(session) === true;
}

/** False when the session came no closer to the window for too long; waiting counts as patience. */
export function gains(want: Want, distance: number, nowMs: number): boolean {
  const isServed = isPlaced(want) && want.replay?.isBelow(want.session) === false;
  if (distance >= want.distance && isServed) return nowMs - want.atMs <= NO_GAIN_MS;
  want.distance = Math.min(want.distance, distance);
  want.atMs = nowMs;
  return true;
}
