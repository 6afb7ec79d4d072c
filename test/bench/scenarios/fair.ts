/** What one credential may cost another that shares its isolate (B7): live in many rooms, and replays in many rooms. */
import { setTimeout as delay } from "node:timers/promises";
import { fill, type Stretch } from "../catch-up-run.ts";
import { nowMs } from "../clock.ts";
import { EventTemplate } from "../event-template.ts";
import { TOKEN } from "../ground.ts";
import { atRate } from "../metronome.ts";
import { Publisher } from "../publisher.ts";
import type { Bench, Section } from "../section.ts";
import { openSide, type Side } from "../side.ts";
import { median, medianTail, type Tail } from "../stats.ts";
import type { Swarm } from "../swarm.ts";
import { short, times } from "../table.ts";
import { troubleIn } from "../trouble.ts";

const NOISY_TOKEN = "noisy-token";
const BYTES = 300;
const CLIENTS = 10;
const PER_SECOND = 50;
const SECONDS = 8;
const LIVE_ROOMS = 50;
const LIVE_PER_SECOND = 500;
const REPLAY_ROOMS = 30;
const REPLAY_EVENTS = 50_000;
/** Rooms have opened their consumers, and the runtime has compiled what it runs often. */
const SETTLE_MS = 1_500;
/** And the isolate has noticed that there are two: the first events of a bystander come late (docs/limits.md). */
const WARM_SECONDS = 3;
const DRAIN_MS = 10_000;
const NEVER = 1_000_000_000;

const PLACES = [
  "nobody else is there",
  `another credential is live in ${LIVE_ROOMS} rooms at ${LIVE_PER_SECOND} events/s`,
  `another credential replays in ${REPLAY_ROOMS} rooms`,
] as const;
type Place = (typeof PLACES)[number];

interface Run {
  readonly tail: Tail;
  /** Events a second that the noisy credential was sent, all its clients together. */
  readonly noise: number;
  readonly trouble: string;
}

