/** One run at a steady rate: how long each event took from the publisher to each client. */
import { setTimeout as delay } from "node:timers/promises";
import type { Ground } from "./ground.ts";
import { atRate } from "./metronome.ts";
import { hasConsumers, type Side } from "./side.ts";
import { medianTail, type Tail } from "./stats.ts";
import { troubleIn } from "./trouble.ts";

export interface Pace {
  readonly clients: number;
  readonly bytes: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Timed {
  readonly tail: Tail;
  readonly trouble: string;
}

const SETTLE_MS = 250;
const DRAIN_MS = 8_000;

export async function timedRun(ground: Ground, side: Side, pace: Pace): Promise<Timed> {
  const { swarm } = ground;
  const { clients, bytes, perSecond, seconds } = pace;
  const subject = ground.newSubject();
  const marks = perSecond * seconds;
  await swarm.cut();
  await swarm.open(side.dial(subject, clients));
  if (hasConsumers(side.name)) await ground.consumers(subject, clients);
  await swarm.begin({ clients, marks, step: marks, latency: true });
  await delay(SETTLE_MS);
  const source = side.source(subject, bytes);
  const answers: Promise<void>[] = [];
  // A server that is late with its answer must not hold up what is published: that would hide how late it is.
  await atRate({ send: async (due) => void answers.push(source.send(due)) }, perSecond, marks);
  await Promise.all(answers);
  await swarm.reached(marks, DRAIN_MS);
  const report = await swarm.report();
  await swarm.cut();
  await ground.publisher.stored();
  await ground.jetstream.purge();
  if (hasConsumers(side.name)) await ground.consumers(subject, 0);
  return { tail: report.latencyMs, trouble: troubleIn(report) };
}

/** Several rounds as one. */
export function together(runs: readonly Timed[]): Timed {
  return { tail: medianTail(runs.map((run) => run.tail)), trouble: runs.find(({ trouble }) => trouble)?.trouble ?? "" };
}
