/** One soak from beginning to end: real broker, real workerd, real clients, and the comparison with the stream. */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Bundle } from "../bench/bundle.ts";
import { deployedObjects, WorkerdProcess } from "../bench/workerd-process.ts";
import { markdown } from "../bench/table.ts";
import { Rig } from "../support/broker/rig.ts";
import { TcpProxy } from "../support/broker/tcp-proxy.ts";
import { Broker } from "../torture/broker.ts";
import { check } from "../torture/check.ts";
import type { Client } from "../torture/client.ts";
import { Outages } from "../torture/outages.ts";
import { Probes } from "../torture/probes.ts";
import type { ViolationKind } from "../torture/story.ts";
import type { World } from "../torture/world.ts";
import { honestClients, planOf, SETTINGS, subjectOf, tokenOf } from "./crowd.ts";
import type { Flags } from "./flags.ts";
import { fill, publish, restarts, slowDown } from "./load.ts";
import { FLAT_MEANS, inMib, judgeMemory, memoryRows, type Sample } from "./memory.ts";
import { misbehave, ROGUES, type RogueKind } from "./rogues.ts";

const GREEDY_TOKEN = "soak-greedy";
const HISTORY = 20_000;
const SAMPLE_MS = 5_000;
const MAX_RESTART_EVERY_MS = 4 * 60_000;
const WATCH_MS = 500;
const CATCH_UP_MS = 120_000;
/** The broker itself collects a consumer that lost its room after a minute. */
const LEFT_OVER_MS = 75_000;

type Log = (line: string) => void;

interface Left {
  readonly count: number;
  readonly seconds: number;
}

/** Returns whether all was well. */
export async function soak({ minutes, clients, tenants }: Flags, log: Log, signal: AbortSignal): Promise<boolean> {
  const runMs = minutes * 60_000;
  await using stack = new AsyncDisposableStack();
  log("building the relay");
  const bundle = stack.use(await Bundle.build());
  const rig = stack.use(await Rig.start());
  await rig.createStream();
  const broker = stack.use(await Broker.connect(rig.server.url));
  await fill(broker, tenants, HISTORY);
  const tokens = Array.from({ length: tenants }, (_, tenant) => tokenOf(tenant));
  const vars = { ...SETTINGS, NATS_URL: rig.url, RELAY_API_TOKEN: [...tokens, GREEDY_TOKEN].join(",") };
  const relay = stack.use(
    await WorkerdProcess.start({ script: bundle.script, objects: await deployedObjects(), vars }),
  );
  const slow = await TcpProxy.start(() => relay.port);
  stack.defer(() => slow.close());

  const startedAtMs = Date.now();
  const endAtMs = startedAtMs + runMs;
  const brokerOut = new Outages(0);
  const closes = new Map<string, number>();
  const count = (who: string, code: number | null, status: number | null): void => {
    const key = `${who}: ${code ?? `refused ${status ?? "without an answer"}`}`;
    closes.set(key, (closes.get(key) ?? 0) + 1);
  };
  const world: World = {
    plan: planOf(runMs),
    broker,
    brokerOut,
    relayOut: new Outages(0),
    streamOut: new Outages(0),
    upheavals: new Outages(0),
    recreations: new Outages(0),
    wsUrl: `ws://127.0.0.1:${relay.port}`,
    token: "",
    startedAtMs,
    onEnd: ({ code, status }) => count("honest", code, status),
  };
  const life = new AbortController();
  const rogues = Math.ceil(clients / 10);
  const honest = honestClients(clients - rogues, tenants, world);
  const lives = [
    ...honest.map((client) => client.live(life.signal)),
    ...Array.from({ length: rogues }, (_, index) => {
      const kind = ROGUES[index % ROGUES.length] ?? ROGUES[0];
      const rogueWorld = {
        wsUrl: world.wsUrl,
        slowWsUrl: `ws://127.0.0.1:${slow.port}`,
        tokenOf: () => (kind === "many subjects of one credential" ? GREEDY_TOKEN : tokenOf(index % tenants)),
        subjectOf: (of: RogueKind, at: number) => subjectFor(of, at, tenants),
        onEnd: (of: RogueKind, { code, status }: { code: number | null; status: number | null }) => {
          if (!life.signal.aborted) count(of, code, status);
        },
      };
      // One that opens many subjects opens ten at once.
      const times = kind === "many subjects of one credential" ? 10 : 1;
      const all = Array.from({ length: times }, (_unused, at) =>
        misbehave(kind, index + at * rogues, rogueWorld, life.signal),
      );
      return Promise.all(all);
    }),
    slowDown(slow, life.signal),
  ];
  const watch = setInterval(() => honest.forEach((client) => client.watch()), WATCH_MS);
  stack.defer(async () => {
    clearInterval(watch);
    life.abort();
    for (const client of honest) client.stop();
    await Promise.all(lives);
  });

  log(`${honest.length} honest clients and ${rogues} others of ${tenants} tenants for ${minutes} min`);
  const samples: Sample[] = [];
  const sampling = sample(relay.pid, samples, startedAtMs, endAtMs, log, signal);
  const everyMs = Math.min(MAX_RESTART_EVERY_MS, runMs / 3);
  const [restarted] = await Promise.all([
    restarts(rig, brokerOut, everyMs, endAtMs, signal),
    publish(broker, tenants, endAtMs, signal),
    sampling,
  ]);
  while (broker.inFlight > 0) await delay(WATCH_MS, undefined, { signal });
  const { lastSeq } = await broker.position();
  const late = await catchUp(honest, lastSeq, signal);
  for (const client of late) client.story.violate("lost", `did not reach ${lastSeq}`);
  clearInterval(watch);
  life.abort();
  for (const client of honest) client.stop();
  await Promise.all(lives);

  const left = await leftOver(rig, signal);
  log("comparing with what the stream holds");
  const outcome = await check({
    plan: world.plan,
    clients: honest,
    broker,
    faults: {},
    probes: new Probes(world),
    late: new Set(late),
  });
  const verdict = judgeMemory(samples, runMs);
  const violations = (kind: ViolationKind): number =>
    honest.reduce((sum, { story }) => sum + story.violations.filter((one) => one.kind === kind).length, 0);
  const lost = violations("lost");
  const wrong = violations("repeated") + violations("order");
  const delivered = honest.reduce((sum, { ledger }) => sum + ledger.events, 0);
  console.log(`\n${markdown({ head: ["memory of workerd", "median", "most"], rows: memoryRows(samples) })}\n`);
  const rows = [
    [
      "memory",
      `${verdict.flat ? "flat" : "NOT FLAT"}: ${inMib(verdict.beforeBytes)}, then ${inMib(verdict.afterBytes)}`,
    ],
    ["events published, restarts of the broker", `${outcome.published}, ${restarted}`],
    [
      "deliveries to honest clients, reconnects",
      `${delivered}, ${honest.reduce((sum, one) => sum + one.reconnects, 0)}`,
    ],
    ["events lost", String(lost)],
    ["duplicates and events out of order", String(wrong)],
    ["other violations", String(violations("other"))],
    ["consumers left over", `${left.consumers.count} after ${left.consumers.seconds} s`],
    ["connections left over", `${left.connections.count} after ${left.connections.seconds} s`],
    ...[...closes].toSorted(([a], [b]) => a.localeCompare(b)).map(([who, times]) => [`closed, ${who}`, String(times)]),
  ];
  console.log(`${markdown({ head: ["", ""], rows })}\n\n${FLAT_MEANS}\n`);
  for (const { story, plan } of honest.filter((one) => one.story.violations.length > 0).slice(0, 5))
    console.log(`client ${plan.id}, v${plan.protocol}, ${plan.filter}\n${story.toString()}`);
  if (outcome.trouble !== null) log(outcome.trouble);
  return verdict.flat && lost + wrong + left.consumers.count + left.connections.count === 0 && outcome.trouble === null;
}

