/** When a client brings its next token (V8). Pure. */

/** Before a token ends, so that a slow answer is in time. */
const AHEAD_MS = 5_000;
const MINUTE_MS = 60_000;
/** One more in a minute is too many messages (V8). */
const MAX_PER_MINUTE = 6;

/** When 80 to 90 % of the rest of a token's life are over: clients that came together spread. `random` is in [0, 1). */
export function renewInMs(expiresInMs: number, random: number): number {
  const shareMs = expiresInMs * (0.8 + 0.1 * random);
  return expiresInMs > AHEAD_MS ? Math.min(shareMs, expiresInMs - AHEAD_MS) : expiresInMs / 2;
}

/** How long to wait after those that were sent on this connection, oldest first. */
export function pauseMs(sentMs: readonly number[], nowMs: number): number {
  return Math.max(0, (sentMs.at(-MAX_PER_MINUTE) ?? -Infinity) + MINUTE_MS - nowMs);
}
