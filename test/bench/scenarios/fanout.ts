/** N clients, M events: deliveries a second, and what one costs the servers. */
import { fanOut, type Run } from "../fan-out.ts";
import type { Bench, Claim, Section } from "../section.ts";
import { FAST, LABELS, openSide, SIDES, type Side, type SideName } from "../side.ts";
import { median, spread } from "../stats.ts";
import { ranged, short, times } from "../table.ts";

interface Cell {
  readonly clients: number;
  readonly bytes: number;
  readonly events: number;
}

const CELLS: readonly Cell[] = [
  { clients: 1, bytes: 300, events: 10_000 },
  { clients: 50, bytes: 300, events: 2_000 },
  { clients: 200, bytes: 300, events: 600 },
  { clients: 1_000, bytes: 300, events: 120 },
  { clients: 1, bytes: 4_096, events: 8_000 },
  { clients: 50, bytes: 4_096, events: 1_000 },
  { clients: 200, bytes: 4_096, events: 300 },
  { clients: 1_000, bytes: 4_096, events: 60 },
];
const QUICK: readonly Cell[] = [
  { clients: 1, bytes: 300, events: 1_000 },
  { clients: 20, bytes: 300, events: 200 },
];
const FASTER = 4;
const HEAD = [
  "clients",
  "payload",
  "side",
  "deliveries/s",
  "server CPU µs/delivery",
  "with the broker",
  "client load",
  "",
];

export async function fanout(bench: Bench): Promise<Section> {
  const sides: Side[] = [];
  for (const name of SIDES) sides.push(await openSide(bench.ground, name));
  // Nobody is measured cold.
  for (const side of sides) await fanOut(bench.ground, side, { clients: 20, events: 500, bytes: 300 });
  const rows: string[][] = [];
  const claims: Claim[] = [];
  for (const cell of bench.quick ? QUICK : CELLS) {
    const runs = await measure(bench, sides, cell);
    for (const { name } of sides) rows.push(row(cell, name, runs.get(name) ?? []));
    if (cell.clients === 200 || bench.quick) claims.push(...claim(cell, runs));
  }
  return {
    title: "Fan-out",
    notes: [
      `All events of a run are published as fast as the slowest client takes them, with a bound on what is under way to each: 24 MiB divided by the number of clients (16 to 768 KiB) for one frame an event, four times that for ${[...FAST].map((name) => LABELS[name]).join(", ")}. v1 clients ping now and then, because they would be cut otherwise.`,
      `Server CPU is user and system time of the process that has the clients, from the kernel; "with the broker" adds nats-server. Per-delivery numbers, so the latter were given ${FASTER} times the events.`,
      "Clients count bytes in a process of their own. A client load near 1 means that they, and not the server, were the limit.",
      "What a browser without a relay needs to resume is a JetStream consumer of its own on nats-server's WebSocket listener. A plain subscription there has no cursor and loses what it misses; the bridge has no flow control; the Durable Object that only sends has no upstream.",
    ],
    tables: [{ head: HEAD, rows }],
    claims,
  };
}

async function measure(
  { ground, rounds, log }: Bench,
  sides: readonly Side[],
  cell: Cell,
): Promise<Map<SideName, Run[]>> {
  const runs = new Map<SideName, Run[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const side of sides) {
      const events = FAST.has(side.name) ? cell.events * FASTER : cell.events;
      const run = await fanOut(ground, side, { ...cell, events });
      runs.get(side.name)?.push(run);
      log(
        `${cell.clients} x ${events} x ${cell.bytes} B, ${LABELS[side.name]}: ${short(run.perSecond)}/s ${run.trouble}`,
      );
    }
  }
  return runs;
}

function row({ clients, bytes }: Cell, name: SideName, runs: readonly Run[]): string[] {
  return [
    String(clients),
    `${bytes} B`,
    LABELS[name],
    ranged(spread(runs.map(({ perSecond }) => perSecond))),
    ranged(spread(runs.map(({ serverMicros }) => serverMicros))),
    short(median(runs.map(({ totalMicros }) => totalMicros))),
    short(median(runs.map(({ clientLoad }) => clientLoad))),
    runs.find(({ trouble }) => trouble !== "")?.trouble ?? "",
  ];
}

function claim({ clients, bytes }: Cell, runs: ReadonlyMap<SideName, readonly Run[]>): Claim[] {
  const of = (name: SideName, pick: (run: Run) => number): number => median((runs.get(name) ?? []).map(pick));
  const cpu = (name: SideName): number => of(name, ({ totalMicros }) => totalMicros);
  const rate = (name: SideName): number => of(name, ({ perSecond }) => perSecond);
  const what = `${clients} clients, ${bytes} B`;
  return [
    ...(["push", "nats", "bridge", "v1"] as const).map((other) => ({
      inSummary: bytes === 300 && other !== "v1",
      what: `deliveries/s, ${what}`,
      relay: `v2 ${short(rate("v2"))}`,
      other: `${LABELS[other]} ${short(rate(other))}`,
      ratio: times(rate("v2"), rate(other)),
    })),
    ...(["push", "nats", "bridge"] as const).map((other) => ({
      inSummary: bytes === 300,
      what: `CPU a delivery, broker included, ${what}`,
      relay: `v2 ${short(cpu("v2"))} µs`,
      other: `${LABELS[other]} ${short(cpu(other))} µs`,
      ratio: times(cpu("v2"), cpu(other)),
    })),
    {
      inSummary: bytes === 300,
      what: `deliveries/s, ${what}`,
      relay: `v1 ${short(rate("v1"))}`,
      other: `${LABELS.ceiling} ${short(rate("ceiling"))}`,
      ratio: times(rate("v1"), rate("ceiling")),
    },
  ];
}
