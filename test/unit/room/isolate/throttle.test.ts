import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Throttle } from "../../../../src/room/isolate/throttle.ts";

const KIB = 1024;
const NOW_MS = 1_700_000_000_000;

/** One that heard something a moment ago. */
function heard(bytes = 1): Throttle {
  const throttle = new Throttle();
  throttle.heard(bytes, NOW_MS);
  return throttle;
}

describe("Throttle", () => {
  it("[P7] [W13] holds nobody up where nobody is live", () => {
    const throttle = new Throttle();
    for (let i = 0; i < 3; i++) expect(throttle.book(256 * KIB, 0, 8, NOW_MS)).toBe(NOW_MS);
  });

  it("[P7] [W13] gives all replays together 8 KiB a millisecond while somebody is live, in the order they ask", () => {
    const throttle = heard();
    const turns = [32, 64, 8].map((kib) => throttle.book(kib * KIB, 0, 1, NOW_MS) - NOW_MS);
    expect(turns).toEqual([0, 4, 12]);
    expect(throttle.book(1, 0, 1, NOW_MS) - NOW_MS).toBe(13);
  });

  it("[W13] counts what every member is sent, up to 13 ms for one pull, or 50 ms where it is that large", () => {
    const throttle = heard();
    throttle.book(8 * KIB, 0, 8, NOW_MS);
    expect(throttle.book(8 * KIB, 0, 1_000, NOW_MS) - NOW_MS).toBe(8);
    expect(throttle.book(8 * KIB * KIB, 0, 1, NOW_MS) - NOW_MS).toBe(21);
    expect(throttle.book(1, 0, 1, NOW_MS) - NOW_MS).toBe(71);
  });

  it("[P7] [W13] counts what an event costs besides its bytes", () => {
    const throttle = heard();
    throttle.book(8 * KIB, 16, 1, NOW_MS);
    expect(throttle.book(1, 0, 1, NOW_MS) - NOW_MS).toBe(2);
  });

  it("[P7] [B7] gives twice as much where nobody hears anything, but others may at any time", () => {
    const throttle = new Throttle();
    const turns = [32, 64, 8].map((kib) => throttle.book(kib * KIB, 0, 1, NOW_MS, true) - NOW_MS);
    expect(turns).toEqual([0, 2, 6]);
    expect(throttle.book(1, 0, 1, NOW_MS)).toBe(NOW_MS);
  });

  it("[W13] owes nothing for time that has passed", () => {
    const throttle = heard();
    throttle.book(64 * KIB, 0, 1, NOW_MS);
    expect(throttle.book(64 * KIB, 0, 1, NOW_MS + 900)).toBe(NOW_MS + 900);
  });

  it("[P7] [W13] lets go a second after the last event", () => {
    const throttle = heard();
    throttle.book(KIB * KIB, 0, 8, NOW_MS + 1_000);
    expect(throttle.book(1, 0, 1, NOW_MS + 1_000)).toBeGreaterThan(NOW_MS + 1_000);
    expect(throttle.book(1, 0, 1, NOW_MS + 1_001)).toBe(NOW_MS + 1_001);
  });

  it("waits a second at most, also when the clock is set back", () => {
    const throttle = heard();
    const hourMs = 3_600_000;
    throttle.heard(1, NOW_MS - hourMs);
    throttle.book(64 * KIB, 0, 1, NOW_MS - hourMs);
    expect(throttle.book(64 * KIB, 0, 1, NOW_MS - hourMs)).toBe(NOW_MS - hourMs + 8);
    const late = heard();
    for (let i = 0; i < 100; i++) late.book(64 * KIB, 0, 100, NOW_MS);
    expect(late.book(64 * KIB, 0, 100, NOW_MS)).toBe(NOW_MS + 1_000);
    expect(late.book(64 * KIB, 0, 100, NOW_MS - hourMs)).toBe(NOW_MS - hourMs + 1_000);
  });

  it(
    "[P7] [U1] every replay comes closer to who is live, however many there are and whatever is published",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 20_000 }),
          fc.integer({ min: 1, max: 40 }),
          fc.integer({ min: 1, max: 1_000 }),
          fc.integer({ min: 20, max: 1_000 }),
          (liveBytesPerMs, replays, members, kib) => {
            const throttle = new Throttle();
            const served = Array.from({ length: replays }, () => 0);
            const turns = served.map(() => 0);
            const periodMs = 3_000;
            for (let ms = 0; ms < periodMs; ms++) {
              throttle.heard(liveBytesPerMs, NOW_MS + ms);
              for (const [i, turnMs] of turns.entries()) {
                if (NOW_MS + ms < turnMs) continue;
                served[i] = (served[i] ?? 0) + kib * KIB;
                turns[i] = throttle.book(kib * KIB, 0, members, NOW_MS + ms);
              }
            }
            // Timers have whole milliseconds, so twice the rate is less for small pulls; and no rate is known at first.
            const needed = Math.min(1.25 * liveBytesPerMs, kib * KIB * 0.5) * (periodMs - 1_000);
            expect(Math.min(...served)).toBeGreaterThanOrEqual(needed);
          },
        ),
      );
    },
  );
});
