/**
 * Replays give way to live clients (W13). Rooms of an isolate share one thread: while somebody in it is live and hears
 * something, all its replays together serve so many bytes a second, each in its turn. With nobody live they go as fast
 * as they can, and never slower than twice the rate of what is live, or they would not catch up with it. Pure.
 */

const BYTES_PER_MS = 8 * 1024;
/** While nobody hears anything, but clients of another credential are there, who may at any time (B7). */
const BESIDE_OTHERS_BYTES_PER_MS = 16 * 1024;
/** What an event costs besides its bytes. */
const EVENT_BYTES = 512;
/** However many members share a replay, the others do not wait for longer than this for one of its pulls, unless one member is as much. */
const SHARED_TURN_MS = 13;
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

  /** Somebody live heard something a moment ago: replays give way. */
  isBusy(nowMs: number): boolean {
    return nowMs - this.#heardAtMs <= MEMORY_MS;
  }

  /** When `events` of so many bytes together may be served to each of `members`. Turns are given in the order in which they are asked for. */
  book(bytes: number, events: number, members: number, nowMs: number, isBesideOthers = false): number {
    const isBusy = this.isBusy(nowMs);
    if (!isBusy && !isBesideOthers) return nowMs;
    const bytesPerMs = isBusy ? BYTES_PER_MS : BESIDE_OTHERS_BYTES_PER_MS;
    const arrivesInMs = isBusy ? (bytes * MEMORY_MS) / Math.max(1, this.#heardBytes) : Infinity;
    const maxWaitMs = Math.min(MAX_WAIT_MS, arrivesInMs / 2);
    const turnMs = Math.min(Math.max(this.#bookedToMs, nowMs), nowMs + maxWaitMs);
    const ownMs = (bytes + events * EVENT_BYTES) / bytesPerMs;
    const sharedMs = ownMs + (bytes * (members - 1)) / bytesPerMs;
    this.#bookedToMs = turnMs + Math.min(MAX_TURN_MS, Math.max(ownMs, Math.min(SHARED_TURN_MS, sharedMs)));
    return turnMs;
  }
}
