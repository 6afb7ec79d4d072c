/** 100,000 events of history to one client and to eight, and what that does to those who are live. */
import { setTimeout as delay } from "node:timers/promises";
import { catchUp, fill, orderedCatchUp, pushDial, relayDial, type CaughtUp, type Stretch } from "../catch-up-run.ts";
import { nowMs } from "../clock.ts";
import { atRate } from "../metronome.ts";
import type { Bench, Claim, Section } from "../section.ts";
import { openSide } from "../side.ts";
import { median, medianTail, spread, type Tail } from "../stats.ts";
import { troubleIn } from "../trouble.ts";
import { ranged, short, times } from "../table.ts";

const EVENTS = 100_000;
const AT_ONCE = [1, 8];
const LIVE_CLIENTS = 50;
/** Half of one each BATCH_MS: at just that rate it is chance whether an event waits for a batch. */
const LIVE_PER_SECOND = 100;
const LIVE_SECONDS = 8;
const BYTES = 300;
const SETTLE_MS = 300;
const LOOK_MS = 50;

const WAYS = {
  relay: "relay v2",
  ordered: "nats.ws ordered consumer",
  push: "push consumer, counting client",
};
type Way = keyof typeof WAYS;
const NAMES: readonly Way[] = ["relay", "ordered", "push"];

export async function replay(bench: Bench): Promise<Section> {
  const { ground, quick } = bench;
  const stretch = await fill(ground, ground.newSubject(), quick ? 5_000 : EVENTS, BYTES);
  const rows: string[][] = [];
  const claims: Claim[] = [];
  for (const clients of AT_ONCE) {
    const runs = await history(bench, stretch, clients);
    const seconds = (way: Way): number => median((runs.get(way) ?? []).map((run) => run.seconds));
    for (const way of NAMES) {
      const done = runs.get(way) ?? [];
      const rate = (stretch.events * clients) / seconds(way);
      const trouble = done.find((run) => run.trouble)?.trouble ?? "";
      rows.push([String(clients), WAYS[way], ranged(spread(done.map((run) => run.seconds))), short(rate), trouble]);
    }
    claims.push({
      inSummary: true,
      what: `replay of ${stretch.events} events to ${clients} at once`,
      relay: `v2 ${short(seconds("relay"))} s`,
      other: `${WAYS.ordered} ${short(seconds("ordered"))} s`,
      ratio: times(seconds("relay"), seconds("ordered")),
    });
  }
  const live = await beside(bench, stretch);
  return {
    title: "Replay",
    notes: [
      `${stretch.events} events of ${BYTES} B from the stream. The relay's clients only count; nats.ws hands over messages, and eight of it share a process. The push consumer with a counting client is the least that JetStream can be asked for.`,
      `Below: ${LIVE_CLIENTS} live v2 clients at ${LIVE_PER_SECOND} events/s, while eight others replay, in the same room or in another. Beside live clients all replays of an isolate share 8 MiB/s (P7).`,
    ],
    tables: [
      { head: ["at once", "way", "seconds", "events/s", ""], rows },
      { head: ["live clients, while", "p50 ms", "p99 ms", "p99.9 ms", "replayed events/s", ""], rows: live.rows },
    ],
    claims: [...claims, ...live.claims],
  };
}

