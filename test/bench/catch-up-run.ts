/** One run of catching up: so many clients read the same stretch of the stream at once. */
import { fileURLToPath } from "node:url";
import { nowMs } from "./clock.ts";
import { EventTemplate, FIRST_MARK } from "./event-template.ts";
import type { Ground } from "./ground.ts";
import { openSide } from "./side.ts";
import type { Swarm } from "./swarm.ts";
import type { Dial } from "./swarm-messages.ts";
import { troubleIn } from "./trouble.ts";

const ORDERED = fileURLToPath(new URL("ordered.ts", import.meta.url));
const TOOK = /took ([\d.]+) ms/;
const FILL = 500;
const MAX_UNSTORED = 5_000;
const TIMEOUT_MS = 60_000;

/** Events of one subject, all above `since`. */
export interface Stretch {
  readonly subject: string;
  readonly since: number;
  readonly events: number;
}

export interface CaughtUp {
  readonly seconds: number;
  readonly trouble: string;
}

export async function fill(ground: Ground, subject: string, events: number, bytes: number): Promise<Stretch> {
  const { lastSeq } = await ground.jetstream.streamState();
  const template = new EventTemplate(bytes);
  for (let sent = 0; sent < events; sent += FILL) {
    const count = Math.min(FILL, events - sent);
    ground.publisher.send(
      subject,
      template,
      Array.from({ length: count }, (_, index) => FIRST_MARK + sent + index),
    );
    await ground.publisher.stored(MAX_UNSTORED);
  }
  await ground.publisher.stored();
  return { subject, since: lastSeq, events };
}

export async function relayDial(ground: Ground, { subject, since }: Stretch, clients: number): Promise<Dial> {
  return { ...(await openSide(ground, "v2")).dial(subject, clients), since };
}

/** Counting clients with a push consumer each: the least that JetStream can be asked for. */
export function pushDial(ground: Ground, { subject, since }: Stretch, clients: number): Dial {
  return { dialect: "push", port: ground.broker.port, path: "/", subject, since, clients, pingBytes: 0, wave: clients };
}

export async function catchUp(swarm: Swarm, dial: Dial, events: number): Promise<CaughtUp> {
  await swarm.cut();
  await swarm.begin({ clients: dial.clients, marks: events, step: events, latency: false });
  const startedMs = nowMs();
  await swarm.open(dial);
  await swarm.reached(events, TIMEOUT_MS);
  const report = await swarm.report();
  await swarm.cut();
  const late = report.settledAtMs === null ? "not done in time" : "";
  return {
    seconds: ((report.settledAtMs ?? nowMs()) - startedMs) / 1_000,
    trouble: late || troubleIn(report),
  };
}

/** Ordered consumers of the client library; measured by themselves, from the first request on. */
export async function orderedCatchUp(ground: Ground, stretch: Stretch, clients: number): Promise<CaughtUp> {
  const args = [ground.broker.url, stretch.subject, stretch.since, stretch.events, clients].map(String);
  const child = await ground.run("ordered consumers", ORDERED, args, "took", TIMEOUT_MS);
  await child.ended;
  return { seconds: Number(TOOK.exec(child.tail())?.[1]) / 1_000, trouble: "" };
}
