import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Places } from "../../../../src/room/isolate/places.ts";

const NOW_MS = 1_000_000;
const POLL_MS = 25;
const TERM_MS = 1_000;

/** One that waits for a place, holds it for a while, and gives it back when it is asked to. */
interface Reader {
  readonly credential: string;
  readonly isSlow: boolean;
  sinceMs: number;
  heldSinceMs: number | null;
  longestWaitMs: number;
  turns: number;
}

/** Readers that never finish, as a room's queue drives them. */
class Crowd {
  readonly readers: Reader[];
  readonly places: Places;
  nowMs = NOW_MS;

  constructor(total: number, credentials: readonly string[]) {
    this.places = new Places(total);
    this.readers = credentials.map((credential) => ({
      credential,
      isSlow: true,
      sinceMs: NOW_MS,
      heldSinceMs: null,
      longestWaitMs: 0,
      turns: 0,
    }));
  }

  /** Everybody has been asked once. */
  poll(): void {
    this.nowMs += POLL_MS;
    for (const reader of this.readers) {
      const { heldSinceMs, credential, sinceMs } = reader;
      if (heldSinceMs === null) {
        if (!this.places.take(reader, "room", credential, sinceMs, this.nowMs)) continue;
        reader.heldSinceMs = this.nowMs;
        reader.longestWaitMs = Math.max(reader.longestWaitMs, this.nowMs - sinceMs);
        reader.turns += 1;
        continue;
      }
      const isOver = this.nowMs - heldSinceMs >= TERM_MS && this.places.isAwaited(reader, this.nowMs);
      if (this.places.mayKeep(reader, this.nowMs) && !isOver) continue;
      this.places.release(reader);
      reader.heldSinceMs = null;
      reader.sinceMs = this.nowMs;
    }
  }

  held(credential: string): number {
    return this.readers.filter((reader) => reader.credential === credential && reader.heldSinceMs !== null).length;
  }
}

const many = (count: number, credential: string): string[] => Array.from({ length: count }, () => credential);

describe("Places", () => {
  it("[B7] with nobody else asking one credential has them all", () => {
    const crowd = new Crowd(10, many(30, "a"));
    crowd.poll();
    expect(crowd.held("a")).toBe(10);
  });

  it("[B7] one that holds more than half gives back as many as another asks for, and no more", () => {
    const crowd = new Crowd(10, many(10, "a"));
    crowd.poll();
    const late: Reader[] = many(2, "b").map((credential) => ({
      credential,
      isSlow: false,
      sinceMs: crowd.nowMs,
      heldSinceMs: null,
      longestWaitMs: 0,
      turns: 0,
    }));
    crowd.readers.push(...late);
    for (let i = 0; i < 4; i++) crowd.poll();
    expect([crowd.held("a"), crowd.held("b")]).toEqual([8, 2]);
  });

  it("[B7] while others ask no credential gets above half, and everybody gets a turn within a bound", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }).map((half) => 2 * half),
        fc.array(fc.constantFrom("a", "a", "a", "b", "c"), { minLength: 1, maxLength: 60 }),
        (total, credentials) => {
          const crowd = new Crowd(total, credentials);
          const kinds = [...new Set(credentials)];
          // The half of the places that a credential is sure of, or all that the others leave it.
          const boundMs = (Math.ceil(credentials.length / Math.floor(total / 2)) + 1) * (TERM_MS + 4 * POLL_MS);
          for (let polls = 0; polls * POLL_MS < 3 * boundMs; polls++) {
            crowd.poll();
            if (polls < 4) continue;
            for (const kind of kinds) {
              const othersWait = crowd.readers.some(
                ({ credential, heldSinceMs, sinceMs }) =>
                  credential !== kind && heldSinceMs === null && crowd.nowMs - sinceMs > 2 * POLL_MS,
              );
              if (othersWait) expect(crowd.held(kind)).toBeLessThanOrEqual(Math.max(1, Math.floor(total / 2)));
            }
          }
          expect(crowd.readers.every(({ turns }) => turns > 0)).toBe(true);
          expect(Math.max(...crowd.readers.map(({ longestWaitMs }) => longestWaitMs))).toBeLessThanOrEqual(boundMs);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("[U1] the oldest request is next, whichever room asks first", () => {
    const places = new Places(1);
    const [held, early, late] = [{}, {}, {}];
    expect(places.take(held, "1", "a", NOW_MS, NOW_MS)).toBe(true);
    expect(places.take(early, "2", "a", NOW_MS + 1, NOW_MS + 2)).toBe(false);
    expect(places.take(late, "3", "a", NOW_MS + 2, NOW_MS + 2)).toBe(false);
    places.release(held);
    expect(places.take(late, "3", "a", NOW_MS + 2, NOW_MS + 3)).toBe(false);
    expect(places.take(early, "2", "a", NOW_MS + 1, NOW_MS + 3)).toBe(true);
  });

  it("[B7] a room that is gone neither holds nor asks for long", () => {
    const places = new Places(1);
    const [held, gone, next] = [{}, {}, {}];
    places.take(held, "1", "a", NOW_MS, NOW_MS);
    places.take(gone, "2", "b", NOW_MS, NOW_MS);
    places.forget("1");
    expect(places.take(next, "3", "c", NOW_MS + 1, NOW_MS + 1)).toBe(false);
    expect(places.take(next, "3", "c", NOW_MS + 1, NOW_MS + 1_100)).toBe(true);
  });
});
