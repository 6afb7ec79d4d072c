/**
 * Places for the replays of all rooms of an isolate, and the queue of those that wait for one (B7, U1). Pure.
 *
 * A place goes to the oldest request. While another credential asks, one that holds half of the places gets no more of
 * them, and one that holds more gives back as many as are asked for. With nobody else asking, one may hold them all. A
 * room can only stop its own replays, so each one asks from time to time whether it may keep its place.
 */

/** Replays of an isolate: each holds a pull or two of about a megabyte, and rooms share 128 MB. */
export const ISOLATE_REPLAYS = 24;
/** Rooms that wait ask every few milliseconds. One that does not was evicted, and says goodbye to nobody. */
const ASKS_FOR_MS = 1_000;
/** A room looks after its replays with each heartbeat at least. */
const HOLDS_FOR_MS = 120_000;

interface Entry {
  readonly room: string;
  readonly credential: string;
  /** Since when it asks. */
  readonly sinceMs: number;
  seenAtMs: number;
}

export class Places {
  readonly #total: number;
  readonly #holders = new Map<object, Entry>();
  readonly #asking = new Map<object, Entry>();

  /** `total`: an even number, or what is left of two halves would be nobody's. */
  constructor(total: number) {
    this.#total = total;
  }

  /** A place for `key`, or false: ask again soon. `sinceMs` is its place in the queue. */
  take(key: object, room: string, credential: string, sinceMs: number, nowMs: number): boolean {
    this.#forgetGone(nowMs);
    const asking = { room, credential, sinceMs, seenAtMs: nowMs };
    this.#asking.set(key, asking);
    if (!this.#isNext(key)) return false;
    this.#asking.delete(key);
    this.#holders.set(key, asking);
    return true;
  }

  /** True while the holder may keep its place. Call from time to time, or it counts as gone. */
  mayKeep(key: object, nowMs: number): boolean {
    const holder = this.#holders.get(key);
    if (holder === undefined) return false;
    holder.seenAtMs = nowMs;
    this.#forgetGone(nowMs);
    if (this.#held(holder.credential) <= this.#half) return true;
    const others = this.#eligible().filter(({ credential }) => credential !== holder.credential);
    return others.length <= this.#free;
  }

  /** True when somebody waits who would get the holder's place. */
  isAwaited(key: object, nowMs: number): boolean {
    const holder = this.#holders.get(key);
    this.#forgetGone(nowMs);
    if (holder === undefined || this.#asking.size === 0) return false;
    const wanted = [...this.#asking.values()].filter(
      ({ credential }) => credential === holder.credential || this.#held(credential) < this.#limit(credential),
    );
    return wanted.length > this.#free;
  }

  /** The place is free again, or no longer asked for. */
  release(key: object): void {
    this.#holders.delete(key);
    this.#asking.delete(key);
  }

  /** The object was made anew: what its last instance held went with its memory. */
  forget(room: string): void {
    for (const entries of [this.#holders, this.#asking])
      for (const [key, entry] of entries) if (entry.room === room) entries.delete(key);
  }

  get #half(): number {
    return Math.max(1, Math.floor(this.#total / 2));
  }

  get #free(): number {
    return this.#total - this.#holders.size;
  }

  #held(credential: string): number {
    let held = 0;
    for (const holder of this.#holders.values()) if (holder.credential === credential) held += 1;
    return held;
  }

  #limit(credential: string): number {
    for (const other of this.#asking.values()) if (other.credential !== credential) return this.#half;
    return this.#total;
  }

  /** Those who may have a place, the oldest first. */
  #eligible(): Entry[] {
    return [...this.#asking.values()]
      .filter(({ credential }) => this.#held(credential) < this.#limit(credential))
      .toSorted((a, b) => a.sinceMs - b.sinceMs);
  }

  #isNext(key: object): boolean {
    const asking = this.#asking.get(key);
    return asking !== undefined && this.#eligible().slice(0, this.#free).includes(asking);
  }

  #forgetGone(nowMs: number): void {
    for (const [key, { seenAtMs }] of this.#asking) if (nowMs - seenAtMs > ASKS_FOR_MS) this.#asking.delete(key);
    for (const [key, { seenAtMs }] of this.#holders) if (nowMs - seenAtMs > HOLDS_FOR_MS) this.#holders.delete(key);
  }
}
