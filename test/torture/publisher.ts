import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../src/dev/random.ts";
import type { Broker } from "./broker.ts";
import { makeOutgoing } from "./payloads.ts";
import type { Plan } from "./plan.ts";

const TICK_MS = 5;
/** A broker that does not answer stops the publisher here, as it would a real one. */
const MAX_IN_FLIGHT = 1_000;
const EPILOGUE = 30;

/** Publishes what the plan says at the plan's times, and late rather than never. */
export async function publishAll(plan: Plan, broker: Broker, startedAtMs: number, signal: AbortSignal): Promise<void> {
  const random = new Random(plan.seed + 1);
  while (broker.sent < plan.events) {
    signal.throwIfAborted();
    const due = dueAt(plan, Date.now() - startedAtMs);
    while (!broker.isQuiet && broker.sent < due && broker.inFlight < MAX_IN_FLIGHT)
      broker.publish(makeOutgoing(broker.sent, random));
    await delay(TICK_MS, undefined, { signal });
  }
}

/** A few more, when nothing is broken any more. */
export async function publishEpilogue(plan: Plan, broker: Broker): Promise<void> {
  await broker.settled();
  const random = new Random(plan.seed + 6);
  for (let left = EPILOGUE; left > 0; left -= 1) broker.publish(makeOutgoing(broker.sent, random));
  await broker.settled();
}

/** How many events the plan has had published by then. */
function dueAt({ stretches }: Plan, atMs: number): number {
  let due = 0;
  for (const { fromMs, toMs, count } of stretches) {
    const share = Math.min(1, Math.max(0, (atMs - fromMs) / Math.max(1, toMs - fromMs)));
    due += Math.floor(count * share);
  }
  return due;
}