async function history(
  { ground, rounds, log }: Bench,
  stretch: Stretch,
  clients: number,
): Promise<Map<Way, CaughtUp[]>> {
  const runs = new Map<Way, CaughtUp[]>(NAMES.map((way) => [way, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const way of NAMES) {
      const run = await once(way);
      runs.get(way)?.push(run);
      log(`${clients} at once, ${WAYS[way]}: ${short(run.seconds)} s ${run.trouble}`);
    }
  }
  return runs;

  async function once(way: Way): Promise<CaughtUp> {
    if (way === "ordered") return orderedCatchUp(ground, stretch, clients);
    const dial = way === "push" ? pushDial(ground, stretch, clients) : await relayDial(ground, stretch, clients);
    return catchUp(ground.swarm, dial, stretch.events);
  }
}

type Place = "nobody replays" | "eight replay in another room" | "eight replay in the same room";
const PLACES: readonly Place[] = ["nobody replays", "eight replay in another room", "eight replay in the same room"];

async function beside(bench: Bench, stretch: Stretch): Promise<{ rows: string[][]; claims: Claim[] }> {
  const runs = new Map<Place, { tail: Tail; replayed: number; trouble: string }[]>(PLACES.map((place) => [place, []]));
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const place of PLACES) {
      const run = await liveRun(bench, stretch, place);
      runs.get(place)?.push(run);
      bench.log(`${place}: p99 ${short(run.tail.p99)} ms, ${short(run.replayed)} replayed/s ${run.trouble}`);
    }
  }
  const tails = PLACES.map((place) => medianTail((runs.get(place) ?? []).map((run) => run.tail)));
  const rows = PLACES.map((place, at) => {
    const { p50 = Number.NaN, p99 = Number.NaN, p999 = Number.NaN } = tails[at] ?? {};
    const done = runs.get(place) ?? [];
    const replayed = median(done.map((run) => run.replayed));
    return [place, short(p50), short(p99), short(p999), short(replayed), done.find((r) => r.trouble)?.trouble ?? ""];
  });
  const p99 = (at: number): number => tails[at]?.p99 ?? Number.NaN;
  const claims = PLACES.slice(1).map((place, index) => ({
    inSummary: true,
    what: `p99 of live clients while ${place}`,
    relay: `${short(p99(index + 1))} ms`,
    other: `without replays ${short(p99(0))} ms`,
    ratio: times(p99(index + 1), p99(0)),
  }));
  return { rows, claims };
}

async function liveRun({ ground, quick }: Bench, stretch: Stretch, place: Place) {
  const side = await openSide(ground, "v2");
  const subject = place === "eight replay in the same room" ? stretch.subject : ground.newSubject();
  const replays = place === "nobody replays" ? null : new ReplayQueue(ground, stretch);
  const clients = quick ? 5 : LIVE_CLIENTS;
  const marks = LIVE_PER_SECOND * (quick ? 1 : LIVE_SECONDS);
  await ground.swarm.cut();
  await ground.swarm.open(side.dial(subject, clients));
  await ground.swarm.begin({ clients, marks, step: marks, latency: true });
  const replaying = replays?.run();
  await delay(SETTLE_MS);
  await atRate(side.source(subject, BYTES), LIVE_PER_SECOND, marks);
  replays?.stop();
  await ground.swarm.reached(marks, 10_000);
  const report = await ground.swarm.report();
  const replayed = (await replaying) ?? 0;
  await ground.swarm.cut();
  return { tail: report.latencyMs, replayed, trouble: troubleIn(report) };
}

/** Eight clients that replay again and again, in a process of their own. */
class ReplayQueue {
  readonly #bench: Bench["ground"];
  readonly #stretch: Stretch;
  #stopped = false;

  constructor(ground: Bench["ground"], stretch: Stretch) {
    this.#bench = ground;
    this.#stretch = stretch;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Events a second, of all eight together, until stopped. */
  async run(): Promise<number> {
    const swarm = this.#bench.newSwarm();
    const dial = await relayDial(this.#bench, this.#stretch, 8);
    const { events } = this.#stretch;
    const startedMs = nowMs();
    let replayed = 0;
    while (!this.#stopped) {
      await swarm.begin({ clients: dial.clients, marks: events, step: events, latency: false });
      await swarm.open(dial);
      while (!this.#stopped && !(await swarm.reached(events, LOOK_MS)));
      replayed += (await swarm.report()).marks;
      await swarm.cut();
    }
    return (replayed * 1_000) / (nowMs() - startedMs);
  }
}
