/** Everybody is cut and comes back at once: into a warm room, into a cold one, and without a relay. */
import { setTimeout as delay } from "node:timers/promises";
import { fill, pushDial, relayDial, type Stretch } from "../catch-up-run.ts";
import { nowMs } from "../clock.ts";
import { EventTemplate, FIRST_MARK } from "../event-template.ts";
import type { Ground } from "../ground.ts";
import type { Bench, Claim, Section } from "../section.ts";
import { median, spread } from "../stats.ts";
import type { Dial, Report } from "../swarm-messages.ts";
import { troubleIn } from "../trouble.ts";
import { ranged, short, times } from "../table.ts";

const CLIENTS = 1_000;
const MISSED = 50;
const BYTES = 300;
const TIMEOUT_MS = 60_000;
const SETTLE_MS = 300;

const KINDS = {
  warm: "relay v2, inside the window",
  cold: "relay v2, after its restart",
  push: "nats-server, a consumer each",
};
type Kind = keyof typeof KINDS;
const NAMES: readonly Kind[] = ["warm", "cold", "push"];

interface Outcome {
  readonly seconds: number;
  readonly apiCalls: number;
  readonly refused: number;
  readonly trouble: string;
}

export async function storm(bench: Bench): Promise<Section> {
  const clients = bench.quick ? 50 : CLIENTS;
  const runs = new Map<Kind, Outcome[]>(NAMES.map((kind) => [kind, []]));
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const kind of NAMES) {
      const run = await stormOf(bench.ground, kind, clients);
      runs.get(kind)?.push(run);
      bench.log(
        `${KINDS[kind]}: ${short(run.seconds)} s, ${run.apiCalls} API calls, ${run.refused} refused ${run.trouble}`,
      );
    }
  }
  const of = (kind: Kind, pick: (run: Outcome) => number): number => median((runs.get(kind) ?? []).map(pick));
  const rows = NAMES.map((kind) => {
    const done = runs.get(kind) ?? [];
    return [
      KINDS[kind],
      ranged(spread(done.map(({ seconds }) => seconds))),
      short(of(kind, ({ apiCalls }) => apiCalls)),
      short(of(kind, ({ refused }) => refused)),
      done.find(({ trouble }) => trouble)?.trouble ?? "",
    ];
  });
  const claims = (["warm", "cold"] as const).flatMap((kind): Claim[] => {
    const [calls, direct] = [of(kind, (run) => run.apiCalls), of("push", (run) => run.apiCalls)];
    const [seconds, directly] = [of(kind, (run) => run.seconds), of("push", (run) => run.seconds)];
    const what = `${clients} clients resume at once, ${kind === "warm" ? "warm room" : "relay restarted"}`;
    return [
      {
        inSummary: true,
        what: `JetStream API calls, ${what}`,
        relay: short(calls),
        other: `a consumer each ${short(direct)}`,
        ratio: times(calls, direct),
      },
      {
        inSummary: true,
        what: `time until all are current, ${what}`,
        relay: `${short(seconds)} s`,
        other: `a consumer each ${short(directly)} s`,
        ratio: times(seconds, directly),
      },
    ];
  });
  return {
    title: "Storm",
    notes: [
      `${clients} clients of one subject are cut, miss ${MISSED} events and dial again at once. Time from the first dial until the last client has its last event; a refused dial is tried again after 50 to 150 ms.`,
      "A restarted relay has lost its memory; the time its process takes to start is not counted.",
    ],
    tables: [{ head: ["who", "seconds", "JetStream API calls", "refused dials", ""], rows }],
    claims,
  };
}

async function stormOf(ground: Ground, kind: Kind, clients: number): Promise<Outcome> {
  const { swarm, jetstream } = ground;
  const subject = ground.newSubject();
  const template = new EventTemplate(BYTES);
  // Everybody has seen the first event, which is the cursor they come back with.
  const before: Stretch = await fill(ground, subject, 1, BYTES);
  const cursor: Stretch = { ...before, since: before.since + 1 };
  const dial = async (stretch: Stretch): Promise<Dial> => {
    const made = kind === "push" ? pushDial(ground, stretch, clients) : await relayDial(ground, stretch, clients);
    return { ...made, wave: clients };
  };
  await swarm.cut();
  await swarm.begin({ clients, marks: 1, step: 1, latency: false });
  await swarm.open({ ...(await dial(before)), wave: 64 });
  const current = await swarm.reached(1, TIMEOUT_MS);
  const again = await dial(cursor);

  const relay = kind === "cold" ? await ground.relay() : null;
  await swarm.begin({ clients, marks: MISSED, step: MISSED, latency: false });
  await swarm.cut();
  await relay?.stop();
  ground.publisher.send(
    subject,
    template,
    Array.from({ length: MISSED }, (_, index) => FIRST_MARK + index),
  );
  await ground.publisher.stored();
  await relay?.start();
  await delay(SETTLE_MS);
  const callsBefore = await countCalls(ground);
  const startedMs = nowMs();
  const { refused } = await swarm.open(again);
  await swarm.reached(MISSED, TIMEOUT_MS);
  const report = await swarm.report();
  const apiCalls = (await countCalls(ground)) - callsBefore;
  await swarm.cut();
  await delay(SETTLE_MS);
  await jetstream.purge();
  return {
    seconds: secondsOf(report, startedMs),
    apiCalls,
    refused,
    trouble: current ? troubleIn(report) : "not all came in",
  };
}

async function countCalls({ jetstream }: Ground): Promise<number> {
  await jetstream.ready();
  return jetstream.calls.length;
}

function secondsOf({ settledAtMs }: Report, startedMs: number): number {
  return ((settledAtMs ?? nowMs()) - startedMs) / 1_000;
}
