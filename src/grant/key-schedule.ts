/**
 * When the published keys of an issuer are fetched (A2). Pure: times are passed in.
 *
 *   nothing loaded ── fetch; after a failure not again for RETRY_MS
 *   loaded         ── as they are; older than MAX_AGE_MS: fetch, and as they are when that fails
 *   an unknown key ── fetch, once in UNKNOWN_EVERY_MS; when that fails nobody knows whether the key is good
 *
 * One fetch at a time: whoever needs its result looks again.
 */

export const RETRY_MS = 2_000;
/** So that a key that the issuer took back is forgotten too. */
export const MAX_AGE_MS = 600_000;
export const UNKNOWN_EVERY_MS = 30_000;
/** A fetch whose request was cancelled never reports, so after this long another one starts. */
export const FETCH_LIMIT_MS = 6_000;

export type Step = "use" | "fetch" | "wait" | "unavailable";

interface Fetched {
  readonly atMs: number;
  readonly isLoaded: boolean;
}
const NEVER: Fetched = { atMs: -Infinity, isLoaded: false };

/** Only a fetch that has ended counts: one whose request was cancelled must not keep others from asking. */
export class KeySchedule {
  #loadedAtMs: number | null = null;
  #last = NEVER;
  /** The last one for an unknown key. */
  #lastUnknown = NEVER;
  #fetchingSinceMs: number | null = null;

  /** What a check of a token does next; `isUnknown`: the loaded keys do not have its key. */
  next(isUnknown: boolean, nowMs: number): Step {
    const isFetching = this.#fetchingSinceMs !== null && nowMs - this.#fetchingSinceMs < FETCH_LIMIT_MS;
    const sinceLastMs = nowMs - this.#last.atMs;
    if (this.#loadedAtMs === null) {
      if (isFetching) return "wait";
      return sinceLastMs < RETRY_MS ? "unavailable" : "fetch";
    }
    if (isUnknown) {
      if (isFetching) return "wait";
      if (nowMs - this.#lastUnknown.atMs >= UNKNOWN_EVERY_MS) return "fetch";
      return this.#lastUnknown.isLoaded ? "use" : "unavailable";
    }
    const isOld = nowMs - this.#loadedAtMs >= MAX_AGE_MS && sinceLastMs >= UNKNOWN_EVERY_MS;
    return isOld && !isFetching ? "fetch" : "use";
  }

  /** A fetch starts. Returns what to call with its outcome. */
  started(isUnknown: boolean, nowMs: number): (isLoaded: boolean, nowMs: number) => void {
    this.#fetchingSinceMs = nowMs;
    return (isLoaded, atMs) => {
      if (this.#fetchingSinceMs === nowMs) this.#fetchingSinceMs = null;
      this.#last = { atMs, isLoaded };
      if (isUnknown) this.#lastUnknown = this.#last;
      if (isLoaded) this.#loadedAtMs = atMs;
    };
  }
}
