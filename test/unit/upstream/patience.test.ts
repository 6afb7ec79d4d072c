import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOST_BEHIND_MS, Patience } from "../../../src/upstream/patience.ts";

const ENOUGH = 32 * 1024;

describe("Patience", () => {
  it("[P22] a wait goes on while data comes in, by steps", () => {
    const patience = new Patience(1_000);
    expect(patience.more(1_000 + ENOUGH)).toBe(3_000);
    expect(patience.more(1_000 + 3 * ENOUGH)).toBe(3_000);
    // In the last step.
    expect(patience.more(1_000 + 4 * ENOUGH - 1)).toBe(0);
  });

  it("[P22] [W12] what a silent broker sends, pongs and heartbeats, puts off nothing", () => {
    expect(new Patience(0).more(ENOUGH - 1)).toBe(0);
  });

  it("[P22] [W12] a broker that sends for ever and never answers is given up", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10 * ENOUGH), { maxLength: 40 }), (chunks) => {
        const patience = new Patience(0);
        let received = 0;
        let waitedMs = 0;
        for (const bytes of chunks) {
          const ms = patience.more((received += bytes));
          waitedMs += ms;
          if (ms === 0) break;
        }
        expect(waitedMs).toBeLessThanOrEqual(MOST_BEHIND_MS);
      }),
    );
    const patience = new Patience(0);
    let steps = 0;
    while (patience.more(++steps * ENOUGH) > 0);
    expect(steps).toBe(8);
  });
});
