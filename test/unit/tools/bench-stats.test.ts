import { expect, test } from "vitest";
import { median, medianTail, percentile, spread, tail } from "../../bench/stats.ts";

test("the median of an even number of values lies between the middle two", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test("a spread names the lowest and the highest", () => {
  expect(spread([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 });
  expect(spread([])).toEqual({ median: Number.NaN, min: Number.NaN, max: Number.NaN });
});

test("a percentile is a sample, by nearest rank", () => {
  const sorted = Array.from({ length: 1_000 }, (_, index) => index + 1);
  expect(percentile(sorted, 0.5)).toBe(500);
  expect(percentile(sorted, 0.99)).toBe(990);
  expect(percentile(sorted, 0.999)).toBe(999);
  expect(percentile(sorted, 1)).toBe(1_000);
  expect(percentile(sorted, 0)).toBe(1);
  expect(percentile([42], 0.999)).toBe(42);
  expect(percentile([], 0.5)).toBeNaN();
});

test("a tail sorts numbers as numbers", () => {
  expect(tail(Float64Array.of(10, 9, 100, 1))).toEqual({ count: 4, p50: 9, p99: 100, p999: 100, max: 100 });
});

test("rounds are joined percentile by percentile", () => {
  const rounds = [tail(Float64Array.of(1, 2)), tail(Float64Array.of(3, 9)), tail(Float64Array.of(5, 6))];
  expect(medianTail(rounds)).toEqual({ count: 2, p50: 3, p99: 6, p999: 6, max: 6 });
});
