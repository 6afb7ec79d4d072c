import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import {
  isOverdue,
  keptFlow,
  newFlow,
  poll,
  recordSent,
  unprovenBytes,
  wakeFlow,
} from "../../../../src/room/delivery/flow-control.ts";
import { LIMITS, provesOnlyWhatWasRead, send, SLEEP_MS, slept } from "../../../support/model/account.ts";

describe("an account over the sleep of the room", () => {
  it(
    "[B1] gives a client that proves nothing no second budget, however often the room sleeps",
    { tags: "long" },
    () => {
      const list = fc.array(fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.boolean()), {
        minLength: 1,
        maxLength: 40,
      });
      fc.assert(
        fc.property(list, fc.option(fc.nat(5)), (frames, stampAtJoin) => {
          let flow = newFlow(V2, stampAtJoin);
          for (const [bytes, sleeps] of frames) {
            if (sleeps) flow = slept(flow, stampAtJoin);
            const before = flow.sentBytes;
            expect(send(flow, bytes, stampAtJoin, 9)).toBe(
              before < LIMITS.budgetBytes / (stampAtJoin === null ? 4 : 1),
            );
          }
        }),
      );
    },
  );

  it("[B1] [V9] never stops a client that reads and pings while the room sleeps", { tags: "long" }, () => {
    const list = fc.array(fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.boolean()), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(list, (frames) => {
        let flow = newFlow(V2, null);
        let nowMs = 0;
        let pingAtMs: number | null = null;
        let sincePing = 0;
        for (const [bytes, sleeps] of frames) {
          nowMs += 1;
          expect(send(flow, bytes, pingAtMs, nowMs)).toBe(true);
          sincePing += bytes;
          if (sincePing >= LIMITS.ackBytes) {
            pingAtMs = nowMs;
            sincePing = 0;
          }
          if (!sleeps) continue;
          flow = slept(flow, pingAtMs);
          nowMs += SLEEP_MS;
        }
      }),
    );
  });

  it(
    "[B1] [WS-7] takes as proof only what was sent before the ping before, though looks were forgotten",
    { tags: "long" },
    () => provesOnlyWhatWasRead(["ping", "look", "sleep"]),
  );

  it("[B1] a ping that is owed is owed since before the sleep, and no longer once it came during it", () => {
    const flow = newFlow(V2, null);
    recordSent(flow, 1, true, LIMITS, 100);
    const owing = slept(flow, null);
    recordSent(owing, 1, true, LIMITS, 25_100);
    expect([isOverdue(owing, 50_000, 50_100), isOverdue(owing, 50_000, 50_101)]).toEqual([false, true]);
    const pinged = slept(flow, 20_000);
    expect(poll(pinged, 20_000, LIMITS, 50_101, 50_101)).toBe(true);
    expect(isOverdue(pinged, 50_000, 50_101)).toBe(false);
  });

  it("[B1] a v1 socket begins anew, and so does one that nothing was written down of", () => {
    const flow = newFlow(V1, null);
    recordSent(flow, 900, false, LIMITS, 100);
    expect(slept(flow, 7)).toEqual(newFlow(V1, 7));
    expect(wakeFlow(undefined, V2, 7, 0)).toEqual(newFlow(V2, 7));
  });

  it("[B1] [P11] owes nothing since a moment that is to come: another isolate measured it", () => {
    const flow = newFlow(V2, null);
    recordSent(flow, 2_000, true, LIMITS, 3_600_000);
    poll(flow, null, LIMITS, 3_600_001, 0);
    const woken = wakeFlow(structuredClone(flow), V2, null, 50_000);
    expect(woken).toMatchObject({ owedSinceMs: 50_000, waitedSinceMs: 50_000 });
    expect([isOverdue(woken, 5_000, 55_000), isOverdue(woken, 5_000, 55_001)]).toEqual([false, true]);
    expect(unprovenBytes(woken)).toBe(0);
    expect(wakeFlow(structuredClone(flow), V2, null, 4_000_000)).toMatchObject({ owedSinceMs: 3_600_000 });
  });

  it("[B1] [B6] is read back as an older version wrote it down", () => {
    const flow = newFlow(V2, null);
    recordSent(flow, 900, false, LIMITS, 100);
    const { dueBytes: _, ...old } = keptFlow(flow);
    const woken = wakeFlow(old, V2, 7, 200);
    expect(woken).toMatchObject({ sentBytes: 900, dueBytes: 900, drainedBytes: 900, marks: [] });
    recordSent(woken, 70, false, LIMITS, 300);
    expect(unprovenBytes(woken)).toBe(70);
  });
});
