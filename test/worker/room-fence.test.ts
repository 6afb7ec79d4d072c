/** A room that hears no alarm any more: it may have been replaced, and only its storage would say so (U5). */
import { runInDurableObject } from "cloudflare:test";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { configure, joinRoom, roomOf, type Stub } from "./room-stub.ts";
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
