/** Where the relay's own time goes during a fan-out: self time by function, printed and not kept. */
import { fanOut } from "../fan-out.ts";
import { Profiler } from "../profiler.ts";
import type { Bench, Section } from "../section.ts";
import { LABELS, openSide } from "../side.ts";
import { short } from "../table.ts";

const TOP = 20;
const EVENTS = { v1: 1_000, v2: 20_000 };

export async function profile({ ground, quick, log }: Bench): Promise<Section> {
  const { inspector } = await ground.relay(true);
  const tables = [];
  for (const name of ["v1", "v2"] as const) {
    const side = await openSide(ground, name);
    await fanOut(ground, side, { clients: 20, events: 500, bytes: 300 });
    await using profiler = await Profiler.connect(inspector ?? "");
    await profiler.start();
    const clients = quick ? 20 : 200;
    const run = await fanOut(ground, side, { clients, events: quick ? 200 : EVENTS[name], bytes: 300 });
    const top = (await profiler.stop()).slice(0, TOP);
    log(`${LABELS[name]}: ${short(run.perSecond)} deliveries/s under the profiler ${run.trouble}`);
    tables.push({
      head: [LABELS[name], "self ms", "share"],
      rows: top.map(({ name: what, millis, share }) => [what, short(millis), `${short(share * 100)} %`]),
    });
  }
  return {
    title: "Profile",
    notes: [`200 clients; "(program)" is native work: queues, sockets, encoding. Line numbers are the bundle's.`],
    tables,
    claims: [],
  };
}
