import { afterEach, describe, expect, it, vi } from "vitest";
import { ModelClock } from "../../../support/model/clock.ts";
import { ReplaysBench } from "../../../support/model/replays.ts";

const clock = new ModelClock();

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("ReplayQueue beside live clients", { tags: "long" }, () => {
  it("[P7] [W13] they give way to who is live and hears something, and go on at full speed when it is quiet", async () => {
    const bench = new ReplaysBench(clock, 16_000, 8);
    const [live] = bench.join(16_000);
    const late = Array.from({ length: 40 }, () => bench.join(0)[0]);
    const slowest = (): number => Math.min(...late.map(({ reading }) => reading.cursor ?? 0));
    for (let i = 0; i < 8; i++) {
      bench.say();
      await bench.run(100);
    }
    const besideLive = slowest();
    expect(besideLive).toBeGreaterThan(2_000);
    expect(besideLive).toBeLessThan(6_000);
    expect(live.reading.cursor).toBe(16_008);
    await bench.run(1_010);
    const before = slowest();
    await bench.run(100);
    expect(slowest() - before).toBeGreaterThan((2 * besideLive) / 8);
    await bench.run(3_000);
    expect([slowest(), bench.faults, bench.fanout.lagging.size]).toEqual([16_008, [], 0]);
  });
});
