/**
 * A room that hears no alarm any more: it may have been replaced, and only its storage would say so (U5). And one whose
 * clock is set back.
 */
import { runInDurableObject } from "cloudflare:test";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { configure, joinRoom, roomOf, type Stub } from "./room-stub.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { until } from "../support/until.ts";
import { startRig } from "../support/workerd.ts";

const FENCE_MS = 150_000;

let rig: Awaited<ReturnType<typeof startRig>>;

beforeAll(async () => {
  rig = await startRig();
  await rig.createStream();
  configure({ NATS_URL: rig.url, HEARTBEAT_SECONDS: "1" });
});
afterEach(() => vi.useRealTimers());
afterAll(() => rig.stop());

const hasWritten = (stub: Stub): Promise<boolean> =>
  runInDurableObject(stub, async (_, { storage }) => (await storage.list()).size > 0);

test("[U5] a room writes to its storage once no alarm has come for 150 s, and not before", async () => {
  const subject = "cellos.events.fence";
  const follower = await joinRoom(subject, 2);
  const stub = roomOf(subject);
  const beats = async (count: number): Promise<void> => {
    const target = follower.beats.length + count;
    await until("the heart beats", () => follower.beats.length >= target);
  };
  await beats(1);
  await runInDurableObject(stub, (room) => void Reflect.set(room, "alarm", () => {}));
  await beats(2);
  expect(await hasWritten(stub)).toBe(false);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + FENCE_MS });
  await beats(1);
  expect(await hasWritten(stub)).toBe(true);
  follower.socket.close(1000);
});

test("[P11] [W8] [W12] a clock set back by an hour: the heart beats on, the alarm is set anew, the broker is reached again", async () => {
  const subject = "cellos.events.set-back";
  const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
  const stub = roomOf(subject);
  const beats = (): Promise<unknown[]> => Promise.all(followers.map((follower) => follower.beat()));
  let rings = 0;
  await beats();
  // The clock of the runtime is not set back with that of the room: an alarm set anew rings at once.
  await runInDurableObject(stub, async (room, { storage }) => {
    Reflect.set(room, "alarm", () => void rings++);
    await storage.setAlarm(Date.now() + 3_600_000);
  });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3_600_000, shouldAdvanceTime: true });
  await beats();
  await until("the alarm was set anew", () => rings > 0);
  await beats();
  await rig.act("kill");
  await beats();
  await rig.act("start");
  const [seq = 0] = await rig.publish([{ subject, data: cloudEvent() }]);
  for (const follower of followers) {
    await follower.reaches(seq, 30_000);
    expect([follower.seqs, follower.faults]).toEqual([[seq], []]);
    follower.socket.close(1000);
  }
});
