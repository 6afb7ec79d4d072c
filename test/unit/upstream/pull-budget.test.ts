import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PullBudget } from "../../../src/upstream/pull-budget.ts";

describe("PullBudget", () => {
  it("[P20] grants what fits, the others in the order in which they came", () => {
    const budget = new PullBudget(100);
    const granted: string[] = [];
    const take = (name: string, bytes: number): (() => void) => budget.take(bytes, () => granted.push(name));
    take("a", 60);
    take("large", 90);
    take("small", 10);
    expect([granted, budget.takenBytes]).toEqual([["a"], 60]);
    budget.giveBack(50);
    expect([granted, budget.takenBytes]).toEqual([["a", "large"], 100]);
    budget.giveBack(100);
    expect([granted, budget.takenBytes]).toEqual([["a", "large", "small"], 10]);
  });

  it("[P20] [U1] one is always granted where nothing else is under way, be it as large as it must", () => {
    const budget = new PullBudget(100);
    const granted: number[] = [];
    for (const bytes of [8_000, 100, 9_000]) budget.take(bytes, () => granted.push(bytes));
    expect(granted).toEqual([8_000]);
    budget.giveBack(7_999);
    expect(granted).toEqual([8_000]);
    budget.giveBack(1);
    expect(granted).toEqual([8_000, 100]);
    budget.giveBack(100);
    expect(granted).toEqual([8_000, 100, 9_000]);
  });

  it("[P20] one that is called off lets those behind it go, and gives nothing back", () => {
    const budget = new PullBudget(100);
    const granted: string[] = [];
    const callOffFirst = budget.take(60, () => granted.push("first"));
    const callOff = budget.take(90, () => granted.push("second"));
    budget.take(30, () => granted.push("third"));
    callOff();
    expect([granted, budget.takenBytes]).toEqual([["first", "third"], 90]);
    callOffFirst();
    expect(budget.takenBytes).toBe(90);
  });

  it("[P20] never lets more be under way than its limit, or than one pull, and never stops", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant("take" as const), bytes: fc.integer({ min: 1, max: 300 }) }),
        fc.record({ do: fc.constant("give" as const), part: fc.integer({ min: 1, max: 100 }) }),
        fc.record({ do: fc.constant("callOff" as const), which: fc.nat(9) }),
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const budget = new PullBudget(100);
        const open: { left: number }[] = [];
        const waiting = new Set<() => void>();
        const expectBounded = (): void => {
          const taken = open.reduce((sum, { left }) => sum + left, 0);
          expect(budget.takenBytes).toBe(taken);
          expect(taken <= 100 || open.length === 1).toBe(true);
          // Progress: whoever waits, waits for somebody.
          expect(waiting.size === 0 || open.length > 0).toBe(true);
        };
        const give = (pull: { left: number }, bytes: number): void => {
          pull.left -= bytes;
          if (pull.left === 0) open.splice(open.indexOf(pull), 1);
          budget.giveBack(bytes);
        };
        for (const step of list) {
          const [first] = open;
          if (step.do === "take") {
            let isGranted = false;
            const callOff = budget.take(step.bytes, () => {
              isGranted = true;
              waiting.delete(off);
              open.push({ left: step.bytes });
            });
            function off(): void {
              callOff();
            }
            if (!isGranted) waiting.add(off);
          } else if (step.do === "give" && first !== undefined)
            give(first, Math.max(1, Math.floor((first.left * step.part) / 100)));
          else if (step.do === "callOff") {
            const off = [...waiting][step.which];
            if (off !== undefined) {
              waiting.delete(off);
              off();
            }
          }
          expectBounded();
        }
        for (let [first] = open; first !== undefined; [first] = open) give(first, first.left);
        expect([waiting.size, budget.takenBytes]).toEqual([0, 0]);
      }),
    );
  });
});
