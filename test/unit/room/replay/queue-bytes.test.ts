import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelClock } from "../../../support/model/clock.ts";
import { ReplaysBench } from "../../../support/model/replays.ts";

const MIB = 1024 * 1024;
const BUDGET_BYTES = 4.5 * MIB;

describe("what replays ask for together", () => {
  it(
    "[P20] [U1] is bounded, and all of them come to their end, with events of any size",
    { tags: "long" },
    async () => {
      const sizes = fc.array(fc.constantFrom(100, 50_000, 300_000, MIB, 3 * MIB), { minLength: 20, maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(sizes, fc.integer({ min: 1, max: 8 }), async (list, replays) => {
          const bench = new ReplaysBench(new ModelClock(), 0, 8);
          for (const bytes of list) bench.stream.publish("match", bytes);
          bench.fanout.restart(bench.stream.lastSeq, bench.stream.epoch);
          // The lowest cursor last: none of them can share the replay of another.
          const clients = Array.from({ length: replays }, (_, n) => bench.join(replays - n - 1)[0]);
          const isBehind = (): boolean => clients.some(({ reading }) => (reading.cursor ?? 0) < bench.stream.lastSeq);
          let most = 0;
          for (let step = 0; step < 3_000 && isBehind(); step++) {
            await bench.run(10);
            const asked = [...bench.broker.consumers.values()].map(({ askedBytes }) => askedBytes);
            const sum = asked.reduce((all, bytes) => all + bytes, 0);
            most = Math.max(most, sum);
            // An event larger than the broker takes today needs a pull of its own.
            expect(sum <= BUDGET_BYTES || asked.filter((bytes) => bytes > 0).length === 1).toBe(true);
          }
          expect(most).toBeGreaterThan(0);
          expect([bench.faults, isBehind()]).toEqual([[], false]);
        }),
        { numRuns: 10 },
      );
    },
  );
});