export async function fair(bench: Bench): Promise<Section> {
  const { ground, rounds, log, quick } = bench;
  const relay = await ground.relayWith({ RELAY_API_TOKEN: `${TOKEN},${NOISY_TOKEN}` });
  const side: Side = await openSide(ground, "v2");
  const open: Open = async (swarm, subjects, since) => {
    await swarm.begin({ clients: subjects.length, marks: NEVER, step: NEVER, latency: false });
    for (const subject of subjects) {
      const dial = { ...side.dial(subject, 1), port: relay.port, token: NOISY_TOKEN };
      await swarm.open(since === undefined ? dial : { ...dial, since });
    }
  };
  const replayed = ground.newSubject();
  const [first = ""] = overlapping(replayed, REPLAY_ROOMS);
  const { since } = await fill(ground, first, quick ? 2_000 : REPLAY_EVENTS, BYTES);
  const noises: Readonly<Record<Place, () => Noise>> = {
    [PLACES[0]]: () => SILENCE,
    [PLACES[1]]: () => liveNoise(bench, open),
    [PLACES[2]]: () => replayNoise(bench, open, { subject: replayed, since, events: REPLAY_EVENTS }),
  };
  const runs = new Map<Place, Run[]>(PLACES.map((place) => [place, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const place of PLACES) {
      const run = await bystander(bench, side, relay.port, noises[place]());
      runs.get(place)?.push(run);
      log(
        `${place}: p50 ${short(run.tail.p50)} p99 ${short(run.tail.p99)} ms, noise ${short(run.noise)}/s ${run.trouble}`,
      );
    }
  }
  const tails = PLACES.map((place) => medianTail((runs.get(place) ?? []).map((run) => run.tail)));
  const p99 = (at: number): number => tails[at]?.p99 ?? Number.NaN;
  const rows = PLACES.map((place, at) => {
    const { p50 = Number.NaN, p999 = Number.NaN } = tails[at] ?? {};
    const done = runs.get(place) ?? [];
    const noise = median(done.map((run) => run.noise));
    return [place, short(p50), short(p99(at)), short(p999), short(noise), done.find((r) => r.trouble)?.trouble ?? ""];
  });
  return {
    title: "Fair shares",
    notes: [
      `${CLIENTS} v2 clients of one credential at ${PER_SECOND} events/s of ${BYTES} B, while a client each of another credential reads ${LIVE_ROOMS} overlapping subjects, all of which match the same ${LIVE_PER_SECOND} events/s, or replays ${REPLAY_EVENTS} events in ${REPLAY_ROOMS} rooms. All rooms share one isolate, and so one thread. Measured after ${WARM_SECONDS} s of both.`,
    ],
    tables: [{ head: ["clients, while", "p50 ms", "p99 ms", "p99.9 ms", "sent to the other/s", ""], rows }],
    claims: PLACES.slice(1).map((place, index) => ({
      inSummary: true,
      what: `p99 of a bystander while ${place}`,
      relay: `${short(p99(index + 1))} ms`,
      other: `alone ${short(p99(0))} ms`,
      ratio: times(p99(index + 1), p99(0)),
    })),
  };
}

async function bystander({ ground, quick }: Bench, side: Side, port: number, noise: Noise): Promise<Run> {
  const subject = ground.newSubject();
  const marks = PER_SECOND * (quick ? 1 : SECONDS);
  await ground.swarm.cut();
  await ground.swarm.open({ ...side.dial(subject, CLIENTS), port });
  await noise.start();
  await delay(SETTLE_MS);
  const warm = PER_SECOND * (quick ? 1 : WARM_SECONDS);
  await ground.swarm.begin({ clients: CLIENTS, marks: warm, step: warm, latency: false });
  await atRate(side.source(subject, BYTES), PER_SECOND, warm);
  await ground.swarm.reached(warm, DRAIN_MS);
  await ground.swarm.begin({ clients: CLIENTS, marks, step: marks, latency: true });
  const startedMs = nowMs();
  const before = await noise.sent();
  await atRate(side.source(subject, BYTES), PER_SECOND, marks);
  await ground.swarm.reached(marks, DRAIN_MS);
  const report = await ground.swarm.report();
  const noiseRate = (((await noise.sent()) - before) * 1_000) / (nowMs() - startedMs);
  await noise.stop();
  await ground.swarm.cut();
  return { tail: report.latencyMs, noise: noiseRate, trouble: troubleIn(report) };
}

/** Subjects that all match one, each a room of its own. */
function overlapping(prefix: string, count: number): string[] {
  const tokens = Math.ceil(Math.log2(count));
  const filterOf = (n: number): string =>
    [prefix, ...Array.from({ length: tokens }, (_, bit) => ((n >> bit) & 1 ? "*" : "x"))].join(".");
  return Array.from({ length: count }, (_, n) => filterOf(n));
}

/** What the other credential does. */
interface Noise {
  start(): Promise<void>;
  /** Events that it was sent since then, all its clients together. */
  sent(): Promise<number>;
  stop(): Promise<void>;
}

const SILENCE: Noise = { start: async () => {}, sent: async () => 0, stop: async () => {} };

type Open = (swarm: Swarm, subjects: readonly string[], since?: number) => Promise<void>;

function liveNoise({ ground }: Bench, open: Open): Noise {
  const swarm = ground.newSwarm();
  const over = new AbortController();
  let publishing = Promise.resolve();
  return {
    start: async () => {
      const subjects = overlapping(ground.newSubject(), LIVE_ROOMS);
      await open(swarm, subjects);
      const template = new EventTemplate(BYTES);
      publishing = (async () => {
        await using publisher = await Publisher.connect(ground.broker.clientUrl);
        const send = async (marks: readonly number[]): Promise<void> =>
          publisher.send(subjects[0] ?? "", template, marks);
        while (!over.signal.aborted) await atRate({ send }, LIVE_PER_SECOND, LIVE_PER_SECOND / 5);
      })();
    },
    sent: async () => (await swarm.report()).marks,
    stop: async () => {
      over.abort();
      await publishing;
      await swarm.cut();
    },
  };
}

/** More than can be replayed meanwhile. */
function replayNoise({ ground }: Bench, open: Open, { subject, since }: Stretch): Noise {
  const swarm = ground.newSwarm();
  return {
    start: () => open(swarm, overlapping(subject, REPLAY_ROOMS), since),
    sent: async () => (await swarm.report()).marks,
    stop: () => swarm.cut(),
  };
}
