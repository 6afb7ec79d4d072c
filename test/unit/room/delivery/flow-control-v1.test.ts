import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { V1 } from "../../../../src/protocol/subprotocol.ts";
import { age, newFlow, recordSent, unprovenBytes } from "../../../../src/room/delivery/flow-control.ts";
import { LIMITS } from "../../../support/model/account.ts";

describe("flow control of v1", () => {
  it(
    "[B5] what went to a v1 client longer than the time-out ago counts as read, give or take a part of it",
    { tags: "long" },
    () => {
      const times = fc.array(fc.record({ afterMs: fc.nat(9_000), bytes: fc.nat(3_000), looks: fc.boolean() }), {
        maxLength: 200,
        size: "max",
      });
      fc.assert(
        fc.property(times, (list) => {
          const flow = newFlow(V1, null);
          const sent: { readonly atMs: number; readonly bytes: number }[] = [];
          const since = (fromMs: number): number =>
            sent.reduce((sum, { atMs, bytes }) => sum + (atMs > fromMs ? bytes : 0), 0);
          let nowMs = 0;
          for (const { afterMs, bytes, looks } of list) {
            nowMs += afterMs;
            recordSent(flow, bytes, false, LIMITS, nowMs);
            sent.push({ atMs: nowMs, bytes });
            expect(flow.marks.length).toBeLessThanOrEqual(72);
            if (!looks) continue;
            age(flow, LIMITS, nowMs);
            expect(unprovenBytes(flow)).toBeGreaterThanOrEqual(since(nowMs - LIMITS.forgetMs));
            expect(unprovenBytes(flow)).toBeLessThanOrEqual(since(nowMs - (LIMITS.forgetMs * 33) / 32));
          }
          age(flow, LIMITS, nowMs + (LIMITS.forgetMs * 33) / 32);
          expect([unprovenBytes(flow), flow.marks]).toEqual([0, []]);
        }),
      );
    },
  );
});
