/** Publish to client, at rates a room should bear and at one it may not. */
import { together, timedRun, type Pace, type Timed } from "../latency-run.ts";
import type { Bench, Claim, Section } from "../section.ts";
import { LABELS, openSide, type Side, type SideName } from "../side.ts";
import { spread } from "../stats.ts";
import { ranged, short, times } from "../table.ts";

const COMPARED: readonly SideName[] = ["v1", "v2", "ceiling", "push", "nats", "bridge", "sdk", "nats.ws"];
const RATES = [50, 500, 2_000];
const CLIENTS = 100;
const SECONDS = 3;
/** v2 sends no more of them to a client: one each BATCH_MS. */
const FRAMES_PER_SECOND = 200;
const HEAD = ["events/s", "side", "p50 ms", "p99 ms", "p99.9 ms", "p99 of all rounds", ""];

export async function latency(bench: Bench): Promise<Section> {
  const { ground, quick, log } = bench;
  const sides: Side[] = [];
  for (const name of COMPARED) sides.push(await openSide(ground, name));
  const paces = (quick ? [50, 200] : RATES).map((perSecond): Pace => {
    return { clients: quick ? 10 : CLIENTS, bytes: 300, perSecond, seconds: quick ? 1 : SECONDS };
  });
  for (const side of sides) await timedRun(ground, side, { clients: 10, bytes: 300, perSecond: 200, seconds: 1 });
  const rows: string[][] = [];
  const claims: Claim[] = [];
  for (const pace of paces) {
    const runs = new Map<SideName, Timed[]>(COMPARED.map((name) => [name, []]));
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const side of sides) {
        const run = await timedRun(ground, side, side.name === "ceiling" ? asFrames(pace) : pace);
        runs.get(side.name)?.push(run);
        log(
          `${pace.perSecond}/s, ${LABELS[side.name]}: p50 ${short(run.tail.p50)} p99 ${short(run.tail.p99)} ${run.trouble}`,
        );
      }
    }
    for (const name of COMPARED) rows.push(row(pace, name, runs.get(name) ?? []));
    claims.push(...claim(pace, runs));
  }
  return {
    title: "Latency",
    notes: [
      `${CLIENTS} clients, 300 B, ${SECONDS} s a run. Time from the publisher's write to the client's read, by the kernel's monotonic clock that both processes share. The same client process reads every side.`,
      "nats-server's subscribers get core NATS messages, which do not wait for the stream; the relay and the bridge read the stream.",
      "The Durable Object that only sends is asked by a request for each frame, and gets as many as v2 sends, and as large: what a Worker without upstream, cursors and flow control would do.",
      "EventStream and nats.ws (an ordered consumer each) are what a page would run, JSON parsed, all of them in one process: what they cost the reader is part of what is measured there. The other clients only count.",
      "Clients that were closed, or not served within 8 s of the last event, are named in the last column: that rate was too much.",
    ],
    tables: [{ head: HEAD, rows }],
    claims,
  };
}

/** The pace of v2's frames. */
function asFrames(pace: Pace): Pace {
  const perSecond = Math.min(pace.perSecond, FRAMES_PER_SECOND);
  return { ...pace, perSecond, bytes: Math.round((pace.bytes * pace.perSecond) / perSecond) };
}

function row({ perSecond }: Pace, name: SideName, runs: readonly Timed[]): string[] {
  const { tail, trouble } = together(runs);
  const p99 = ranged(spread(runs.map((run) => run.tail.p99)));
  return [String(perSecond), LABELS[name], short(tail.p50), short(tail.p99), short(tail.p999), p99, trouble];
}

function claim({ perSecond }: Pace, runs: ReadonlyMap<SideName, readonly Timed[]>): Claim[] {
  const p99 = (name: SideName): number => together(runs.get(name) ?? []).tail.p99;
  const pairs = (["ceiling", "push", "nats", "bridge"] as const).map((other): [SideName, SideName] => ["v2", other]);
  return [...pairs, ["sdk", "nats.ws"] as const].map(([relay, other]) => ({
    inSummary: perSecond === 500,
    what: `p99 publish to client, ${perSecond} events/s`,
    relay: `${LABELS[relay].replace("relay ", "")} ${short(p99(relay))} ms`,
    other: `${LABELS[other]} ${short(p99(other))} ms`,
    ratio: times(p99(relay), p99(other)),
  }));
}
