/** An account of unread bytes, driven as the relay drives it, beside what a client behind it has truly read (B1). */
import fc from "fast-check";
import { expect } from "vitest";
import { V2 } from "../../../src/protocol/subprotocol.ts";
import {
  isExhausted,
  keptFlow,
  newFlow,
  poll,
  recordSent,
  wakeFlow,
  wantsPoll,
  type Flow,
  type FlowLimits,
} from "../../../src/room/delivery/flow-control.ts";

export const LIMITS: FlowLimits = { budgetBytes: 1_000, ackBytes: 125, forgetMs: 32_000 };
export const SLEEP_MS = 10_000;

/** What a sleeping room leaves of an account. */
export const slept = (flow: Flow, pingAtMs: number | null): Flow =>
  wakeFlow(structuredClone(keptFlow(flow)), flow.protocol, pingAtMs, Infinity);

/** Sends as the relay does: after a look at the time stamp when one is wanted. False when nothing may be sent. */
export function send(flow: Flow, bytes: number, pingAtMs: number | null, nowMs: number): boolean {
  if (wantsPoll(flow, LIMITS)) poll(flow, pingAtMs, LIMITS, nowMs, nowMs);
  if (isExhausted(flow, LIMITS)) return false;
  recordSent(flow, bytes, false, LIMITS, nowMs);
  return true;
}

/** A client behind a FIFO: its ping is stamped when it arrives, and the pong queued behind everything sent so far. */
export function provesOnlyWhatWasRead(others: readonly ("ping" | "look" | "sleep")[]): void {
  const actions = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant("send" as const), bytes: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ do: fc.constant("read" as const), frames: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constantFrom(...others) }),
    ),
    { maxLength: 60, size: "max" },
  );
  fc.assert(
    fc.property(actions, (list) => {
      let flow = newFlow(V2, null);
      // Written down after every sending, and not after every look.
      let kept = flow;
      const queue: (number | "pong")[] = [];
      let readBytes = 0;
      let awaitsPong = false;
      let pingAtMs: number | null = null;
      let nowMs = 0;
      for (const action of list) {
        // Much may happen within a millisecond, and the stamps tell no more.
        nowMs += action.do === "sleep" ? SLEEP_MS : action.do === "look" ? 1 : 0;
        if (action.do === "send" && send(flow, action.bytes, pingAtMs, nowMs)) {
          queue.push(action.bytes);
          kept = structuredClone(flow);
        }
        if (action.do === "look") poll(flow, pingAtMs, LIMITS, nowMs, nowMs);
        if (action.do === "sleep") flow = slept(kept, pingAtMs);
        if (action.do === "ping" && !awaitsPong) {
          awaitsPong = true;
          pingAtMs = nowMs;
          queue.push("pong");
        }
        if (action.do !== "read") continue;
        for (const item of queue.splice(0, action.frames)) {
          if (item === "pong") awaitsPong = false;
          else readBytes += item;
        }
      }
      expect(flow.provenBytes).toBeLessThanOrEqual(readBytes);
    }),
    { numRuns: 2_000 },
  );
}
