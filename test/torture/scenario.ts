/** One seed from beginning to end: real broker behind a proxy, real relay, real clients, and the comparison. */
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../src/dev/free-port.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Broker } from "./broker.ts";
import { engage, openPages } from "./cast.ts";
import { check } from "./check.ts";
import { Outages } from "./outages.ts";
import { SingleGround, type Ground } from "./ground.ts";
import { ClusterGround } from "./ground-cluster.ts";
import type { Participant } from "./participant.ts";
import type { Plan } from "./plan.ts";
import { Probes } from "./probes.ts";
import { publishAll, publishEpilogue } from "./publisher.ts";
import type { Outcome } from "./report.ts";
import { Sabotage } from "./sabotage.ts";
import type { World } from "./world.ts";

const TOKEN = "torture";
/** Connections that died with the relay may tell it this much later on a busy machine. */
const RELAY_LINGER_MS = 500;
/** A room that was told that there is no stream has not asked again yet. */
const STREAM_LINGER_MS = 3_000;
/** The rooms find out with a heartbeat, or when they are back at the broker; one that is behind is asked for 8 s (P5). */
const UPHEAVAL_LINGER_MS = 16_000;
/** A busy machine makes replays slow; only who comes no closer at all is stuck. */
const STUCK_MS = 30_000;
const CATCH_UP_MS = 240_000;
const WATCH_MS = 250;
const POLL_MS = 50;

export type Log = (line: string) => void;

/** Runs a plan. Throws only when the rig itself fails, or the signal ends the run; everything is stopped then too. */
export async function runScenario(plan: Plan, log: Log, signal: AbortSignal): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  log(
    `settings ${JSON.stringify(plan.settings)}, ${plan.maxMessages === null ? "no limit" : `at most ${plan.maxMessages} messages`}`,
  );
  const ground = stack.use(await startGround(plan));
  const broker = stack.use(await Broker.connect(ground.ownUrls));
  const port = await freePort();
  const pages = await openPages(plan);
  if (pages !== null) stack.use(pages);
  const vars = {
    ...plan.settings,
    NATS_URL: ground.relayUrls,
    RELAY_API_TOKEN: TOKEN,
    ...(pages === null ? {} : { ALLOWED_ORIGINS: pages.origin }),
  };
  const start = (): Promise<Relay> => startRelay({ port, vars });
  let relay = await start();
  stack.defer(() => relay.stop());

  const relayOut = new Outages(RELAY_LINGER_MS);
  const world: World = {
    plan,
    broker,
    relayOut,
    brokerOut: new Outages(0),
    streamOut: new Outages(STREAM_LINGER_MS),
    upheavals: new Outages(UPHEAVAL_LINGER_MS),
    recreations: new Outages(0),
    wsUrl: relay.wsUrl,
    token: TOKEN,
    startedAtMs: Date.now(),
  };
  const restartRelay = async (): Promise<void> => {
    const over = relayOut.begin();
    await relay.stop();
    relay = await start();
    over();
  };

  const clients = await engage(world, port, pages, stack);
  const life = new AbortController();
  const lives = Promise.all(clients.map((client) => client.live(life.signal)));
  stack.defer(async () => {
    life.abort();
    for (const client of clients) client.stop();
    await lives;
  });
  const watch = setInterval(() => clients.forEach((client) => client.watch()), WATCH_MS);
  stack.defer(() => clearInterval(watch));

  log(`torture: ${plan.events} events, ${plan.faults.length} faults`);
  const probes = new Probes(world);
  const sabotage = new Sabotage({ ground, world, probes, clients, restartRelay }, signal);
  stack.defer(() => sabotage.end());
  await Promise.all([publishAll(plan, broker, world.startedAtMs, signal), sabotage.run(plan.faults)]);
  // Whatever the last fault was, everybody must be served behind it.
  await publishEpilogue(plan, broker);

  const { lastSeq } = await broker.position();
  const which = broker.eras.length === 1 ? "" : ` of history ${broker.eras.length}`;
  log(`healed after ${Date.now() - world.startedAtMs} ms; waiting for everybody to reach ${lastSeq}${which}`);
  const waitedFromMs = Date.now();
  const late = await catchUp(clients, lastSeq, signal);
  log(`${clients.length - late.length} of ${clients.length} reached it within ${Date.now() - waitedFromMs} ms`);
  for (const client of late) client.story.violate("lost", `did not reach ${lastSeq}`);
  life.abort();
  for (const client of clients) client.stop();
  await lives;

  log(`comparing with what the stream holds`);
  const faults = sabotage.counts;
  return await check({ plan, clients, broker, faults, probes, late: new Set(late) });
}

function startGround({ cluster, maxMessages, seed }: Plan): Promise<Ground> {
  if (cluster) return ClusterGround.start(maxMessages, seed);
  return SingleGround.start(maxMessages === null ? {} : { maxMessages });
}

/** Waits until everybody has been told of `lastSeq`, as long as anybody comes closer; returns who has not. */
async function catchUp(clients: readonly Participant[], lastSeq: number, signal: AbortSignal): Promise<Participant[]> {
  const deadline = Date.now() + CATCH_UP_MS;
  let stuckAtMs = Date.now() + STUCK_MS;
  for (let before = ""; ;) {
    const late = clients.filter((client) => !client.hasReached(lastSeq));
    if (late.length === 0 || Date.now() > Math.min(deadline, stuckAtMs)) return late;
    // A cursor that was lost begins again, and comes closer none the less.
    const reached = clients.map((client) => client.reached).join();
    if (reached !== before) stuckAtMs = Date.now() + STUCK_MS;
    before = reached;
    await delay(POLL_MS, undefined, { signal });
  }
}
