import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { V1, V2, type Protocol } from "../../../../src/protocol/subprotocol.ts";
import {
  ackBytesOf,
  hasRoom,
  isExhausted,
  isOverdue,
  lookAgainMs,
  newFlow,
  poll,
  recordSent,
  unprovenBytes,
  wantsPoll,
  type Flow,
  type FlowLimits,
} from "../../../../src/room/delivery/flow-control.ts";
import { LIMITS, provesOnlyWhatWasRead, send } from "../../../support/model/account.ts";

const KIB64 = 64 * 1024;

const sizes = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 40 });
const protocols = fc.constantFrom<Protocol>(V1, V2);

describe("flow control", () => {
  it(
    "[B1] [B6] sends a client that proves nothing at most its budget and one frame, a quarter of it before its first ping",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(protocols, sizes, fc.option(fc.nat(5)), (protocol, list, stampAtJoin) => {
          const flow = newFlow(protocol, stampAtJoin);
          const budgetBytes = LIMITS.budgetBytes / (protocol === V2 && stampAtJoin === null ? 4 : 1);
          for (const bytes of list) {
            const before = flow.sentBytes;
            expect(send(flow, bytes, stampAtJoin, 9)).toBe(before < budgetBytes);
          }
        }),
      );
    },
  );

  it("[B6] a client owes a ping for an eighth of MAX_UNREAD_BYTES", () => {
    expect(ackBytesOf({ maxUnreadBytes: 1024 * 1024 })).toBe(128 * 1024);
    expect(ackBytesOf({ maxUnreadBytes: 1_030 })).toBe(128);
  });

  it("[B6] heartbeats alone are nothing to prove", () => {
    const flow = newFlow(V2, null);
    recordSent(flow, 60, true, LIMITS, 0);
    expect(unprovenBytes(flow)).toBe(0);
    recordSent(flow, 100, false, LIMITS, 0);
    recordSent(flow, 60, true, LIMITS, 0);
    expect(unprovenBytes(flow)).toBe(160);
  });

  it(
    "[B1] [V9] never stops a client for long that reads everything and pings for every ackBytes",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(sizes, (list) => {
          const flow = newFlow(V2, null);
          let pingAtMs: number | null = null;
          let sincePing = 0;
          for (const [index, bytes] of list.entries()) {
            expect(send(flow, bytes, pingAtMs, index + 1)).toBe(true);
            sincePing += bytes;
            if (sincePing < LIMITS.ackBytes) continue;
            pingAtMs = index + 1;
            sincePing = 0;
          }
        }),
        { numRuns: 500 },
      );
    },
  );

  it("[B1] after every ping that is seen, at least ackBytes may follow", { tags: "long" }, () => {
    fc.assert(
      fc.property(
        protocols,
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.boolean()), { maxLength: 40 }),
        (protocol, list) => {
          const flow = newFlow(protocol, null);
          let nowMs = 0;
          for (const [bytes, pings] of list) {
            recordSent(flow, bytes, false, LIMITS, 0);
            if (pings) poll(flow, ++nowMs, LIMITS, nowMs + 1, nowMs + 1);
            if (!pings) continue;
            const { sentBytes } = flow;
            expect(isExhausted(flow, LIMITS)).toBe(false);
            recordSent(flow, LIMITS.ackBytes - 1, false, LIMITS, 0);
            expect(isExhausted(flow, LIMITS)).toBe(false);
            flow.sentBytes = sentBytes;
          }
        },
      ),
    );
  });

  it("[B1] [WS-7] takes as proof only what was sent before the ping before", { tags: "long" }, () =>
    provesOnlyWhatWasRead(["ping", "look"]),
  );

  it("[B1] a v1 ping proves everything, and never makes the limit smaller", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.boolean()), { maxLength: 40 }), (list) => {
        const flow = newFlow(V1, null);
        const limit = (): number => Math.max(flow.provenBytes + LIMITS.budgetBytes, flow.grantBytes);
        let nowMs = 0;
        for (const [bytes, pings] of list) {
          recordSent(flow, bytes, false, LIMITS, 0);
          const before = limit();
          poll(flow, pings ? ++nowMs : flow.pingAtMs, LIMITS, nowMs + 1, nowMs + 1);
          expect(limit()).toBeGreaterThanOrEqual(before);
          expect(limit()).toBe(pings ? flow.sentBytes + LIMITS.budgetBytes : before);
        }
      }),
    );
  });

  it("[B1] a second look at the same time stamp is no news", () => {
    const flow = newFlow(V2, null);
    recordSent(flow, 100, false, LIMITS, 0);
    expect(poll(flow, 5, LIMITS, 6, 6)).toBe(true);
    recordSent(flow, 300, false, LIMITS, 7);
    expect(poll(flow, 5, LIMITS, 8, 8)).toBe(false);
    expect(poll(flow, null, LIMITS, 8, 8)).toBe(false);
    expect(flow).toMatchObject({ grantBytes: 225, owedSinceMs: 7, provenBytes: 0 });
  });

  it("[B1] [WS-9] leaves a stamp of this very millisecond alone: another ping in it would never be seen", () => {
    const flow = newFlow(V2, null);
    recordSent(flow, 300, false, LIMITS, 0);
    expect(poll(flow, 5, LIMITS, 5, 5)).toBe(false);
    recordSent(flow, 400, false, LIMITS, 5);
    expect(poll(flow, 5, LIMITS, 6, 6)).toBe(true);
    expect(poll(flow, 7, LIMITS, 8, 8)).toBe(true);
    // Only what was sent before the first look at the first ping is surely covered by it.
    expect(flow.provenBytes).toBe(0);
    expect(poll(flow, 9, LIMITS, 10, 10)).toBe(true);
    expect(flow.provenBytes).toBe(700);
  });

  it("[B1] [P11] a stamp from before the clock was set back counts at once, unless its millisecond comes soon again", () => {
    const far = newFlow(V2, null);
    expect(poll(far, 5_000, LIMITS, 5_010, 3_999)).toBe(true);
    expect(poll(far, 5_000, LIMITS, 5_011, 4_000)).toBe(false);
    const near = newFlow(V2, null);
    expect(poll(near, 5_000, LIMITS, 5_010, 4_000)).toBe(false);
    expect(poll(near, 5_000, LIMITS, 6_010, 5_000)).toBe(false);
    expect(poll(near, 5_000, LIMITS, 6_011, 5_001)).toBe(true);
  });

  it("[B1] a later stamp says that the millisecond of the one before is over, at any pace", () => {
    const flow = newFlow(V2, null);
    for (let nowMs = 5; nowMs < 10; nowMs++) {
      recordSent(flow, 240, false, LIMITS, nowMs);
      expect(poll(flow, nowMs, LIMITS, nowMs, nowMs)).toBe(nowMs > 5);
      expect(isExhausted(flow, LIMITS)).toBe(false);
    }
    expect(flow.pingAtMs).toBe(8);
    expect(poll(flow, 9, LIMITS, 9, 9)).toBe(false);
    expect(poll(flow, 9, LIMITS, 10, 10)).toBe(true);
  });

  it("[B1] the time stamp that a socket carries when it wakes proves nothing", () => {
    const flow = newFlow(V2, 5);
    recordSent(flow, 1_000, false, LIMITS, 0);
    expect(poll(flow, 5, LIMITS, 9, 9)).toBe(false);
    expect(isExhausted(flow, LIMITS)).toBe(true);
  });

  it("[B1] looks again after 64 KiB, or when nothing more may be sent", () => {
    const wide = { budgetBytes: 1024 * 1024, ackBytes: 128 * 1024, forgetMs: 1 };
    const flow = newFlow(V2, null);
    recordSent(flow, KIB64 - 1, false, wide, 0);
    expect(wantsPoll(flow, wide)).toBe(false);
    recordSent(flow, 1, false, wide, 0);
    expect(wantsPoll(flow, wide)).toBe(true);
    poll(flow, null, wide, 1, 1);
    expect(wantsPoll(flow, wide)).toBe(false);
    expect(wantsPoll(flow, { budgetBytes: KIB64, ackBytes: 1, forgetMs: 1 })).toBe(true);
  });
});

