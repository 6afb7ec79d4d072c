/** Jittered back-off: between half and all of a delay that doubles from `baseMs` to `capMs`. `random` is in [0, 1). */
export function backoffMs(attempt: number, baseMs: number, capMs: number, random: number): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling * (0.5 + random / 2));
}
