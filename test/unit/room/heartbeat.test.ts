import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Measure } from "../../../src/shared/measure.ts";
import { SystemRuntime } from "../../../src/shared/system-runtime.ts";
import { HeartbeatTimer } from "../../../src/room/heartbeat.ts";

const PERIOD_MS = 1_000;

let runtime: SystemRuntime;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  // Each test begins at the same moment: to the measure of an isolate that were a clock set back.
  runtime = new SystemRuntime(new Measure(() => Date.now()));
});
afterEach(() => {
  vi.useRealTimers();
});

/** A pulse that is kept after every beat, as the room keeps it. */
function kept(beats: number[]): HeartbeatTimer {
  const pulse: HeartbeatTimer = new HeartbeatTimer(runtime, PERIOD_MS, (nowMs) => {
    beats.push(nowMs - 1_000_000);
    pulse.keep(true);
  });
  pulse.keep(true);
  return pulse;
}

describe("HeartbeatTimer", () => {
  it("[W8] beats once a period by its timer", () => {
    const beats: number[] = [];
    kept(beats);
    vi.advanceTimersByTime(3_500);
    expect(beats).toEqual([1_000, 2_000, 3_000]);
  });

  it("[W8] an alarm in the first half of a period is no beat, and one in the second half is", () => {
    const beats: number[] = [];
    const pulse = kept(beats);
    vi.advanceTimersByTime(1_499);
    pulse.tick();
    expect(beats).toEqual([1_000]);
    vi.advanceTimersByTime(1);
    pulse.tick();
    expect(beats).toEqual([1_000, 1_500]);
    vi.advanceTimersByTime(1_000);
    expect(beats).toEqual([1_000, 1_500, 2_500]);
  });

  it(
    "[W8] two beats are never closer than half a period, nor further apart than one and a half, when timer and alarm run",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 40 }),
          fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
          (waits, keeps) => {
            vi.clearAllTimers();
            runtime = new SystemRuntime(new Measure(() => Date.now()));
            const beats: number[] = [Date.now() - 1_000_000];
            const pulse = kept(beats);
            for (const [index, waitMs] of waits.entries()) {
              vi.advanceTimersByTime(waitMs);
              pulse.tick();
              if (keeps[index] === true) pulse.keep(true);
            }
            beats.push(Date.now() - 1_000_000);
            const gaps = beats.slice(1).map((at, index) => at - (beats[index] ?? 0));
            for (const gap of gaps.slice(0, -1)) expect(gap).toBeGreaterThanOrEqual(PERIOD_MS / 2);
            for (const gap of gaps) expect(gap).toBeLessThanOrEqual(PERIOD_MS * 1.5);
          },
        ),
      );
    },
  );

  it("[W8] keeping it again and again does not put the beat off", () => {
    const beats: number[] = [];
    const pulse = kept(beats);
    for (let i = 0; i < 30; i++) {
      vi.advanceTimersByTime(90);
      pulse.keep(true);
    }
    expect(beats).toEqual([1_000, 2_000]);
  });

  it("[W8] leaves no timer when it is let go, so that the room can sleep; the alarm goes on", () => {
    const beats: number[] = [];
    const pulse = new HeartbeatTimer(runtime, PERIOD_MS, (nowMs) => beats.push(nowMs - 1_000_000));
    pulse.keep(true);
    pulse.keep(false);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5_000);
    expect(beats).toEqual([]);
    pulse.tick();
    expect(beats).toEqual([5_000]);
  });

  it("[W8] a beat that is overdue when it is kept again comes at once", () => {
    const beats: number[] = [];
    const pulse = kept(beats);
    pulse.keep(false);
    vi.advanceTimersByTime(4_000);
    pulse.keep(true);
    vi.advanceTimersByTime(0);
    expect(beats).toEqual([4_000]);
  });
});