function subjectFor(kind: RogueKind, index: number, tenants: number): string {
  const tenant = index % tenants;
  if (kind === "large events over a slow link") return "cellos.events.*.large";
  if (kind === "many subjects of one credential") return `cellos.events.t${tenant}.${index % 2 === 0 ? "*" : "node"}`;
  return index % 2 === 0 ? "cellos.events.>" : subjectOf(tenant, "node");
}

async function sample(
  pid: number,
  samples: Sample[],
  startedAtMs: number,
  endAtMs: number,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (Date.now() < endAtMs) {
    await delay(SAMPLE_MS, undefined, { signal });
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const bytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    samples.push({ atMs: Date.now() - startedAtMs, bytes });
    if (samples.length % 12 === 0) log(`workerd has ${inMib(bytes)}`);
  }
}

async function catchUp(honest: readonly Client[], lastSeq: number, signal: AbortSignal): Promise<Client[]> {
  const deadline = Date.now() + CATCH_UP_MS;
  for (;;) {
    const late = honest.filter((client) => !client.hasReached(lastSeq));
    if (late.length === 0 || Date.now() > deadline) return late;
    await delay(WATCH_MS, undefined, { signal });
  }
}

/** What the relay leaves at the broker once nobody is there, and how long that took to become nothing. */
async function leftOver(
  rig: Rig,
  signal: AbortSignal,
): Promise<{ readonly consumers: Left; readonly connections: Left }> {
  const startedMs = Date.now();
  const look = async (count: () => Promise<number>): Promise<Left> => {
    for (;;) {
      const left = await count();
      const passedMs = Date.now() - startedMs;
      if (left === 0 || passedMs > LEFT_OVER_MS) return { count: left, seconds: Math.round(passedMs / 1_000) };
      await delay(1_000, undefined, { signal });
    }
  };
  const [connections, consumers] = await Promise.all([
    look(async () => (await rig.connections()).filter(({ name }) => name !== "torture").length),
    look(async () => (await rig.consumers()).length),
  ]);
  return { consumers, connections };
}
