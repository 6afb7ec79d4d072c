/** One client among many that stops reading: what it costs the server, and what its neighbours notice. */
import { setTimeout as delay } from "node:timers/promises";
import type { Ground } from "../ground.ts";
import { atRate } from "../metronome.ts";
import type { Bench, Claim, Section } from "../section.ts";
import { LABELS, openSide } from "../side.ts";
import type { Tail } from "../stats.ts";
import { troubleIn } from "../trouble.ts";
import { bytes, short, times } from "../table.ts";
import { residentBytes } from "../usage.ts";

const BYTES = 20_000;
const HEAD = [
  "side",
  "clients",
  "events",
  "wedged",
  "memory warmed up",
  "peak",
  "growth",
  "p50 ms",
  "p99 ms",
  "its close",
  "",
];
const SAMPLE_MS = 100;
const DRAIN_MS = 15_000;
const CLOSE_MS = 10_000;
const SETTLE_MS = 500;
interface Load {
  readonly name: "v2" | "bridge";
  readonly clients: number;
  readonly events: number;
  readonly perSecond: number;
}

/** A minute each. The bridge has no rule that takes a minute to apply: its growth is the same from the first event on. */
const LOADS: readonly Load[] = [
  { name: "v2", clients: 50, events: 10_000, perSecond: 167 },
  { name: "v2", clients: 200, events: 1_500, perSecond: 25 },
  { name: "bridge", clients: 50, events: 3_000, perSecond: 167 },
];
const QUICK = { clients: 10, events: 100, perSecond: 167 };

interface Pass {
  /** What the process came to hold in a run before, with the same load and nobody wedged. */
  readonly warmBytes: number;
  readonly peakBytes: number;
  readonly tail: Tail;
  readonly wedged: string;
  readonly trouble: string;
}

export async function wedged(bench: Bench): Promise<Section> {
  const rows: string[][] = [];
  const claims: Claim[] = [];
  for (const load of LOADS.map((full) => (bench.quick ? { ...full, ...QUICK } : full))) {
    await bench.ground.renew(load.name);
    const { peakBytes } = await pass(bench, load, 0, Number.NaN);
    const without = await pass(bench, load, 0, peakBytes);
    const withOne = await pass(bench, load, 1, Math.max(peakBytes, without.peakBytes));
    rows.push(row(load, 0, without), row(load, 1, withOne));
    claims.push(...claim(load, without, withOne));
  }
  return {
    title: "One wedged client",
    notes: [
      `Events of ${BYTES} B, none or one of the clients wedged: it stops reading for good as soon as it is connected. One pass each. Percentiles are the neighbours'.`,
      "The first run of such a load makes any process larger, whoever reads: garbage is collected when it pays. So every process has run once with nobody wedged, and growth is what comes on top of that.",
      "The last but one column is what the wedged client read when it was allowed to at the end.",
    ],
    tables: [{ head: HEAD, rows }],
    claims,
  };
}

function row({ name, clients, events, perSecond }: Load, stuck: number, done: Pass): string[] {
  const { tail, warmBytes, peakBytes, wedged: close, trouble } = done;
  const memory = [bytes(warmBytes), bytes(peakBytes), bytes(growth(done))];
  const work = [LABELS[name], String(clients), `${events} at ${perSecond}/s`, String(stuck)];
  return [...work, ...memory, short(tail.p50), short(tail.p99), close, trouble];
}

const growth = ({ warmBytes, peakBytes }: Pass): number => Math.max(0, peakBytes - warmBytes);

function claim({ name, clients, events }: Load, without: Pass, withOne: Pass): Claim[] {
  const what = `one wedged among ${clients}, ${events} events of 20 KB`;
  const side = name === "v2" ? "v2" : LABELS[name];
  return [
    {
      inSummary: true,
      what: `peak growth of memory, ${what}`,
      relay: `${side} ${bytes(growth(withOne))}`,
      other: `without it ${bytes(growth(without))}`,
      ratio: growth(without) > 0 ? times(growth(withOne), growth(without)) : "",
    },
    {
      inSummary: name === "v2",
      what: `p99 of the neighbours, ${what}`,
      relay: `${side} ${short(withOne.tail.p99)} ms`,
      other: `without it ${short(without.tail.p99)} ms`,
      ratio: times(withOne.tail.p99, without.tail.p99),
    },
  ];
}

async function pass({ ground, log }: Bench, load: Load, stuck: number, warmBytes: number): Promise<Pass> {
  const { name, clients, events: marks, perSecond } = load;
  const { swarm } = ground;
  const side = await openSide(ground, name);
  const subject = ground.newSubject();
  await swarm.cut();
  await swarm.open({ ...side.dial(subject, clients), wedged: stuck });
  await swarm.begin({ clients: clients - stuck, marks, step: marks, latency: true });
  await delay(SETTLE_MS);
  const peak = watchPeak(side.pid);
  await atRate(side.source(subject, BYTES), perSecond, marks);
  await swarm.reached(marks, DRAIN_MS);
  const peakBytes = peak.stop();
  const report = await swarm.report();
  const closed = await closeOf(ground, stuck);
  await swarm.cut();
  await ground.publisher.stored();
  await ground.jetstream.purge();
  const { latencyMs: tail } = report;
  log(`${LABELS[name]}, ${stuck} of ${clients} wedged: peak ${bytes(peakBytes)}, p99 ${short(tail.p99)} ms ${closed}`);
  return { warmBytes, peakBytes, tail, wedged: closed, trouble: troubleIn(report) };
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
