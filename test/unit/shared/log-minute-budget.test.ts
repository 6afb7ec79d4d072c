import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineBudget, LINES_A_MINUTE } from "../../../src/shared/log-minute-budget.ts";

const MINUTE_MS = 60_000;
const START_MS = MINUTE_MS * 1_000;

describe("LineBudget", () => {
  it("[O3] prints ten lines of a name in a fixed minute, and says after it how many were left out", () => {
    const budget = new LineBudget();
    const printed = Array.from({ length: 50 }, (_, n) => budget.take("a", START_MS + n * 1_000));
    expect(printed.filter(Boolean)).toHaveLength(LINES_A_MINUTE);
    expect([budget.owes, budget.over(START_MS + MINUTE_MS - 1)]).toEqual([true, []]);
    expect(budget.over(START_MS + MINUTE_MS)).toEqual([{ name: "a", leftOut: 40 }]);
    expect([budget.owes, budget.over(START_MS + MINUTE_MS)]).toEqual([false, []]);
    expect(budget.take("a", START_MS + MINUTE_MS)).toBe(true);
  });

  it("[O3] counts each name by itself, and says nothing of those that had room", () => {
    const budget = new LineBudget();
    for (let n = 0; n < 12; n++) budget.take("a", START_MS);
    for (let n = 0; n < 10; n++) expect(budget.take("b", START_MS)).toBe(true);
    expect(budget.over(START_MS + MINUTE_MS)).toEqual([{ name: "a", leftOut: 2 }]);
  });

  it("[O3] takes a clock that was set back for another minute", () => {
    const budget = new LineBudget();
    for (let n = 0; n < 15; n++) budget.take("a", START_MS);
    expect(budget.over(START_MS - 60 * MINUTE_MS)).toEqual([{ name: "a", leftOut: 5 }]);
  });

  it("[O3] tells every line, printed or left out, whenever it came", { tags: "long" }, () => {
    const line = fc.record({ name: fc.constantFrom("a", "b"), afterMs: fc.nat(9_000) });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 200, size: "max" }), (lines) => {
        const budget = new LineBudget();
        const told = { a: 0, b: 0 };
        let nowMs = START_MS;
        const hear = (): void => {
          for (const { name, leftOut } of budget.over(nowMs)) told[name as "a" | "b"] += leftOut;
        };
        for (const { name, afterMs } of lines) {
          nowMs += afterMs;
          hear();
          if (budget.take(name, nowMs)) told[name]++;
        }
        nowMs += MINUTE_MS;
        hear();
        const said = { a: 0, b: 0 };
        for (const { name } of lines) said[name]++;
        expect(told).toEqual(said);
      }),
    );
  });

  it("[O3] says when its minute ends: at once after a clock was set back", () => {
    const budget = new LineBudget();
    budget.take("a", START_MS + 1);
    const ends = [START_MS, START_MS + MINUTE_MS - 1, START_MS + MINUTE_MS, START_MS - 1];
    expect(ends.map((nowMs) => budget.endsInMs(nowMs))).toEqual([MINUTE_MS, 1, 0, 0]);
  });
});
