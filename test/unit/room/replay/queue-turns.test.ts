import { afterEach, describe, expect, it, vi } from "vitest";
import type { ModelClient } from "../../../support/model/client.ts";
import { ModelClock } from "../../../support/model/clock.ts";
import { ReplaysBench } from "../../../support/model/replays.ts";

const clock = new ModelClock();
/** With a budget of 100 KB each, that is 70 KB/s. */
const SLOW_EVERY_MS = 1_500;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** `slow` read once in a while; `quick` all the time. */
async function run(bench: ReplaysBench, ms: number, slow: readonly ModelClient[], quick: readonly ModelClient[]) {
  for (let passedMs = 0; passedMs < ms; passedMs += SLOW_EVERY_MS) {
    await bench.run(10, [...slow, ...quick]);
    await bench.run(SLOW_EVERY_MS - 10, quick);
  }
}

describe("ReplayQueue under slow readers", { tags: "long" }, () => {
  it("[U1] [W13] eight that read slowly do not keep the ninth from its events, and lose none", async () => {
    const bench = new ReplaysBench(clock, 60_000, 8);
    const slow = Array.from({ length: 8 }, (_, i) => bench.join(35_000 - i * 4_500)[0]);
    await run(bench, 1_500, slow, []);
    const [honest] = bench.join(0);
    await run(bench, 30_000, slow, [honest]);
    expect(honest.reading.cursor).toBe(60_000);
    expect([honest.closed, bench.broker.mostConsumers]).toEqual([null, 8]);
    await run(bench, 450_000, slow, []);
    expect(slow.map(({ reading, closed }) => [reading.cursor, closed])).toEqual(slow.map(() => [60_000, null]));
    expect(bench.faults).toEqual([]);
  });

  it("[U1] one ahead of a slow reader, whose replay it would share, gets a place of its own and is not closed for waiting", async () => {
    const bench = new ReplaysBench(clock, 60_000, 1);
    const [slow] = bench.join(0);
    await run(bench, 1_500, [slow], []);
    const [ahead] = bench.join(40_000);
    await run(bench, 70_000, [slow], [ahead]);
    expect([ahead.reading.cursor, ahead.closed, slow.closed, bench.faults]).toEqual([60_000, null, null, []]);
  });

  it("[U1] [B7] one that was left behind by its own replay, which others go on with, has the next one for itself", async () => {
    const bench = new ReplaysBench(clock, 16_000, 8);
    const created = vi.spyOn(bench.broker, "answer");
    const [slow] = bench.join(0);
    const [quick] = bench.join(0);
    // The first one that was placed stops reading at once, and is let go; later the other stops too, far ahead.
    await bench.run(2_200, [quick]);
    await bench.run(50, [slow]);
    expect(bench.replays.active).toBe(2);
    await bench.run(1_000, [quick]);
    expect([quick.reading.cursor, bench.replays.active]).toEqual([16_000, 1]);
    await bench.run(3_000, [slow]);
    expect([slow.reading.cursor, bench.faults]).toEqual([16_000, []]);
    expect(created.mock.calls.filter(([, subject]) => subject.includes("CONSUMER.CREATE"))).toHaveLength(2);
  });

  it("[U1] however many read slowly, each has its turn again and again", async () => {
    const bench = new ReplaysBench(clock, 60_000, 2);
    const slow = Array.from({ length: 12 }, (_, i) => bench.join(55_000 - i * 5_000)[0]);
    const cursors = (): number[] => slow.map(({ reading }) => reading.cursor ?? 0);
    const before = cursors();
    // Six of them before each one at a place, of ten seconds at most each, and what a new consumer takes.
    for (let round = 0; round < 3; round++) {
      const start = cursors();
      await run(bench, 66_000, slow, []);
      for (const [i, cursor] of cursors().entries()) {
        if (cursor < 60_000) expect(cursor).toBeGreaterThan(start[i] ?? 0);
      }
    }
    expect(Math.min(...cursors().map((cursor, i) => cursor - (before[i] ?? 0)))).toBeGreaterThan(0);
    expect([bench.faults, slow.map(({ closed }) => closed)]).toEqual([[], slow.map(() => null)]);
  });
});
