import { describe, expect, it } from "vitest";
import { Stall } from "../../../src/upstream/stall.ts";

/** Asks with each heartbeat: where the consumer is, where the stream ends. */
function answers(beatMs: number, ...seen: readonly (readonly [position: number, lastSeq: number])[]): boolean[] {
  const stall = new Stall();
  return seen.map(([position, lastSeq], n) => stall.isStanding(position, lastSeq, n * beatMs));
}

const often = (count: number, position: number, lastSeq: number): [number, number][] =>
  Array.from({ length: count }, () => [position, lastSeq]);

describe("Stall", () => {
  it("[P12] is seen at the second heartbeat at the same place, below where the stream ended at the first", () => {
    expect(answers(25_000, [5, 9], [5, 9])).toEqual([false, true]);
    expect(answers(25_000, [9, 9], [9, 12], [9, 12])).toEqual([false, false, true]);
  });

  it("[P12] is none while the consumer moves, or is where the stream ends", () => {
    expect(answers(25_000, [5, 9], [6, 9], [7, 12], [12, 12], [12, 12], [12, 12])).not.toContain(true);
    // What came since the first look may be on its way.
    expect(answers(25_000, [9, 9], [9, 10], [10, 11], [11, 12])).not.toContain(true);
  });

  it("[P12] needs 5 s, however short the heartbeats are", () => {
    expect(answers(1_000, ...often(6, 5, 9))).toEqual([false, false, false, false, false, true]);
  });

  it("[P12] at the same place again it needs twice as long each time, and no longer once the consumer has moved", () => {
    const standing = answers(5_000, ...often(9, 5, 9), [6, 9], [6, 9]);
    const at = standing.flatMap((isStanding, n) => (isStanding ? [n] : []));
    expect(at).toEqual([1, 3, 7, 10]);
  });
});
