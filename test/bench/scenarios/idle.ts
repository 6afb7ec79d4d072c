/** What one client that only waits costs in memory. */
import { setTimeout as delay } from "node:timers/promises";
import type { Bench, Section } from "../section.ts";
import { LABELS, openSide, type SideName } from "../side.ts";
import { bytes, times } from "../table.ts";
import { residentBytes } from "../usage.ts";

const COMPARED: readonly SideName[] = ["v2", "nats", "bridge"];
const ROOM = 1_000;
const SETTLE_MS = 1_500;

export async function idle({ ground, quick, log }: Bench): Promise<Section> {
  const room = quick ? 50 : ROOM;
  const rows: string[][] = [];
  const each = new Map<SideName, number>();
  for (const name of COMPARED) {
    const side = await openSide(ground, name);
    await ground.swarm.cut();
    await ground.swarm.open(side.dial(ground.newSubject(), 1));
    await delay(SETTLE_MS);
    const resident = [residentBytes(side.pid)];
    for (let rooms = 1; rooms <= 2; rooms += 1) {
      await ground.swarm.open(side.dial(ground.newSubject(), room));
      await delay(SETTLE_MS);
      resident.push(residentBytes(side.pid));
    }
    await ground.swarm.cut();
    const [none = Number.NaN, , all = Number.NaN] = resident;
    const one = (all - none) / (2 * room);
    each.set(name, one);
    rows.push([LABELS[name], ...resident.map(bytes), bytes(one)]);
    log(`${LABELS[name]}: ${bytes(one)} for each idle client`);
  }
  const of = (name: SideName): number => each.get(name) ?? Number.NaN;
  return {
    title: "Memory of idle clients",
    notes: [
      `Resident memory of the server process with 1, ${room} and ${2 * room} clients that get nothing, in rooms of ${room}; one pass, since memory is not given back.`,
    ],
    tables: [{ head: ["side", "1 client", `${room} clients`, `${2 * room} clients`, "each"], rows }],
    claims: (["nats", "bridge"] as const).map((other) => ({
      inSummary: true,
      what: "memory of an idle client",
      relay: bytes(of("v2")),
      other: `${LABELS[other]} ${bytes(of(other))}`,
      ratio: times(of("v2"), of(other)),
    })),
  };
}
