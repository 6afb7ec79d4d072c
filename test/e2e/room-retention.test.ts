/** Cursors below what the stream still has (W5), and since=0, which is none (W4). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import type { Follower } from "../support/wire/follower.ts";
import type { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const SUBJECT = "cellos.events.retention.x";

/** Told that its cursor is gone, with the right floor, and sent nothing after the gap. */
async function expectExhausted(follower: Follower, oldest: number, received: readonly number[]): Promise<void> {
  expect(await follower.socket.closed()).toEqual({ code: 4410, reason: "retention-exhausted", wasClean: true });
  const problem = {
    type: "/problems/ws/retention-exhausted",
    title: "Cursor older than stream retention",
    oldest_seq: oldest,
  };
  const told = follower.version === 1 ? problem : { type: "problem", problem };
  expect(follower.socket.received.at(-1)?.frame).toEqual(told);
  expect(follower.seqs).toEqual(received);
  expect(follower.faults).toEqual([]);
}

describe.concurrent("retention", () => {
  test.each([
    ["the middle: what is next is gone", (rig: Rig, seqs: number[]) => rig.purge(seqs[10]), 10],
    ["all of it", (rig: Rig) => rig.purge(), 20],
  ])("[W5] [W12] while the relay was cut off the stream lost %s", async (_, purge, firstKept) => {
    await using world = await World.start();
    const followers = await world.joinMany(6, SUBJECT);
    const before = await world.publish(SUBJECT, 5);
    await Promise.all(followers.map((follower) => follower.reaches(before[4] ?? 0)));
    await world.rig.act("refuse");
    const missed = await world.publish(SUBJECT, 20);
    await purge(world.rig, missed);
    await world.rig.act("heal");
    const oldest = (missed[0] ?? 0) + firstKept;
    await Promise.all(followers.map((follower) => expectExhausted(follower, oldest, before)));
    const next = await world.joinMany(2, SUBJECT);
    const [last = 0] = await world.publish(SUBJECT, 1);
    for (const follower of next) {
      await follower.reaches(last);
      expect(follower.seqs).toEqual([last]);
    }
  });

  test("[W5] [W12] what was removed was delivered before: nobody is told anything", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(4, SUBJECT);
    const before = await world.publish(SUBJECT, 10);
    await Promise.all(followers.map((follower) => follower.reaches(before[9] ?? 0)));
    await world.rig.act("refuse");
    await world.rig.purge();
    await world.rig.act("heal");
    const after = await world.publish(SUBJECT, 3);
    await Promise.all(followers.map((follower) => follower.reaches(after[2] ?? 0)));
    for (const { seqs, faults } of followers) expect([seqs, faults]).toEqual([[...before, ...after], []]);
  });

  test("[W5] [JS-2] a since below the floor is told so before any event, one at the floor is served", async () => {
    await using world = await World.start({ stream: { maxMessages: 100 }, vars: { WINDOW_BYTES: "1000" } });
    const last = await world.publishMany(SUBJECT, 300);
    const oldest = last - 99;
    for (const warm of [false, true]) {
      if (warm) await world.join(SUBJECT, 1);
      for (const version of [1, 2] as const) {
        await expectExhausted(await world.join(SUBJECT, version, { since: oldest - 2 }), oldest, []);
        await expectExhausted(await world.join(SUBJECT, version, { since: 1 }), oldest, []);
        const served = await world.join(SUBJECT, version, { since: oldest - 1 });
        await served.reaches(last);
        expect(served.seqs).toHaveLength(100);
        expect(served.faults).toEqual([]);
        const { epoch } = (await (await world.join(SUBJECT, 2)).socket.type("welcome")) as { epoch: string };
        await expectExhausted(await world.join(SUBJECT, version, { since: 0, epoch }), oldest, []);
      }
    }
  });

  test("[W5] the window may still cover what retention has removed", async () => {
    // Until the next heartbeat (W19).
    await using world = await World.start({ stream: { maxMessages: 10 }, vars: { HEARTBEAT_SECONDS: "60" } });
    const follower = await world.join(SUBJECT, 1);
    const seqs: number[] = [];
    for (let n = 0; n < 5; n++) {
      seqs.push(...(await world.publish(SUBJECT, 10)));
      await follower.reaches(seqs.at(-1) ?? 0);
    }
    const late = await world.join(SUBJECT, 2, { since: seqs[4] ?? 0 });
    await late.reaches(seqs[49] ?? 0);
    expect(late.seqs).toEqual(seqs.slice(5));
  });

  test("[W5] [P10] a path that holds its bytes longer than the stream its events: whoever missed one is told", async () => {
    // A long period, so that the path is not taken for a dead one.
    await using world = await World.start({ stream: { maxAgeMs: 2_000 }, vars: { HEARTBEAT_SECONDS: "20" } });
    const followers = await world.joinMany(2, SUBJECT);
    const seqs: number[] = await world.publish(SUBJECT, 1);
    await Promise.all(followers.map((follower) => follower.reaches(seqs[0] ?? 0)));
    await world.rig.act("blackhole");
    const heldAt = Date.now();
    while (Date.now() - heldAt < 7_000) {
      const [ours] = await Promise.all([world.publish(SUBJECT, 40), world.publish("cellos.events.retention.y", 20)]);
      seqs.push(...ours);
      await delay(150);
    }
    await world.rig.act("heal");
    for (const follower of followers) {
      await until(
        "it has everything, or was told",
        () => follower.socket.isClosed || follower.seqs.at(-1) === seqs.at(-1),
      );
      expect(follower.seqs).toEqual(seqs.slice(0, follower.seqs.length));
      if (follower.seqs.length < seqs.length)
        expect(await follower.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
      expect(follower.faults).toEqual([]);
    }
  });

  test("[W5] [W2] a stream that forgets as soon as it has heard: whoever missed an event is told, at the head too", async () => {
    await using world = await World.start({ stream: { maxMessages: 20 } });
    const followers = await world.joinMany(4, "cellos.events.>");
    const [first = 0] = await world.publish(SUBJECT, 1);
    await Promise.all(followers.map((follower) => follower.reaches(first)));
    const last = await world.publishMany(SUBJECT, 3_000, { padBytes: 200 });
    for (const follower of followers) {
      await until("everything has come, or a word", () => follower.socket.isClosed || (follower.cursor ?? 0) >= last);
      expect(follower.seqs, "without a hole").toEqual(follower.seqs.map((_, index) => first + index));
      const missed = follower.seqs.at(-1) !== last;
      if (missed) expect(await follower.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
      expect(follower.faults).toEqual([]);
    }
  });

  test("[W5] [JS-3] after a purge since at last works, older is told so", async () => {
    await using world = await World.start({ vars: { WINDOW_BYTES: "1" } });
    const last = await world.publishMany(SUBJECT, 50);
    await world.rig.purge();
    const at = await world.joinMany(2, SUBJECT, { since: last });
    const below = await world.joinMany(2, SUBJECT, { since: last - 1 });
    for (const follower of below) await expectExhausted(follower, last + 1, []);
    const seqs = await world.publish(SUBJECT, 3);
    for (const follower of at) {
      await follower.reaches(seqs[2] ?? 0);
      expect(follower.seqs).toEqual(seqs);
    }
  });

  test.each([
    ["empty", 0, async () => {}],
    ["purged", 30, (rig: Rig) => rig.purge()],
    ["trimmed", 30, (rig: Rig) => rig.purge(21)],
    [
      "holed",
      30,
      async (rig: Rig) => [await rig.deleteMessage(1), await rig.deleteMessage(2), await rig.deleteMessage(9)],
    ],
  ])("[W4] since=0 on an %s stream starts at the oldest there is", async (_, count, prepare) => {
    await using world = await World.start();
    if (count > 0) await world.publishMany(SUBJECT, count);
    await prepare(world.rig);
    const state = await world.rig.streamState();
    const old = await world.joinMany(2, SUBJECT, { since: 0 });
    const fresh = await world.publish(SUBJECT, 2);
    const late = await world.joinMany(2, SUBJECT, { since: 0 });
    for (const follower of [...old, ...late]) {
      await follower.reaches(fresh[1] ?? 0);
      expect(follower.seqs).toHaveLength(state.messages + 2);
      if (state.messages > 0) expect(follower.seqs[0]).toBe(state.firstSeq);
      expect(follower.faults).toEqual([]);
    }
  });

  test("[W5] [U1] [JS-6] retention overtakes a replay that waits for its reader: told so, and nothing after the gap", async () => {
    await using world = await World.start({
      stream: { maxMessages: 4_000 },
      vars: { WINDOW_BYTES: "10000", MAX_UNREAD_BYTES: "65536" },
    });
    await world.publishMany(SUBJECT, 3_000, { padBytes: 500 });
    const slow = await world.join(SUBJECT, 2, { since: 0, acks: false });
    const fast = await world.join(SUBJECT, 1, { since: 0 });
    await until("the slow one has begun", () => slow.seqs.length > 0);
    await fast.reaches(3_000);
    let last = 3_000;
    while (last < 9_000) {
      last = await world.publishMany(SUBJECT, 1_000, { padBytes: 500 });
      await fast.reaches(last);
    }
    slow.startAcks();
    await slow.socket.closed();
    const contiguous = slow.seqs.every((seq, index) => seq === index + 1);
    expect(contiguous).toBe(true);
    expect(await slow.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
    expect(fast.faults).toEqual([]);
  });
});
