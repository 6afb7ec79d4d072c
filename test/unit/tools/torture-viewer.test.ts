import { describe, expect, test } from "vitest";
import { makePlan } from "../../torture/plan.ts";
import { judgeWaiting, type Surroundings, type Waiting } from "../../torture/viewer-verdict.ts";

describe("the verdict on a stream that waits", () => {
  const fault = { reason: "lost", code: 1006, status: null, oldestSeq: null, told: null };
  const waiting: Waiting = { fault, cursor: 10, isShared: false, isSlow: false, lastedMs: 2_000, heldMs: 0 };
  const around: Surroundings = {
    brokerOut: false,
    relayOut: false,
    pathOut: false,
    streamOut: false,
    isAnother: false,
    sendTimeoutMs: 8_000,
    floor: 0,
  };
  const verdict = (
    change: Partial<Waiting["fault"]>,
    more: Partial<Waiting> = {},
    circumstances: Partial<Surroundings> = {},
  ): string | null =>
    judgeWaiting({ ...waiting, ...more, fault: { ...fault, ...change } }, { ...around, ...circumstances });

  test("a line may only break when it was cut, or the relay replaced", () => {
    expect(verdict({})).not.toBeNull();
    expect(verdict({}, {}, { pathOut: true })).toBeNull();
    expect(verdict({ code: null, reason: "unreachable" })).not.toBeNull();
    expect(verdict({ code: null, reason: "unreachable", status: 426 }, {}, { relayOut: true })).toBeNull();
    expect(verdict({ code: 1011, reason: "internal error" }, {}, { relayOut: true })).not.toBeNull();
  });

  test("a gap, a silence, a frame that cannot be read: never", () => {
    const anything = { brokerOut: true, relayOut: true, pathOut: true, floor: Infinity };
    for (const reason of ["gap", "silent", "unreadable", "callback"]) {
      expect(verdict({ code: null, reason }, { heldMs: Infinity }, anything)).toBe(reason);
    }
    expect(verdict({ code: 4410, reason: "stream-reset", oldestSeq: 20 }, {}, anything)).not.toBeNull();
  });

  test("[W11] 1013 needs a broker that is away, and comes within 10 s", () => {
    const refused = { code: 1013, reason: "upstream unavailable" };
    expect(verdict(refused)).not.toBeNull();
    expect(verdict(refused, {}, { brokerOut: true })).toBeNull();
    expect(verdict(refused, { lastedMs: 60_000 }, { brokerOut: true })).not.toBeNull();
  });

  test("[W6] stream-reset needs a stream that became another since it was asked for", () => {
    const reset = { code: 4410, reason: "stream-reset", oldestSeq: 1 };
    expect(verdict(reset, {}, { isAnother: true })).toBeNull();
    expect(verdict(reset)).not.toBeNull();
    expect(verdict({ ...reset, oldestSeq: null }, {}, { isAnother: true })).not.toBeNull();
    const refused = { code: 1008, reason: "subscribe failed" };
    expect(verdict(refused)).not.toBeNull();
    expect(verdict(refused, {}, { streamOut: true })).toBeNull();
  });

  test("[B1] 4408 needs a handler that was stuck, however shortly when others set the pace", () => {
    const slow = { code: 4408, reason: "slow-consumer" };
    expect(verdict(slow, { heldMs: 1_000 })).not.toBeNull();
    expect(verdict(slow, { heldMs: 7_000 })).toBeNull();
    expect(verdict(slow, { heldMs: 1_000, isShared: true })).toBeNull();
    expect(verdict(slow, { isShared: true, isSlow: true })).toBeNull();
    expect(verdict(slow, { isShared: true })).not.toBeNull();
    expect(verdict(slow, { isSlow: true })).not.toBeNull();
  });

  test("[W5] 4410 needs an oldest event between the cursor and the floor", () => {
    const lost = { code: 4410, reason: "retention-exhausted", oldestSeq: 12 };
    expect(verdict(lost, {}, { floor: 12 })).toBeNull();
    expect(verdict(lost, {}, { floor: 11 })).not.toBeNull();
    expect(verdict(lost, { cursor: 11 }, { floor: 12 })).not.toBeNull();
    expect(verdict({ ...lost, oldestSeq: null }, {}, { floor: 12 })).not.toBeNull();
  });

  test("[V5] a stream that was told why does not wait for the close, and needs the same reason", () => {
    const told = { oldestSeq: 12, told: "/problems/ws/retention-exhausted" };
    expect(verdict(told, {}, { floor: 12 })).toBeNull();
    expect(verdict(told, {}, { floor: 11 })).not.toBeNull();
    expect(verdict({ told: "/problems/ws/upstream-unavailable" })).not.toBeNull();
    expect(verdict({ told: "/problems/ws/upstream-unavailable" }, {}, { brokerOut: true })).toBeNull();
    expect(verdict({ ...told, told: "/problems/ws/stream-reset" }, {}, { floor: 12 })).not.toBeNull();
    expect(verdict({ ...told, code: 1011, reason: "internal error" }, {}, { floor: 12 })).not.toBeNull();
  });
});

describe("the streams of a plan", () => {
  const options = { seed: 7, events: 5_000, clients: 20, durationMs: 15_000, cluster: false };
  const plan = makePlan({ ...options, sdk: 3, chromium: 5 });

  test("leave the plan of the others as it is", () => {
    const without = makePlan({ ...options, sdk: 0, chromium: 0 });
    expect(plan.clientPlans).toEqual(without.clientPlans);
    expect(plan.stretches).toEqual(without.stretches);
    expect(plan.faults).toEqual(expect.arrayContaining([...without.faults]));
    expect(without.viewerPlans).toEqual([]);
  });

  test("are numbered after the others, at home where they were asked for, and hit by faults of their own", () => {
    expect(plan.viewerPlans.map(({ id }) => id)).toEqual([20, 21, 22, 23, 24, 25, 26, 27]);
    expect(plan.viewerPlans.map(({ home }) => home)).toEqual([
      ...Array.from({ length: 3 }, () => "node"),
      ...Array.from({ length: 5 }, () => "chromium"),
    ]);
    expect(new Set(plan.viewerPlans.map(({ page }) => page))).toEqual(new Set([0, 1]));
    expect(plan.faults.some((fault) => "client" in fault && fault.client >= 20)).toBe(true);
  });
});
