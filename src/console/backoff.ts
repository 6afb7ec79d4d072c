/** How long to wait before the next attempt: full jitter between a floor and a growing ceiling. */

export const MIN_DELAY_MS = 500;
export const MAX_DELAY_MS = 30_000;
const LONG_MIN_MS = 30_000;
const LONG_MAX_MS = 60_000;

/** `failures` attempts have failed in a row before this one; `random` is in [0, 1). */
export function jitterMs(failures: number, random: number): number {
  const ceilingMs = Math.min(MAX_DELAY_MS, 2 * MIN_DELAY_MS * 2 ** failures);
  return Math.round(MIN_DELAY_MS + random * (ceilingMs - MIN_DELAY_MS));
}

/** For faults that only an operator can mend. */
export const longJitterMs = (random: number): number => Math.round(LONG_MIN_MS + random * (LONG_MAX_MS - LONG_MIN_MS));
