/** Publishes at a steady rate, each event stamped with the time it was written. */
import { setTimeout as delay } from "node:timers/promises";
import { nowMark, nowMs } from "./clock.ts";
import type { Source } from "./side.ts";

const TICK_MS = 1;

/** Sends `total` events, `perSecond` of them; what a late timer missed is sent at once. */
export async function atRate(source: Source, perSecond: number, total: number): Promise<void> {
  const startedMs = nowMs();
  let sent = 0;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((nowMs() - startedMs) * perSecond) / 1_000) + 1) - sent;
    if (due > 0) await source.send(Array.from({ length: due }, nowMark));
    sent += Math.max(0, due);
    await delay(TICK_MS);
  }
}
