/** What a window may say: an operator's removal is honoured, and an idle room asks first (W19). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Client } from "../support/world.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

const SUBJECT = "cellos.events.purge.x";

/** A room whose window holds ten events, under a client that stays. */
async function warm(): Promise<{ world: World; stays: Client; seqs: number[] }> {
  const world = await World.start();
  const stays = await world.join(SUBJECT, 2);
  const seqs = await world.publish(SUBJECT, 10);
  await stays.reaches(seqs[9] ?? 0);
  return { world, stays, seqs };
}

async function beats(follower: Client, count: number): Promise<void> {
  const before = follower.beats.length;
  await until(`${count} heartbeats went by`, () => follower.beats.length >= before + count);
}

describe.concurrent("the window", () => {
  test.each([
    ["one message from between others", (world: World, seqs: number[]) => world.rig.deleteMessage(seqs[4] ?? 0), [4]],
    ["everything below a seq", (world: World, seqs: number[]) => world.rig.purge(seqs[3]), [0, 1, 2]],
    ["one subject", (world: World) => world.rig.jetstream.purgeSubject(SUBJECT), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ] as const)("[W19] %s: with the next heartbeat nobody gets it", async (_, remove, gone) => {
    const { world, stays, seqs } = await warm();
    await using _world = world;
    const [elsewhere = 0] = await world.publish("cellos.events.purge.y", 1);
    await remove(world, seqs);
    await beats(stays, 2);
    const [next = 0] = await world.publish(SUBJECT, 1);
    const left = [...seqs.filter((_seq, index) => !(gone as readonly number[]).includes(index)), next];
    const both = await world.joinMany(2, "cellos.events.purge.>", { since: 0 });
    for (const follower of await world.joinMany(2, SUBJECT, { since: 0 })) {
      await follower.reaches(next);
      expect([follower.seqs, follower.faults]).toEqual([left, []]);
    }
    for (const follower of both) {
      await follower.reaches(next);
      expect(follower.seqs).toEqual([...left, elsewhere].toSorted((a, b) => a - b));
    }
    expect([stays.seqs, stays.faults]).toEqual([[...seqs, next], []]);
  });

  test("[W2] [W19] [JS-26] a purge of another subject takes nothing from those that are behind", async () => {
    await using world = await World.start({ vars: { WINDOW_BYTES: "1000", MAX_UNREAD_BYTES: "65536" } });
    const last = await world.publishMany(SUBJECT, 3_000, { padBytes: 500 });
    await world.publish("cellos.events.purge.y", 5);
    const behind = await Promise.all(
      [SUBJECT, "cellos.events.purge.>"].flatMap((subject) =>
        ([1, 2] as const).map((version) => world.join(subject, version, { since: 0, acks: false })),
      ),
    );
    const stuck = behind.filter(({ version }) => version === 2);
    for (const client of stuck) await until("it has begun", () => client.seqs.length > 10);
    // By then the replays have brought all that they may.
    await delay(500);
    await world.rig.jetstream.purgeSubject("cellos.events.purge.y");
    const [next = 0] = await world.publish(SUBJECT, 1);
    for (const client of stuck) client.startAcks();
    const all = [...Array.from({ length: last }, (_seq, index) => index + 1), next];
    for (const client of behind) {
      await client.reaches(next);
      // What of the purged subject a client had read before is no fault.
      expect([client.seqs.filter((seq) => seq <= last || seq === next), client.faults]).toEqual([all, []]);
    }
  });

  test("[W19] [W6] [V3] an idle room asks the stream before its window serves anybody", async () => {
    await using world = await World.start();
    const { rig } = world;
    const leaving = await world.join(SUBJECT, 2);
    const old = await world.publish(SUBJECT, 10);
    await leaving.reaches(old[9] ?? 0);
    leaving.socket.close(1000);
    await until("the room is idle", async () => (await rig.connections()).length === 0);
    const unread = await world.publish(SUBJECT, 20);
    const behind = await world.join(SUBJECT, 2, { since: old[9] ?? 0 });
    expect(await behind.socket.type("welcome")).toMatchObject({ live: false });
    await behind.reaches(unread[19] ?? 0);
    expect([behind.seqs, behind.faults]).toEqual([unread, []]);
    behind.socket.close(1000);
    await until("the room is idle again", async () => (await rig.connections()).length === 0);
    await rig.deleteStream();
    await rig.createStream();
    const made = await world.publish(SUBJECT, 40);
    const joined = await world.join(SUBJECT, 2, { since: made[14] ?? 0 });
    await joined.reaches(made[39] ?? 0);
    expect([joined.seqs, joined.faults]).toEqual([made.slice(15), []]);
  });
});
