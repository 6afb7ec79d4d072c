/**
 * Replays give way to live clients (W13). Rooms of an isolate share one thread: while somebody in it is live and hears
 * something, all its replays together serve so many bytes a second, each in its turn. With nobody live they go as fast
 * as they can, and never slower than twice the rate of what is live, or they would not catch up with it. Pure.
 */

const BYTES_PER_MS = 8 * 1024;
/** However many members share a replay, the others do not wait for longer than this for one of its pulls. */
const MAX_TURN_MS = 50;
/** Nor does anybody wait for longer than this, be there many replays. */
const MAX_WAIT_MS = 1_000;
/** The time over which the live rate is taken, and for which somebody counts as live after an event. */
const MEMORY_MS = 1_000;

export class Throttle {
  #heardAtMs = -Infinity;
  /** Bytes heard; they fade with MEMORY_MS. */
  #heardBytes = 0;
  #bookedToMs = 0;

  /** Somebody live was sent events of so many bytes. */
  heard(bytes: number, nowMs: number): void {
    this.#heardBytes = bytes + this.#heardBytes * Math.exp(Math.min(0, this.#heardAtMs - nowMs) / MEMORY_MS);
    this.#heardAtMs = nowMs;
  }

  /** When `bytes` may be served to each of `members`. Turns are given in the order in which they are asked for. */
  book(bytes: number, members: number, nowMs: number): number {
    if (nowMs - this.#heardAtMs > MEMORY_MS) return nowMs;
    const arrivesInMs = (bytes * MEMORY_MS) / Math.max(1, this.#heardBytes);
    const maxWaitMs = Math.min(MAX_WAIT_MS, arrivesInMs / 2);
    const turnMs = Math.min(Math.max(this.#bookedToMs, nowMs), nowMs + maxWaitMs);
    this.#bookedToMs = turnMs + Math.min(MAX_TURN_MS, (bytes * members) / BYTES_PER_MS);
    return turnMs;
  }
}
