/**
 * The one thread of an isolate, shared by credentials (B7). Pure.
 *
 * What a credential's rooms read from the broker is its work, in events. While another credential's rooms work too, and
 * timers come late, the one that does more than half of all reads on in turns: a few events at a time, its rooms one after
 * the other, so many a millisecond. That rate falls while timers are late, and rises while they are not. What is left
 * unread waits at the broker. With nobody else at work there is no limit.
 *
 * No clock moves while the thread is busy, so a late timer is all that can be known of its load.
 */

/** Events that are asked for in one turn: the thread needs two or three milliseconds for them. */
export const TURN_EVENTS = 64;
/** The time over which work is taken. */
const MEMORY_MS = 1_000;
/** After any work, somebody counts as at work for so long. */
const AT_WORK_MS = 10_000;
const SWEEP_EVERY_MS = 500;
/** One that does less than this in a second burdens nobody. */
const HEAVY_WORK = 1_000;
/** A timer may be late by so much at any time. */
const LATE_MS = 3;
/** A quarter of what was done when it was too much, or a quarter less than the rate that was too high. */
const FIRST_CUT = 0.25;
const CUT = 0.75;
const CUT_EVERY_MS = 100;
/** In events a millisecond: never less, however late it is. */
const LEAST_RATE = 6;
const RISE_PER_MS = 0.001;
/** More than any isolate can do. */
const NO_LIMIT = 100;
/** Nobody waits longer for a turn, be there many rooms. */
const MAX_WAIT_MS = 1_000;

interface Work {
  readonly events: number;
  readonly atMs: number;
}

export class Pace {
  readonly #work = new Map<string, Work>();
  #total: Work = { events: 0, atMs: 0 };
  #sweptAtMs = -Infinity;
  #rate = NO_LIMIT;
  #ratedAtMs = 0;
  #cutAtMs = -Infinity;
  #bookedToMs = 0;

  /** A room of this credential has read, and sent, so much. */
  spent(credential: string, events: number, nowMs: number): void {
    this.#work.set(credential, { events: events + this.work(credential, nowMs), atMs: nowMs });
    this.#total = { events: events + faded(this.#total, nowMs), atMs: nowMs };
  }

  /** What it did within about the last second. */
  work(credential: string, nowMs: number): number {
    const work = this.#work.get(credential);
    return work === undefined ? 0 : faded(work, nowMs);
  }

  /** Several credentials are at work: whether timers are late matters. */
  isShared(nowMs: number): boolean {
    if (nowMs - this.#sweptAtMs >= SWEEP_EVERY_MS) {
      this.#sweptAtMs = nowMs;
      for (const [credential, { atMs }] of this.#work) if (nowMs - atMs > AT_WORK_MS) this.#work.delete(credential);
    }
    return this.#work.size > 1;
  }

  /** A timer came, so much late. */
  came(lateMs: number, nowMs: number): void {
    this.#rise(nowMs);
    if (lateMs <= LATE_MS || nowMs - this.#cutAtMs < CUT_EVERY_MS) return;
    if (!this.isShared(nowMs)) return;
    const most = Math.max(...[...this.#work.keys()].map((credential) => this.work(credential, nowMs)));
    const doneRate = most / MEMORY_MS;
    this.#rate = Math.max(LEAST_RATE, this.#rate >= NO_LIMIT ? doneRate * FIRST_CUT : this.#rate * CUT);
    this.#cutAtMs = nowMs;
  }

  /**
   * True while this credential does more than all others together. Beside others its rooms ask for a few events at a time
   * then, whether timers are late or not yet: what was asked for comes, whatever is found out later.
   */
  isHeavy(credential: string, nowMs: number): boolean {
    const own = this.work(credential, nowMs);
    return own >= HEAVY_WORK && own > faded(this.#total, nowMs) / 2;
  }

  /** When a room may ask for TURN_EVENTS more. Turns are given in the order in which they are asked for. */
  book(nowMs: number): number {
    this.#rise(nowMs);
    if (this.#rate >= NO_LIMIT || !this.isShared(nowMs)) return nowMs;
    const turnMs = Math.min(Math.max(this.#bookedToMs, nowMs), nowMs + MAX_WAIT_MS);
    this.#bookedToMs = turnMs + TURN_EVENTS / this.#rate;
    return turnMs;
  }

  #rise(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#ratedAtMs);
    this.#ratedAtMs = nowMs;
    this.#rate = Math.min(NO_LIMIT, this.#rate + passedMs * RISE_PER_MS);
  }
}

function faded({ events, atMs }: Work, nowMs: number): number {
  return events * Math.exp(Math.min(0, atMs - nowMs) / MEMORY_MS);
}
