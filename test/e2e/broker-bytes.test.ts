/** What a room asks of its broker is bounded in bytes, and a link that is slow is not a broker that is away (P20, P22). */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { Rig } from "../support/broker/rig.ts";
import { SlowLink } from "../support/broker/slow-link.ts";
import { joinAt, startInTurn, TOKEN, World, type Client } from "../support/world.ts";

const SUBJECT = "cellos.events.bytes.x";
interface Connz {
  readonly connections: readonly { readonly name?: string; readonly pending_bytes: number }[];
}

const MIB = 1024 * 1024;
const padded = (n: number, padBytes: number): object => ({ n, pad: "x".repeat(padBytes) });

/** Publishes so many at a time: the rig must not hold them all. */
async function publishLarge(rig: Rig, count: number, padBytes: number): Promise<number[]> {
  const seqs: number[] = [];
  for (let n = 0; n < count; n++) seqs.push(...(await rig.publish([{ subject: SUBJECT, data: padded(n, padBytes) }])));
  return seqs;
}

/**
 * The most that the broker has queued for the relay until `over` settles. The relay's own memory proves nothing over a few
 * hundred megabytes: the runtime lets that much pile up before it collects.
 */
async function mostPending(rig: Rig, over: Promise<unknown>): Promise<number> {
  const state = { isOver: false };
  void over.finally(() => (state.isOver = true)).catch(() => {});
  let most = 0;
  while (!state.isOver) {
    const response = await fetch(`${rig.server.monitorUrl}/connz?limit=1024`);
    const { connections } = (await response.json()) as Connz;
    for (const { name = "", pending_bytes: pending } of connections)
      if (name.startsWith("cellos-relay")) most = Math.max(most, pending);
    await delay(20);
  }
  return most;
}

/** All of it, once and in order. */
function expectWhole(follower: Client, seqs: readonly number[]): void {
  expect([follower.seqs, follower.faults, follower.socket.isClosed]).toEqual([seqs, [], false]);
}

function expectNeverLost(follower: Client): void {
  const said = follower.socket.received.flatMap(({ frame }) => frame.upstream ?? []);
  expect(new Set(said)).toEqual(new Set(["connected"]));
}

test("[P20] [B1] [W12] of 400 events of 900 KB after an outage the broker has a few queued at a time, for one connection", async () => {
  await using world = await World.start();
  const live = await world.join(SUBJECT, 2);
  const first = await world.publish(SUBJECT, 1);
  await live.reaches(first[0] ?? 0);
  await world.rig.act("refuse");
  const seqs = [...first, ...(await publishLarge(world.rig, 400, 900_000))];
  const before = world.rig.proxy.accepted;
  await world.rig.act("heal");
  const done = live.reaches(seqs.at(-1) ?? 0, 120_000);
  const most = await mostPending(world.rig, done);
  await done;
  expectWhole(live, seqs);
  expect(most).toBeLessThan(8 * MIB);
  expect(world.rig.proxy.accepted - before).toBe(1);
}, 180_000);

test("[P20] [P22] [W12] 60 events of 1 MB over a link of 4 MB/s come over one connection and one consumer, live and by replay", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  await using link = await SlowLink.start(rig.server.port, 4_000_000);
  const url = `ws://127.0.0.1:${link.port}`;
  await using relay = await startInTurn({ NATS_URL: url, RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1" });
  const live = await joinAt(relay, SUBJECT, 2);
  const seqs = await publishLarge(rig, 60, 1_000_000);
  // All of it again for a client that comes late, while the live events are still under way: by then the window has
  // forgotten the first of them.
  await live.reaches(seqs[11] ?? 0, 60_000);
  const late = await joinAt(relay, SUBJECT, 2, { since: 0 });
  const done = Promise.all([live, late].map((follower) => follower.reaches(seqs.at(-1) ?? 0, 120_000)));
  const most = await mostPending(rig, done);
  await done;
  for (const follower of [live, late]) {
    expectWhole(follower, seqs);
    expectNeverLost(follower);
  }
  expect(most).toBeLessThan(8 * MIB);
  expect(link.accepted).toBe(1);
}, 180_000);
