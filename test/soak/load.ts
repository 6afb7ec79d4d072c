/** What is published, and what happens to the broker meanwhile. */
import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../../src/dev/random.ts";
import type { Rig } from "../support/broker/rig.ts";
import type { Broker } from "../torture/broker.ts";
import { bare, delivered, eventText } from "../torture/kind.ts";
import type { Outages } from "../torture/outages.ts";
import { makeOutgoing } from "../torture/payloads.ts";
import { subjectOf } from "./crowd.ts";

const PER_SECOND = 60;
const TICK_MS = 20;
const MAX_IN_FLIGHT = 500;
const LARGE_EVERY = 400;
const LARGE_BYTES = 600_000;
const KINDS = ["cell", "node"] as const;

/** Events of all tenants at a steady rate, now and then a large one. */
export async function publish(broker: Broker, tenants: number, endAtMs: number, signal: AbortSignal): Promise<void> {
  const random = new Random(2);
  const startedMs = Date.now();
  const before = broker.sent;
  while (Date.now() < endAtMs) {
    signal.throwIfAborted();
    const due = before + Math.floor(((Date.now() - startedMs) * PER_SECOND) / 1_000);
    while (broker.sent < due && broker.inFlight < MAX_IN_FLIGHT) publishOne(broker, tenants, random);
    await delay(TICK_MS, undefined, { signal });
  }
}

function publishOne(broker: Broker, tenants: number, random: Random): void {
  const n = broker.sent;
  const tenant = random.between(0, tenants - 1);
  if (n % LARGE_EVERY === LARGE_EVERY - 1) {
    const kind = delivered("large", () => bare(eventText(n, JSON.stringify({ n, pad: "x".repeat(LARGE_BYTES) }))));
    broker.publish({ subject: subjectOf(tenant, "large"), kind, ...kind.make(n, random) });
    return;
  }
  broker.publish({ ...makeOutgoing(n, random), subject: subjectOf(tenant, random.pick(KINDS)) });
}

/** History for those who replay. */
export async function fill(broker: Broker, tenants: number, count: number): Promise<void> {
  const random = new Random(3);
  for (let n = 0; n < count; n += 1) {
    publishOne(broker, tenants, random);
    while (broker.inFlight >= MAX_IN_FLIGHT) await delay(TICK_MS);
  }
  while (broker.inFlight > 0) await delay(TICK_MS);
}

/** Restarts the broker every `everyMs`, the last time well before the end. */
export async function restarts(
  rig: Rig,
  brokerOut: Outages,
  everyMs: number,
  endAtMs: number,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  while (Date.now() + everyMs * 1.5 < endAtMs) {
    await delay(everyMs, undefined, { signal });
    const over = brokerOut.begin();
    await rig.act("restart");
    over();
    count += 1;
  }
  return count;
}

/** Lets bytes through for a quarter of the time. */
export async function slowDown(proxy: { blackhole(): void; heal(): void }, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    proxy.blackhole();
    await delay(300, undefined, { signal }).catch(() => {});
    proxy.heal();
    await delay(100, undefined, { signal }).catch(() => {});
  }
}
