/** One client among many that stops reading: what it costs the server, and what its neighbours notice. */
import { setTimeout as delay } from "node:timers/promises";
import type { Ground } from "../ground.ts";
import { atRate } from "../metronome.ts";
import type { Bench, Section } from "../section.ts";
import { LABELS, openSide } from "../side.ts";
import type { Tail } from "../stats.ts";
import { troubleIn } from "../trouble.ts";
import { bytes, short, times } from "../table.ts";
import { residentBytes } from "../usage.ts";

const CLIENTS = 200;
const BYTES = 20_000;
const PER_SECOND = 100;
const SAMPLE_MS = 100;
const DRAIN_MS = 15_000;
const CLOSE_MS = 10_000;
const SETTLE_MS = 500;
/** The bridge has no rule that takes a minute to apply: its growth is the same from the first event on. */
const EVENTS: Readonly<Record<"v2" | "bridge", number>> = { v2: 10_000, bridge: 3_000 };

interface Pass {
  readonly startBytes: number;
  readonly peakBytes: number;
  readonly tail: Tail;
  readonly wedged: string;
  readonly trouble: string;
}

export async function wedged(bench: Bench): Promise<Section> {
  const rows: string[][] = [];
  const passes = new Map<string, Pass>();
  for (const name of ["v2", "bridge"] as const) {
    for (const stuck of [0, 1]) {
      const pass = await load(bench, name, stuck);
      passes.set(`${name} ${stuck}`, pass);
      const { tail, startBytes, peakBytes } = pass;
      const events = String(bench.quick ? 100 : EVENTS[name]);
      const memory = [bytes(startBytes), bytes(peakBytes), bytes(peakBytes - startBytes)];
      rows.push([
        LABELS[name],
        events,
        String(stuck),
        ...memory,
        short(tail.p50),
        short(tail.p99),
        pass.wedged,
        pass.trouble,
      ]);
      bench.log(
        `${LABELS[name]}, ${stuck} wedged: +${bytes(peakBytes - startBytes)}, p99 ${short(tail.p99)} ms ${pass.wedged}`,
      );
    }
  }
  const growth = (name: string, stuck: number): number => {
    const { peakBytes = Number.NaN, startBytes = Number.NaN } = passes.get(`${name} ${stuck}`) ?? {};
    return peakBytes - startBytes;
  };
  const p99 = (name: string, stuck: number): number => passes.get(`${name} ${stuck}`)?.tail.p99 ?? Number.NaN;
  return {
    title: "One wedged client",
    notes: [
      `${CLIENTS} clients, events of ${BYTES} B at ${PER_SECOND} a second, none or one of the clients wedged: it stops reading for good as soon as it is connected. One pass each, every one with a new server process. Percentiles are the neighbours'.`,
      "The last but one column is what the wedged client read when it was allowed to at the end.",
    ],
    tables: [
      {
        head: ["side", "events", "wedged", "memory before", "peak", "growth", "p50 ms", "p99 ms", "its close", ""],
        rows,
      },
    ],
    claims: [
      {
        inReadme: true,
        what: `peak memory growth with a wedged client, ${EVENTS.v2} events of 20 KB`,
        relay: `v2 ${bytes(growth("v2", 1))}`,
        other: `without it ${bytes(growth("v2", 0))}`,
        ratio: times(growth("v2", 1), growth("v2", 0)),
      },
      {
        what: `peak memory growth with a wedged client, ${EVENTS.bridge} events of 20 KB`,
        relay: "",
        other: `${LABELS.bridge} ${bytes(growth("bridge", 1))}, without it ${bytes(growth("bridge", 0))}`,
        ratio: times(growth("bridge", 1), growth("bridge", 0)),
      },
      {
        inReadme: true,
        what: "p99 of the neighbours of a wedged client",
        relay: `${short(p99("v2", 1))} ms`,
        other: `without it ${short(p99("v2", 0))} ms`,
        ratio: times(p99("v2", 1), p99("v2", 0)),
      },
    ],
  };
}

async function load({ ground, quick }: Bench, name: "v2" | "bridge", stuck: number): Promise<Pass> {
  const { swarm } = ground;
  await ground.renew(name);
  const side = await openSide(ground, name);
  const clients = quick ? 10 : CLIENTS;
  const marks = quick ? 100 : EVENTS[name];
  const subject = ground.newSubject();
  await swarm.cut();
  await swarm.open({ ...side.dial(subject, clients), wedged: stuck });
  await swarm.begin({ clients: clients - stuck, marks, step: marks, latency: true });
  await delay(SETTLE_MS);
  const startBytes = residentBytes(side.pid);
  const peak = watchPeak(side.pid);
  await atRate(side.source(subject, BYTES), PER_SECOND, marks);
  await swarm.reached(marks, DRAIN_MS);
  const peakBytes = peak.stop();
  const report = await swarm.report();
  const closed = await closeOf(ground, stuck);
  await swarm.cut();
  await ground.publisher.stored();
  await ground.jetstream.purge();
  return { startBytes, peakBytes, tail: report.latencyMs, wedged: closed, trouble: troubleIn(report) };
}

async function closeOf({ swarm }: Ground, stuck: number): Promise<string> {
  if (stuck === 0) return "";
  await swarm.unwedge(CLOSE_MS);
  const codes = Object.keys((await swarm.report()).wedgedClosed);
  return codes.length === 0 ? "still open" : codes.join(", ");
}

function watchPeak(pid: number): { stop(): number } {
  let peak = residentBytes(pid);
  const look = (): number => (peak = Math.max(peak, residentBytes(pid)));
  const timer = setInterval(look, SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return look();
    },
  };
}
