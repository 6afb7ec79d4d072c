/**
 * When a replay has had its place for long enough, should somebody else wait for one (U1, B7). Pure. A turn is over early
 * where its members take little of what lies ready for them; what the broker needs to bring it is not held against them.
 */

/** Those who read this fast are not called slow. */
const SLOW_BYTES_PER_MS = 256 * 1.024;
/** Of time in which something lay ready. */
const MEASURED_MS = 5_000;
/** However fast they read: or the length of one history would be the wait of the next. */
const TERM_MS = 10_000;
/** As long as that for who waits in other rooms: while a broker makes a consumer of a long stream, nobody is served. */
export const ISOLATE_TERM_MS = 30_000;

export class Turn {
  #firstServedAtMs: number | null = null;
  #readySinceMs: number | null = null;
  #readyMs = 0;
  #takenBytes = 0;
  #isSlow = false;

  /** Something lies ready, or did until now; `bytes` of it were taken. */
  serving(bytes: number, nowMs: number): void {
    this.#firstServedAtMs ??= nowMs;
    if (this.#readySinceMs !== null) this.#readyMs += nowMs - this.#readySinceMs;
    this.#readySinceMs = nowMs;
    this.#takenBytes += bytes;
    if (this.#readyMs < MEASURED_MS) return;
    this.#isSlow = this.#takenBytes < this.#readyMs * SLOW_BYTES_PER_MS;
    this.#readyMs = 0;
    this.#takenBytes = 0;
  }

  /** Nothing lies ready until the broker brings more. */
  pulling(): void {
    this.#readySinceMs = null;
  }

  isOver(nowMs: number, termMs = TERM_MS): boolean {
    return this.#isSlow || (this.#firstServedAtMs !== null && nowMs - this.#firstServedAtMs >= termMs);
  }
}
