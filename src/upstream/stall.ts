/**
 * Whether a consumer stands still although the stream has gone on. Pure.
 *
 * An operator may pause a consumer (nats-server 2.11 and later): the broker then delivers nothing, and its idle heartbeats
 * go on as if nothing were there. One that is not paused passes whatever does not match with its next idle heartbeat, so
 * one that is seen twice at the same place, below where the stream ended the first time, reads no more.
 */

/** However short the heartbeats are: the path may hold bytes for a moment. */
const LEAST_MS = 5_000;

export class Stall {
  /** What was seen first at this place. */
  #seen: { readonly position: number; readonly lastSeq: number; readonly atMs: number } | null = null;
  #patienceMs = LEAST_MS;

  /** Call with the answer to each heartbeat's STREAM.INFO. True when the consumer should be replaced. */
  isStanding(position: number, lastSeq: number, nowMs: number): boolean {
    const seen = this.#seen;
    if (seen === null || seen.position !== position) {
      this.#patienceMs = LEAST_MS;
      this.#look(position, lastSeq, nowMs);
      return false;
    }
    if (position >= seen.lastSeq || nowMs - seen.atMs < this.#patienceMs) {
      if (position >= seen.lastSeq) this.#look(position, lastSeq, nowMs);
      return false;
    }
    // The next consumer stands there too: whatever it is, it is not helped by ever more of them.
    this.#patienceMs *= 2;
    this.#look(position, lastSeq, nowMs);
    return true;
  }

  #look(position: number, lastSeq: number, atMs: number): void {
    this.#seen = { position, lastSeq, atMs };
  }
}
