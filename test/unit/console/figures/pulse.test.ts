import { describe, expect, it } from "vitest";
import {
  lagView,
  lagWords,
  Pulse,
  rateView,
  rateWords,
  SPAN_SECONDS,
  sparkPath,
} from "../../../../src/console/figures/pulse.ts";

const NOW = 1_000_000_500;
const at = (ms: number): string => new Date(ms).toISOString();

describe("Pulse", () => {
  it("counts by whole seconds, the last minute of them, the current one left out", () => {
    const pulse = new Pulse();
    for (const ago of [61_000, 59_800, 2_000, 1_200, 1_000, 0]) pulse.count(NOW - ago, "");
    const counts = pulse.series(NOW).map(({ count }) => count);
    expect(counts).toHaveLength(SPAN_SECONDS);
    expect([counts[0], counts.at(-2), counts.at(-1)]).toEqual([1, 1, 2]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(4);
  });

  it("tells the median lag of a second, without events that tell no time", () => {
    const pulse = new Pulse();
    const then = NOW - 1_000;
    for (const time of [at(then - 10), at(then - 500), at(then - 20), "", "soon"]) pulse.count(then, time);
    expect(pulse.series(NOW).at(-1)).toEqual({ count: 5, lagMs: 20 });
    expect(pulse.series(NOW + 5_000).at(-6)).toEqual({ count: 5, lagMs: 20 });
    expect(pulse.series(NOW).at(-2)).toEqual({ count: 0, lagMs: null });
  });

  it("is empty again after a minute of silence", () => {
    const pulse = new Pulse();
    pulse.count(NOW, at(NOW));
    expect(pulse.series(NOW + 61_500).every(({ count, lagMs }) => count === 0 && lagMs === null)).toBe(true);
  });
});

describe("words", () => {
  it.each([
    [null, "–"],
    [0, "0 ms"],
    [999.4, "999 ms"],
    [-12, "−12 ms"],
    [1_500, "1.5 s"],
    [90_000, "2 min"],
    [7_200_000, "2 h"],
    [864_000_000, "10 days"],
  ])("a lag of %s ms is %s", (ms, words) => expect(lagWords(ms)).toBe(words));

  it("a rate has its thousands parted", () => expect(rateWords(12_345)).toBe("12,345/s"));

  it("says in text what the lines show", () => {
    const series = [
      { count: 4, lagMs: 40 },
      { count: 2, lagMs: 10 },
      { count: 0, lagMs: null },
    ];
    expect(rateView(series)).toMatchObject({ value: "0/s", points: [1, 0.5, 0] });
    expect(rateView(series).text).toContain("now 0/s, highest 4/s");
    expect(lagView(series)).toMatchObject({ value: "10 ms", points: [1, 0.25, null] });
    expect(lagView(series).text).toContain("last 10 ms, highest 40 ms");
    expect(lagView([{ count: 1, lagMs: null }]).text).toContain("no event told its time");
  });
});

describe("sparkPath", () => {
  it("draws from the left to the right, highest at the top, with gaps", () => {
    expect(sparkPath([0, 1, null, 0.5], 30, 20)).toBe("M0 20L10 0M29 10h1");
  });

  it("draws nothing of nothing", () => expect(sparkPath([null, null], 30, 20)).toBe(""));
});
