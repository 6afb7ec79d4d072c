/** A room that loses its memory while its sockets live on: hibernation, as the runtime does it (W12, W8, V10). */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Follower } from "../support/wire/follower.ts";
import { configure, holdTimers, isMarked, joinRoom, mark, roomOf, takeMemory, type Stub } from "./room-stub.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { until } from "../support/until.ts";
import { startRig } from "../support/workerd.ts";

let rig: Awaited<ReturnType<typeof startRig>>;

beforeAll(async () => {
  holdTimers();
  rig = await startRig();
  await rig.createStream();
  configure({ NATS_URL: rig.url, HEARTBEAT_SECONDS: "3", WINDOW_BYTES: "20000", MAX_UNREAD_BYTES: "65536" });
});
afterAll(() => rig.stop());

const publish = (subject: string, count: number): Promise<number[]> =>
  rig.publish(Array.from({ length: count }, (_, n) => ({ subject, data: cloudEvent({ n }) })));

/** Takes the memory of a room whose broker is gone. */
async function sleep(stub: Stub): Promise<void> {
  await mark(stub);
  await takeMemory(stub);
  expect(await isMarked(stub)).toBe(false);
}

async function expectAll(followers: readonly Follower[], seqs: readonly number[]): Promise<void> {
  for (const follower of followers) {
    await follower.reaches(seqs.at(-1) ?? 0, 20_000);
    expect(follower.seqs, String(follower)).toEqual(seqs);
    expect(follower.faults, String(follower)).toEqual([]);
    expect(follower.socket.isClosed).toBe(false);
  }
}

describe("a room that slept", () => {
  test("[W12] [V10] [H1] [DO-1] [DO-3] live clients of both versions lose nothing and get nothing twice, several times over", async () => {
    const subject = "cellos.events.sleep.live";
    const stub = roomOf(subject);
    const asking = await joinRoom(subject, 2, { meta: true });
    const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2), asking];
    const seqs = await publish(subject, 5);
    await expectAll(followers, seqs);
    for (let round = 0; round < 2; round++) {
      seqs.push(...(await publish(subject, 30)));
      await rig.act("kill");
      await sleep(stub);
      const asleep = followers.map(({ beats }) => beats.length);
      await until("the alarm brings heartbeats", () => followers.every((f, n) => f.beats.length > (asleep[n] ?? 0)));
      await rig.act("start");
      seqs.push(...(await publish(subject, 10)));
      await expectAll(followers, seqs);
    }
    for (const { socket } of followers) socket.close(1000);
  });

  test("[W12] [V10] [B1] [DO-17] a client in the middle of a catch-up goes on where it was, once it acknowledges", async () => {
    const subject = "cellos.events.sleep.replay";
    const stub = roomOf(subject);
    const seqs = Array.from({ length: 2_000 }, (_, index) => index);
    const last = await rig.publishMany(2_000, { subject, padBytes: 300 });
    const expected = seqs.map((index) => last - 1_999 + index);
    const since = (expected[0] ?? 0) - 1;
    const live = await joinRoom(subject, 1);
    const replaying = await joinRoom(subject, 2, { since, acks: false });
    const started = await joinRoom(subject, 1, { since });
    await until("it has begun and owes a ping", () => replaying.seqs.length > 50);
    await rig.act("kill");
    await sleep(stub);
    const read = replaying.seqs.length;
    expect(read).toBeLessThan(expected.length);
    await rig.act("start");
    const [next = 0] = await publish(subject, 1);
    await live.reaches(next, 20_000);
    await live.beat();
    // It has proven nothing, so the sleep gave it nothing more to read.
    expect(replaying.seqs.length).toBe(read);
    replaying.startAcks();
    await expectAll([replaying, started], [...expected, next]);
    expect(live.seqs).toEqual([next]);
    const caughtUp = (): number => replaying.socket.received.filter(({ frame }) => frame.type === "caught-up").length;
    await until("it is told that it has caught up", () => caughtUp() > 0);
    expect(caughtUp()).toBe(1);
    for (const { socket } of [live, replaying, started]) socket.close(1000);
  });

  test("[W6] [W5] what became of the stream meanwhile is told to who slept through it", async () => {
    const subject = "cellos.events.sleep.lost";
    const stub = roomOf(subject);
    const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
    const seqs = await publish(subject, 3);
    await expectAll(followers, seqs);
    await rig.act("refuse");
    await sleep(stub);
    const missed = await publish(subject, 3);
    await rig.purge(missed[2]);
    await rig.act("heal");
    for (const follower of followers) {
      expect(await follower.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
      const frame = follower.socket.received.at(-1)?.frame;
      expect((frame?.problem ?? frame)?.["oldest_seq" as "type"]).toBe(missed[2]);
      expect(follower.seqs).toEqual(seqs);
    }
  });

  test("[W14] [WD-7] a client that leaves a sleeping room is answered", async () => {
    const subject = "cellos.events.sleep.leave";
    const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
    await rig.act("refuse");
    await sleep(roomOf(subject));
    for (const { socket } of followers) {
      socket.close(4005, "enough");
      expect(await socket.closed()).toMatchObject({ code: 4005, reason: "enough" });
    }
    await rig.act("heal");
  });

  test("[W8] an alarm is always set, and nothing it does can end it", async () => {
    const subject = "cellos.events.sleep.alarm";
    const stub = roomOf(subject);
    const follower = await joinRoom(subject, 2);
    for (let n = 0; n < 3; n++) {
      expect(await runDurableObjectAlarm(stub)).toBe(true);
      const dueAtMs = await runInDurableObject(stub, (_, state) => state.storage.getAlarm());
      expect(dueAtMs).toBeGreaterThan(Date.now() - 1_000);
      expect(dueAtMs).toBeLessThan(Date.now() + 4_500);
    }
    expect(follower.faults).toEqual([]);
    follower.socket.close(1000);
  });

  test("[U4] an empty room deletes its storage and its alarm", async () => {
    const subject = "cellos.events.sleep.empty";
    const stub = roomOf(subject);
    const follower = await joinRoom(subject, 1);
    follower.socket.close(1000);
    await until("nothing is left", () =>
      runInDurableObject(stub, async (_, state) => {
        const kept = [...state.storage.kv.list()].length;
        return kept === 0 && (await state.storage.getAlarm()) === null;
      }),
    );
  });

  test("[W2] [DO-8] an object that dies takes its sockets along, and its clients resume", async () => {
    const subject = "cellos.events.sleep.abort";
    const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
    const seqs = await publish(subject, 5);
    await expectAll(followers, seqs);
    await abortAllDurableObjects();
    for (const { socket } of followers) expect((await socket.closed()).code).toBe(1006);
    const missed = await publish(subject, 5);
    const since = seqs[4] ?? 0;
    const back = [await joinRoom(subject, 1, { since }), await joinRoom(subject, 2, { since })];
    await expectAll(back, missed);
    for (const { socket } of back) socket.close(1000);
  });
});
