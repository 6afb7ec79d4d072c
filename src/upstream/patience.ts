/**
 * How long to wait for a word of the broker that may lie behind others. Pure.
 *
 * A connection that delivers is alive: an answer waits behind the data that the broker queued before it. So a wait that
 * is over goes on while data comes in, by steps. But a broker that sends and never answers must be noticed too: what lies
 * before an answer is bounded (P20), and a broker cuts off a link that needs more than 10 s for it.
 *
 *   waiting ──time over──▶ data came in? ──yes, and not too long yet──▶ waiting for another step
 *                              └──no, or too long──▶ over
 */

/** Pongs and idle heartbeats are less; of a link that carries less than this in a step nothing can be expected. */
const LEAST_BYTES = 32 * 1024;
const STEP_MS = 3_000;
/** The longest that data may put off an end. */
export const MOST_BEHIND_MS = 21_000;

export class Patience {
  #received: number;
  #leftMs = MOST_BEHIND_MS;

  /** `received`: bytes that the connection has brought so far, as a count that only rises. */
  constructor(received: number) {
    this.#received = received;
  }

  /** The wait is over: for how long to go on, 0 for not at all. */
  more(received: number): number {
    if (received - this.#received < LEAST_BYTES) return 0;
    this.#received = received;
    const ms = Math.min(STEP_MS, this.#leftMs);
    this.#leftMs -= ms;
    return ms;
  }
}
