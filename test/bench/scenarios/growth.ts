/** Twice the clients, twice the events: does it cost twice, or more? */
import { fanOut, type Run, type Work } from "../fan-out.ts";
import type { Bench, Claim, Section } from "../section.ts";
import { LABELS, openSide, windowBytes, type SideName } from "../side.ts";
import { median } from "../stats.ts";
import { short, times } from "../table.ts";

const BASE: Readonly<Record<"v1" | "v2", { readonly clients: number; readonly events: number }>> = {
  v1: { clients: 200, events: 400 },
  v2: { clients: 200, events: 2_400 },
};
const QUICK_BASE = { clients: 20, events: 200 };
const HEAD = ["side", "clients", "events", "seconds", "time ratio", "CPU seconds", "CPU ratio", ""];

interface Shape {
  readonly clients: 1 | 2 | 4;
  readonly events: 1 | 2 | 4;
}
const SHAPES: readonly Shape[] = [
  { clients: 1, events: 1 },
  { clients: 2, events: 1 },
  { clients: 4, events: 1 },
  { clients: 1, events: 2 },
  { clients: 1, events: 4 },
];

export async function growth(bench: Bench): Promise<Section> {
  const rows: string[][] = [];
  const claims: Claim[] = [];
  for (const name of ["v1", "v2"] as const) {
    const base = bench.quick ? QUICK_BASE : BASE[name];
    const works = SHAPES.map((shape): Work => {
      const clients = base.clients * shape.clients;
      return {
        clients,
        events: base.events * shape.events,
        bytes: 300,
        windowBytes: windowBytes(name, base.clients * 4),
      };
    });
    const runs = await measure(bench, name, works);
    const cost = (at: number): Cost => costOf(runs[at] ?? []);
    for (const [at, work] of works.entries()) {
      const { seconds, cpu } = cost(at);
      const ratios = [short(seconds), times(seconds, cost(0).seconds), short(cpu), times(cpu, cost(0).cpu)];
      rows.push([
        LABELS[name],
        String(work.clients),
        String(work.events),
        ...ratios,
        runs[at]?.find((r) => r.trouble)?.trouble ?? "",
      ]);
    }
    for (const [at, what] of [
      [2, "clients"],
      [4, "events"],
    ] as const) {
      const [once, often] = [cost(0).seconds, cost(at).seconds];
      claims.push({
        what: `time for 4 times the ${what} (4 is linear)`,
        relay: `${name} ${short(often)} s`,
        other: `${name} ${short(once)} s`,
        ratio: times(often, once),
      });
    }
  }
  return {
    title: "Growth",
    notes: [
      "The same fan-out at 1, 2 and 4 times the clients or the events, all with the same bound on what is under way to a client. A ratio equal to the factor is linear growth.",
    ],
    tables: [{ head: HEAD, rows }],
    claims,
  };
}

interface Cost {
  readonly seconds: number;
  readonly cpu: number;
}

function costOf(runs: readonly Run[]): Cost {
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpu: median(runs.map(({ seconds, perSecond, totalMicros }) => (seconds * perSecond * totalMicros) / 1e6)),
  };
}

async function measure({ ground, rounds, log }: Bench, name: SideName, works: readonly Work[]): Promise<Run[][]> {
  const side = await openSide(ground, name);
  await fanOut(ground, side, { clients: 20, events: 500, bytes: 300 });
  const runs = works.map((): Run[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, work] of works.entries()) {
      const run = await fanOut(ground, side, work);
      runs[at]?.push(run);
      log(`${LABELS[name]}, ${work.clients} x ${work.events}: ${short(run.seconds)} s ${run.trouble}`);
    }
  }
  return runs;
}
