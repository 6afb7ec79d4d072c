import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pace, TURN_EVENTS } from "../../../../src/room/isolate/pace.ts";

const NOW_MS = 1_000_000;

/** One credential that does much, beside one that does little. */
function busy(): Pace {
  const pace = new Pace();
  pace.spent("much", 20_000, NOW_MS);
  pace.spent("little", 20, NOW_MS);
  return pace;
}

describe("Pace", () => {
  it("[B7] alone, or while timers come in time, a credential reads as much as it likes", () => {
    const alone = new Pace();
    alone.spent("much", 20_000, NOW_MS);
    for (let ms = 0; ms < 1_000; ms += 10) alone.came(200, NOW_MS + ms);
    expect(Array.from({ length: 50 }, () => alone.book(NOW_MS + 1_000))).toEqual(Array(50).fill(NOW_MS + 1_000));
    const inTime = busy();
    for (let ms = 0; ms < 1_000; ms += 10) inTime.came(1, NOW_MS + ms);
    expect(inTime.book(NOW_MS + 1_000)).toBe(NOW_MS + 1_000);
    expect(inTime.book(NOW_MS + 1_000)).toBe(NOW_MS + 1_000);
  });

  it("[B7] late timers slow down the one that does most, in turns, and never to a standstill", () => {
    const pace = busy();
    for (let ms = 0; ms < 5_000; ms += 100) {
      pace.spent("much", 1_000, NOW_MS + ms);
      pace.spent("little", 5, NOW_MS + ms);
      pace.came(50, NOW_MS + ms);
    }
    const nowMs = NOW_MS + 5_000;
    const turns = Array.from({ length: 10 }, () => pace.book(nowMs) - nowMs);
    const apartMs = (turns[9] ?? 0) / 9;
    expect(apartMs).toBeGreaterThan(TURN_EVENTS / 10);
    expect(apartMs).toBeLessThanOrEqual(TURN_EVENTS / 6);
    expect([pace.isHeavy("much", nowMs), pace.isHeavy("little", nowMs)]).toEqual([true, false]);
  });

  it("[B7] it is as fast again a while after the others are done, at once when they have been gone for long", () => {
    const pace = busy();
    for (let ms = 0; ms < 2_000; ms += 100) pace.came(50, NOW_MS + ms);
    pace.spent("much", 10_000, NOW_MS + 13_000);
    expect(pace.book(NOW_MS + 13_000)).toBe(NOW_MS + 13_000);
    expect(pace.book(NOW_MS + 13_000)).toBe(NOW_MS + 13_000);
  });

  it("[B7] nobody but the heaviest is held back, whatever the others do, and no turn is further off than a second", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 5_000 }), fc.nat(200)), {
          minLength: 1,
          maxLength: 60,
        }),
        (steps) => {
          const pace = new Pace();
          let nowMs = NOW_MS;
          for (const [credential, events, lateMs] of steps) {
            nowMs += 20;
            pace.spent(credential, events, nowMs);
            pace.came(lateMs, nowMs);
            const heavy = ["a", "b", "c"].filter((one) => pace.isHeavy(one, nowMs));
            expect(heavy.length).toBeLessThanOrEqual(1);
            const most = Math.max(...["a", "b", "c"].map((one) => pace.work(one, nowMs)));
            for (const one of heavy) expect(pace.work(one, nowMs)).toBe(most);
            expect(pace.book(nowMs) - nowMs).toBeLessThanOrEqual(1_000);
          }
        },
      ),
    );
  });
});