describe("the ping a client owes", () => {
  it.each([
    ["nothing", 124, false, null],
    ["a ping, for ackBytes", 125, false, 9],
    ["a ping, for a heartbeat of any size", 1, true, 9],
  ])("[V9] after what it was sent it owes %s", (_what, bytes, asksForPing, owedSinceMs) => {
    const flow = newFlow(V2, null);
    recordSent(flow, bytes, asksForPing, LIMITS, 9);
    expect(flow.owedSinceMs).toBe(owedSinceMs);
  });

  it("[V9] [B1] is owed since the first reason for it, and no longer once it came", () => {
    const flow = newFlow(V2, null);
    recordSent(flow, 250, false, LIMITS, 10);
    recordSent(flow, 250, true, LIMITS, 20);
    expect(flow.owedSinceMs).toBe(10);
    poll(flow, 15, LIMITS, 21, 21);
    expect(flow.owedSinceMs).toBeNull();
    recordSent(flow, 124, false, LIMITS, 30);
    expect(flow.owedSinceMs).toBeNull();
    recordSent(flow, 1, false, LIMITS, 40);
    expect(flow.owedSinceMs).toBe(40);
  });

  it("[B1] is overdue after more than the time-out, and never for v1", () => {
    const owing = (protocol: Protocol): Flow => {
      const flow = newFlow(protocol, null);
      recordSent(flow, 1, true, LIMITS, 100);
      return flow;
    };
    expect(isOverdue(owing(V2), 50, 150)).toBe(false);
    expect(isOverdue(owing(V2), 50, 151)).toBe(true);
    expect(isOverdue(owing(V1), 50, 10_000)).toBe(false);
    expect(isOverdue(newFlow(V2, null), 50, 10_000)).toBe(false);
  });

  it("[B1] has room for what is sent before the next look at the ping, and below the budget", () => {
    const wide: FlowLimits = { budgetBytes: 10 * KIB64, ackBytes: KIB64, forgetMs: 1 };
    const flow = newFlow(V2, null);
    expect([hasRoom(flow, KIB64 - 1, wide), hasRoom(flow, KIB64, wide)]).toEqual([true, false]);
    expect([hasRoom(flow, 249, LIMITS), hasRoom(flow, 250, LIMITS)]).toEqual([true, false]);
    expect([hasRoom(newFlow(V2, 1), 999, LIMITS), hasRoom(newFlow(V2, 1), 1_000, LIMITS)]).toEqual([true, false]);
    recordSent(flow, KIB64, false, wide, 0);
    poll(flow, 1, wide, 2, 2);
    expect(hasRoom(flow, KIB64 - 1, { budgetBytes: 1, ackBytes: KIB64, forgetMs: 1 })).toBe(true);
  });

  it("[B1] a client that may be sent nothing is looked at soon, then ever later, and soon again after its ping", () => {
    const flow = newFlow(V2, null);
    while (send(flow, 100, null, 5));
    expect([5, 6, 7, 10, 29, 30, 90].map((nowMs) => lookAgainMs(flow, nowMs))).toEqual([1, 1, 2, 5, 24, 25, 25]);
    while (send(flow, 100, 91, 92));
    expect(lookAgainMs(flow, 92)).toBe(1);
  });
});
