/** One connection of a client, and what it may not be given or left without. */
import type { Reader } from "../support/wire/reader.ts";
import type { Leaving } from "./fault-plan.ts";
import type { World } from "./world.ts";

export interface Attempt {
  readonly reader: Reader;
  readonly askedAtMs: number;
  /** How many histories the stream had had by then. */
  readonly eras: number;
  readonly fresh: boolean;
  /** When its first frame came. */
  toldAtMs: number | null;
  lastFrameAtMs: number;
  own: { readonly kind: Leaving; readonly atMs: number } | null;
  wedgedAtMs: number | null;
  wedgedMs: number;
  wasSilent: boolean;
  wasUntold: boolean;
  closingAtMs: number | null;
  hasSent: boolean;
}

/** W19 gives a window two heartbeats to forget; the rest is for the way back to the broker that a room may be on. */
const FORGETS_WITHIN_MS = 6_000;
/** W6 by the heartbeats, and W12 for a room that has to find the broker first. */
const TOLD_WITHIN_MS = 10_000;

export function newAttempt(reader: Reader, fresh: boolean, { broker }: World): Attempt {
  const now = Date.now();
  return {
    reader,
    askedAtMs: now,
    eras: broker.eras.length,
    fresh,
    toldAtMs: null,
    lastFrameAtMs: now,
    own: null,
    wedgedAtMs: null,
    wedgedMs: 0,
    wasSilent: false,
    wasUntold: false,
    closingAtMs: null,
    hasSent: false,
  };
}

/** A stream that was created anew is told to everybody who read the old one (W6). Says it once. */
export function untold(attempt: Attempt, now: number, { recreations, brokerOut, relayOut }: World): string | null {
  const beganMs = recreations.lastBeginMs;
  const isDue = beganMs !== null && attempt.toldAtMs !== null && attempt.toldAtMs < beganMs;
  if (!isDue || attempt.wasUntold || attempt.own !== null || attempt.wedgedMs > 0) return null;
  const sinceMs = Math.max(...[recreations, brokerOut, relayOut].map(({ lastEndMs }) => lastEndMs));
  if (now - sinceMs < TOLD_WITHIN_MS) return null;
  attempt.wasUntold = true;
  return `not told of another stream for ${now - sinceMs} ms`;
}

/** What an operator took away reaches nobody who comes later (W19). */
export function removedBefore(
  { askedAtMs, eras }: Pick<Attempt, "askedAtMs" | "eras">,
  seq: number,
  world: World,
): string | null {
  const { broker, brokerOut, relayOut } = world;
  const removedAtMs = eras === broker.eras.length ? broker.era.removedAtMs(seq) : null;
  if (removedAtMs === null || askedAtMs < removedAtMs + FORGETS_WITHIN_MS) return null;
  if (brokerOut.overlaps(removedAtMs, askedAtMs) || relayOut.overlaps(removedAtMs, askedAtMs)) return null;
  return `${seq} was removed ${askedAtMs - removedAtMs} ms before it was asked for`;
}
