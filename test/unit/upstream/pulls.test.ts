import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pulls, type Pull } from "../../../src/upstream/pulls.ts";

function twoPulls(): { pulls: Pulls; older: Pull; newer: Pull; closed: string[]; freed: number[] } {
  const closed: string[] = [];
  const freed: number[] = [];
  const pulls = new Pulls((bytes) => freed.push(bytes));
  const older = pulls.add({ batch: 2, bytes: 100, overAtMs: 100, endsAtMs: 600, close: () => closed.push("older") });
  const newer = pulls.add({ batch: 5, bytes: 200, overAtMs: 200, endsAtMs: 700, close: () => closed.push("newer") });
  return { pulls, older, newer, closed, freed };
}

describe("Pulls", () => {
  it("[U1] [P20] count what may still come, each for itself", () => {
    const { pulls, older, newer, closed, freed } = twoPulls();
    expect([pulls.outstanding, pulls.openBytes, pulls.dueAtMs]).toEqual([7, 300, 100]);
    expect(pulls.took(newer, 30, 0)).toBe(false);
    expect(pulls.took(older, 40, 0)).toBe(false);
    expect([pulls.outstanding, pulls.openBytes]).toEqual([5, 230]);
    expect(pulls.took(older, 40, 0)).toBe(true);
    expect([pulls.outstanding, pulls.openBytes, pulls.dueAtMs, closed]).toEqual([4, 170, 200, ["older"]]);
    expect(freed).toEqual([30, 40, 40, 20]);
  });

  it("[P20] one whose bytes are used up is over, whatever is left of its count", () => {
    const { pulls, older, closed } = twoPulls();
    expect(pulls.took(older, 100, 0)).toBe(true);
    expect([closed, pulls.outstanding]).toEqual([["older"], 5]);
  });

  it("[W12] each is written off at its own time, and what it may still bring counts until it was quiet", () => {
    const { pulls, older, closed } = twoPulls();
    expect(pulls.expire(99, false)).toEqual({ any: false, isLate: false });
    expect(pulls.expire(100, false)).toEqual({ any: true, isLate: false });
    expect([pulls.outstanding, pulls.openBytes, pulls.bytes, pulls.dueAtMs]).toEqual([5, 200, 300, 200]);
    expect(pulls.expire(700, false)).toEqual({ any: true, isLate: true });
    expect([pulls.isWaiting, pulls.bytes, pulls.dueAtMs]).toEqual([false, 300, 2_600]);
    expect(pulls.took(older, 10, 1_000)).toBe(false);
    pulls.expire(2_700, false);
    expect([closed, pulls.bytes, pulls.dueAtMs]).toEqual([["newer"], 90, 3_000]);
    pulls.expire(3_000, false);
    expect([closed, pulls.bytes, pulls.dueAtMs]).toEqual([["newer", "older"], 0, null]);
  });

  it("[P20] one that is written off while the broker has nothing counts no more, but its inbox stays open", () => {
    const { pulls, closed, freed } = twoPulls();
    pulls.expire(100, true);
    expect([pulls.bytes, freed, closed]).toEqual([200, [100], []]);
  });

  it("[U1] one that ends takes nothing from the others, and ends once", () => {
    const { pulls, older, freed } = twoPulls();
    pulls.end(older);
    pulls.end(older);
    expect(pulls.took(older, 10, 0)).toBe(false);
    expect([pulls.outstanding, pulls.dueAtMs, freed]).toEqual([5, 200, [100]]);
    pulls.clear();
    expect([pulls.outstanding, pulls.dueAtMs, freed]).toEqual([0, null, [100, 200]]);
  });

  it("[P20] give back every byte once, in whatever order pulls begin, bring and end", () => {
    const steps = fc.array(
      fc.record({
        do: fc.constantFrom("add", "took", "end", "expire", "idle"),
        which: fc.nat(5),
        bytes: fc.nat(80),
        ms: fc.nat(3_000),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        let freed = 0;
        let given = 0;
        let nowMs = 0;
        const pulls = new Pulls((bytes) => (freed += bytes));
        const made: Pull[] = [];
        for (const { do: what, which, bytes, ms } of list) {
          const pull = made[which % Math.max(1, made.length)];
          nowMs += ms;
          if (what === "add") {
            given += bytes;
            made.push(
              pulls.add({ batch: 1 + which, bytes, overAtMs: nowMs + 500, endsAtMs: nowMs + 1_000, close: () => {} }),
            );
          } else if (what === "expire" || what === "idle") pulls.expire(nowMs, what === "idle");
          else if (pull !== undefined && what === "took") pulls.took(pull, bytes, nowMs);
          else if (pull !== undefined) pulls.end(pull);
          expect(pulls.bytes).toBe(given - freed);
          expect(pulls.openBytes).toBeLessThanOrEqual(pulls.bytes);
        }
        pulls.clear();
        expect(freed).toBe(given);
      }),
    );
  });
});
