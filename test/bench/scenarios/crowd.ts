/** Ten thousand clients that wait: that all get the next event, and what their heartbeats cost. */
import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { FIRST_MARK } from "../event-template.ts";
import type { Bench, Section } from "../section.ts";
import { openSide } from "../side.ts";
import { bytes, short } from "../table.ts";
import { troubleIn } from "../trouble.ts";
import { cpuSeconds, openFilesLimit, residentBytes } from "../usage.ts";

const CLIENTS = 10_000;
/** The runtime holds two files for a connection. */
const FILES_EACH = 2;
const OTHER_FILES = 200;
/** What the swarm opens within its time limit. */
const AT_ONCE = 1_000;
const WATCH_MS = 75_000;
const DELIVERY_MS = 30_000;
const BYTES = 300;

export async function crowd({ ground, quick, log }: Bench): Promise<Section> {
  const clients = quick ? 50 : Math.min(CLIENTS, Math.floor((openFilesLimit() - OTHER_FILES) / FILES_EACH));
  const step = Math.min(clients, AT_ONCE);
  const watchMs = quick ? 1_000 : WATCH_MS;
  const side = await openSide(ground, "v2");
  const { swarm } = ground;
  const subject = ground.newSubject();
  await swarm.open(side.dial(subject, 1));
  const emptyBytes = residentBytes(side.pid);
  await swarm.cut();
  const openedMs = nowMs();
  for (let open = 0; open < clients; open += step) {
    await swarm.open(side.dial(subject, Math.min(step, clients - open)));
  }
  const openSeconds = (nowMs() - openedMs) / 1_000;
  log(`${clients} clients open after ${short(openSeconds)} s`);
  const idleBytes = residentBytes(side.pid);

  const before = cpuSeconds([side.pid]);
  await delay(watchMs);
  const share = ((cpuSeconds([side.pid]) - before) * 1_000) / watchMs;
  log(`heartbeats of all cost ${short(share * 100)} % of a core`);

  await swarm.begin({ clients, marks: 1, step: 1, latency: false });
  const sentMs = nowMs();
  await side.source(subject, BYTES).send([FIRST_MARK]);
  await swarm.reached(1, DELIVERY_MS);
  const report = await swarm.report();
  const allMs = (report.settledAtMs ?? Number.NaN) - sentMs;
  log(`the next event reached all after ${short(allMs)} ms ${troubleIn(report)}`);
  await swarm.cut();
  const row = [
    String(clients),
    short(openSeconds),
    bytes((idleBytes - emptyBytes) / clients),
    `${short(share * 100)} %`,
    short(allMs),
    troubleIn(report),
  ];
  return {
    title: "A crowd on one subject",
    notes: [
      `${clients} v2 clients on one subject with the default settings, so in shards of a thousand, all in one process here (which may have ${openFilesLimit()} files open, two for each client). Heartbeats: CPU of the whole relay over ${watchMs / 1_000} s in which nothing is published. One pass.`,
    ],
    tables: [
      {
        head: ["clients", "open after s", "memory each", "heartbeats, of a core", "next event at all after ms", ""],
        rows: [row],
      },
    ],
    claims: [
      {
        inSummary: true,
        what: `heartbeats of ${clients} idle clients`,
        relay: `${short(share * 100)} % of a core`,
        other: "",
        ratio: "",
      },
    ],
  };
}
