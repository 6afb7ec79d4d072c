import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Measure } from "../../../src/shared/measure.ts";
import { SystemRuntime } from "../../../src/shared/system-runtime.ts";

const START_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

describe("Measure", () => {
  it("[P11] never falls, goes forward with the clock, and back with none of its jumps", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -HOUR_MS, max: HOUR_MS })), (jumps) => {
        let wallMs = START_MS;
        let latestMs = START_MS;
        const measure = new Measure(() => wallMs);
        let before = measure.nowMs();
        expect(before).toBe(START_MS);
        for (const jumpMs of jumps) {
          wallMs += jumpMs;
          const now = measure.nowMs();
          expect(now - before).toBe(Math.max(0, wallMs - latestMs));
          // Less than a second is held.
          if (latestMs - wallMs >= 1_000) latestMs = wallMs;
          latestMs = Math.max(latestMs, wallMs);
          before = now;
        }
      }),
    );
  });

  it("[P11] two clocks that differ by a little make no time pass, however often each is read", () => {
    let wallMs = START_MS;
    let behindMs = 0;
    const measure = new Measure(() => wallMs - behindMs);
    measure.nowMs();
    for (let turn = 0; turn < 10_000; turn++) {
      behindMs = turn % 2 === 0 ? 3 : 0;
      if (turn % 100 === 0) wallMs++;
      measure.nowMs();
    }
    behindMs = 0;
    expect(measure.nowMs()).toBe(wallMs);
  });

  it("[P11] takes the word of a timer only where the clock was set back", () => {
    let wallMs = START_MS;
    const measure = new Measure(() => wallMs);
    measure.nowMs();
    expect(measure.provenMs(START_MS + 500)).toBe(START_MS);
    wallMs -= HOUR_MS;
    expect(measure.provenMs(START_MS + 500)).toBe(START_MS + 500);
    wallMs += 10;
    expect(measure.nowMs()).toBe(START_MS + 510);
    wallMs -= 1_000;
    // What was read since is more than the timer proves.
    expect(measure.provenMs(START_MS + 300)).toBe(START_MS + 510);
  });
});

describe("SystemRuntime", () => {
  let runtime: SystemRuntime;

  beforeEach(() => {
    vi.useFakeTimers({ now: START_MS });
    runtime = new SystemRuntime(new Measure(() => Date.now()));
  });
  afterEach(() => vi.useRealTimers());

  it.each([120_000, HOUR_MS])(
    "[P11] a clock set back by %i ms stops neither its measure nor its timers",
    async (backMs) => {
      const rang: string[] = [];
      const before = runtime.nowMs();
      runtime.timer().arm(25_000, () => rang.push("timer"));
      void runtime.delay(25_000).then(() => rang.push("delay"));
      await vi.advanceTimersByTimeAsync(10_000);
      vi.setSystemTime(Date.now() - backMs);
      await vi.advanceTimersByTimeAsync(14_999);
      expect(rang).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(rang.toSorted()).toEqual(["delay", "timer"]);
      // The timers prove what nobody had read of the clock.
      expect(runtime.nowMs() - before).toBe(25_000);
      expect(runtime.wallMs()).toBe(START_MS + 25_000 - backMs);
    },
  );

  it("[P11] a timer that comes early waits for the rest, and can be cleared meanwhile", () => {
    const rang: string[] = [];
    let wallMs = START_MS;
    const early = new SystemRuntime(new Measure(() => wallMs));
    const [kept, cleared] = [early.timer(), early.timer()];
    kept.arm(1_000, () => rang.push("kept"));
    cleared.arm(1_000, () => rang.push("cleared"));
    vi.advanceTimersByTime(1_000);
    expect([rang, kept.isArmed, cleared.isArmed]).toEqual([[], true, true]);
    cleared.clear();
    wallMs += 999;
    vi.advanceTimersByTime(1_000);
    // A clock has whole milliseconds, and a timer need not wait for another.
    expect([rang, kept.isArmed, vi.getTimerCount()]).toEqual([["kept"], false, 0]);
  });
});
