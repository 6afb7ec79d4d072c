/** One run of a fan-out: so many clients, so many events, as fast as the slowest client takes them. */
import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "./clock.ts";
import { FIRST_MARK } from "./event-template.ts";
import type { Ground } from "./ground.ts";
import { windowBytes, type Side } from "./side.ts";
import { troubleIn } from "./trouble.ts";
import { cpuSeconds } from "./usage.ts";

export interface Work {
  readonly clients: number;
  readonly events: number;
  readonly bytes: number;
  /** Under way to one client at most; by default what its number of clients allows. */
  readonly windowBytes?: number;
  /** How many of the clients ask where events came from. */
  readonly asking?: number;
}

export interface Run {
  readonly seconds: number;
  readonly perSecond: number;
  /** Microseconds of CPU for one delivery: of the server that has the clients, and of all servers. */
  readonly serverMicros: number;
  readonly totalMicros: number;
  /** How busy the client process was; near 1 it, not the server, was the limit. */
  readonly clientLoad: number;
  /** What did not go as it should; empty when all clients got all events once. */
  readonly trouble: string;
}

const STEPS_PER_WINDOW = 4;
const STALL_MS = 15_000;
const RUN_TIMEOUT_MS = 60_000;
const SETTLE_MS = 150;
/** A broker that has stored everything has little left to do for it. */
const MAX_UNSTORED = 5_000;

export async function fanOut(ground: Ground, side: Side, work: Work): Promise<Run> {
  const { swarm } = ground;
  const { clients, events, bytes } = work;
  const subject = ground.newSubject();
  await swarm.cut();
  const dial = side.dial(subject, clients);
  const { asking = 0 } = work;
  if (asking < clients) await swarm.open({ ...dial, clients: clients - asking });
  if (asking > 0) await swarm.open({ ...dial, clients: asking, meta: true });
  if (side.name === "push") await ground.consumers(subject, clients);
  const window = Math.max(2, Math.floor((work.windowBytes ?? windowBytes(side.name, clients)) / bytes));
  const step = Math.max(1, Math.floor(window / STEPS_PER_WINDOW));
  await swarm.begin({ clients, marks: events, step, latency: false });
  const source = side.source(subject, bytes);
  await delay(SETTLE_MS);

  const pids = side.brokerPid === null ? [side.pid] : [side.pid, side.brokerPid];
  const before = pids.map((pid) => cpuSeconds([pid]));
  const startedMs = nowMs();
  let stalled = false;
  for (let sent = 0; sent < events && !stalled;) {
    const count = Math.min(step, events - sent);
    const due = Math.floor(Math.max(0, sent + count - window) / step) * step;
    stalled = nowMs() - startedMs > RUN_TIMEOUT_MS || !(await swarm.reached(due, STALL_MS));
    await source.send(Array.from({ length: count }, (_, index) => FIRST_MARK + sent + index));
    if (side.name !== "ceiling") await ground.publisher.stored(MAX_UNSTORED);
    sent += count;
  }
  await swarm.reached(events, STALL_MS);
  const report = await swarm.report();
  const endedMs = report.settledAtMs ?? nowMs();
  const after = pids.map((pid) => cpuSeconds([pid]));
  await swarm.cut();
  await ground.publisher.stored();
  await ground.jetstream.purge();
  if (side.name === "push") await ground.consumers(subject, 0);

  const seconds = (endedMs - startedMs) / 1_000;
  const micros = after.map((used, index) => ((used - (before[index] ?? 0)) * 1e6) / Math.max(1, report.marks));
  return {
    seconds,
    perSecond: report.marks / seconds,
    serverMicros: micros[0] ?? Number.NaN,
    totalMicros: micros.reduce((sum, value) => sum + value, 0),
    clientLoad: report.cpuSeconds / seconds,
    trouble: troubleIn(report),
  };
}
