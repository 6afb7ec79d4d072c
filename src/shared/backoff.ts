/** How long to wait before another try. Pure: `random` is in [0, 1). */

/** The longest wait after so many failures: it doubles from `baseMs` to `capMs`. */
export function ceilingMs(failures: number, baseMs: number, capMs: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(failures, 20));
}

/** Anywhere between two waits. */
export function jitterMs(leastMs: number, mostMs: number, random: number): number {
  return Math.round(leastMs + random * (mostMs - leastMs));
}

/** Between half and all of the longest wait. */
export function backoffMs(failures: number, baseMs: number, capMs: number, random: number): number {
  const mostMs = ceilingMs(failures, baseMs, capMs);
  return jitterMs(mostMs / 2, mostMs, random);
}
