/** What readers that ask where events came from cost a room, beside those that do not (H1). */
import { fanOut, type Run } from "../fan-out.ts";
import type { Bench, Section } from "../section.ts";
import { openSide } from "../side.ts";
import { median, spread } from "../stats.ts";
import { ranged, short, times } from "../table.ts";

const CLIENTS = 200;
const EVENTS = 2_400;
const BYTES = 300;
/** What subject and time add to an event of the benchmark, about. */
const MORE_BYTES = 90;
/** Under way to one client: so little that the isolate is never half full, whoever asks (B6). */
const WINDOW_BYTES = 64 * 1024;
/** How many of them ask. */
const MIXES = [
  { name: "nobody asks", share: 0, bytes: BYTES },
  { name: "one asks", share: 1 / CLIENTS, bytes: BYTES },
  { name: "half ask", share: 0.5, bytes: BYTES },
  { name: "all ask", share: 1, bytes: BYTES },
  { name: `nobody asks, ${MORE_BYTES} B more an event`, share: 0, bytes: BYTES + MORE_BYTES },
] as const;

export async function meta({ ground, rounds, quick, log }: Bench): Promise<Section> {
  const side = await openSide(ground, "v2");
  const clients = quick ? 20 : CLIENTS;
  const work = { clients, events: quick ? 200 : EVENTS, windowBytes: WINDOW_BYTES };
  // Nobody is measured cold.
  await fanOut(ground, side, { clients: 20, events: 500, bytes: BYTES, asking: 10 });
  const runs = new Map<string, Run[]>(MIXES.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, share, bytes } of MIXES) {
      const run = await fanOut(ground, side, { ...work, bytes, asking: Math.ceil(clients * share) });
      runs.get(name)?.push(run);
      log(`${name}: ${short(run.perSecond)}/s, ${short(run.serverMicros)} µs ${run.trouble}`);
    }
  }
  const of = (name: string): readonly Run[] => runs.get(name) ?? [];
  const cpu = (name: string): number => median(of(name).map(({ serverMicros }) => serverMicros));
  const rows = MIXES.map(({ name }) => [
    name,
    ranged(spread(of(name).map(({ perSecond }) => perSecond))),
    ranged(spread(of(name).map(({ serverMicros }) => serverMicros))),
    of(name).find(({ trouble }) => trouble !== "")?.trouble ?? "",
  ]);
  return {
    title: "Subject and time",
    notes: [
      `${clients} v2 clients in one room, ${BYTES} B an event, published as fast as the slowest takes them, with 64 KiB under way to each. Those that ask by meta=1 get about ${MORE_BYTES} B more an event; the last row has as much without. Each form is encoded once, and only where somebody reads it.`,
    ],
    tables: [{ head: ["clients", "deliveries/s", "server CPU µs/delivery", ""], rows }],
    claims: [
      {
        inSummary: true,
        what: `server CPU a delivery, ${clients} clients, half with meta`,
        relay: `half ask ${short(cpu("half ask"))} µs`,
        other: `nobody asks ${short(cpu("nobody asks"))} µs`,
        ratio: times(cpu("half ask"), cpu("nobody asks")),
      },
    ],
  };
}
