/** What only the runtime shows of a question for the status: what it leaves behind, and what it finds asleep (O4). */
import { env } from "cloudflare:workers";
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RoomStatus, StatusReport } from "../../src/protocol/status.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { get, startRig } from "../support/workerd.ts";
import { until } from "../support/until.ts";
import { configure, evict, holdTimers, isMarked, joinRoom, mark, roomOf, takeMemory, type Stub } from "./room-stub.ts";

let rig: Awaited<ReturnType<typeof startRig>>;

beforeAll(async () => {
  holdTimers();
  rig = await startRig();
  await rig.createStream();
  configure({ NATS_URL: rig.url, HEARTBEAT_SECONDS: "3" });
});
afterAll(() => rig.stop());

const publish = (subject: string, count: number): Promise<number[]> =>
  rig.publish(Array.from({ length: count }, (_, n) => ({ subject, data: cloudEvent({ n }) })));

async function statusOf(stub: Stub): Promise<RoomStatus | null> {
  const { answer } = await stub.status();
  return answer && { ...answer.room };
}

interface Trace {
  readonly stored: number;
  readonly alarmMs: number | null;
}

const traceOf = (stub: Stub): Promise<Trace> =>
  runInDurableObject(stub, async (_, { storage }) => ({
    stored: (await storage.list()).size,
    alarmMs: await storage.getAlarm(),
  }));

describe("a question for the status", () => {
  test("[O4] makes no object that was not there, in no region: nothing stored, no alarm, no place, no connection", async () => {
    const subject = "cellos.events.status.nobody";
    const before = (await listDurableObjectIds(env.LEDGER)).length;
    const connections = (await rig.connections()).length;
    for (const query of [`subject=${subject}`, `subject=${subject}&all=1`]) {
      const response = await get(`/v1/status?${query}`);
      expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
      expect(await response.json<StatusReport>()).toEqual({ subject, epoch: null, rooms: [] });
    }
    for (const region of ["anywhere", "weur", "apac-ne"]) {
      const stub = env.ROOM.getByName(`v1:${region}:${subject}#0`);
      expect(await traceOf(stub)).toEqual({ stored: 0, alarmMs: null });
      expect(await evict(stub)).toBe(true);
    }
    expect([(await listDurableObjectIds(env.LEDGER)).length, (await rig.connections()).length]).toEqual([
      before,
      connections,
    ]);
  });

  test("[O4] [U4] keeps a room that was left from nothing: it stays without storage and alarm, and sleeps", async () => {
    const subject = "cellos.events.status.left";
    const stub = roomOf(subject);
    const client = await joinRoom(subject, 2);
    expect(await statusOf(stub)).toMatchObject({ region: "test", shard: 0, clients: { v1: 0, v2: 1, stream: 0 } });
    client.socket.close(1000);
    await until("the room has closed its upstream", async () => (await statusOf(stub))?.state === "cold", 10_000);
    await until("the room has forgotten", async () => (await traceOf(stub)).stored === 0);
    expect(await traceOf(stub)).toEqual({ stored: 0, alarmMs: null });
    await mark(stub);
    await until("asked all the time, it can be evicted", async () => {
      await statusOf(stub);
      return evict(stub);
    });
    expect(await isMarked(stub)).toBe(false);
    expect(await statusOf(stub)).toBeNull();
  });

  test("[O4] tells a room that it wakes as asleep, with what it slept on, and the next time as it is then", async () => {
    const subject = "cellos.events.status.asleep";
    const stub = roomOf(subject);
    const clients = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
    const [last = 0] = (await publish(subject, 3)).slice(-1);
    for (const client of clients) await client.reaches(last);
    await rig.act("kill");
    await until("the room has noticed", async () => (await statusOf(stub))?.state === "reconnecting");
    await takeMemory(stub);
    expect(await statusOf(stub)).toMatchObject({
      state: "asleep",
      clients: { v1: 1, v2: 1, stream: 0 },
      live: 2,
      replaying: 0,
      paused: 0,
      cursor: last,
      position: last,
      lag: null,
      upstream: { state: "none", reconnects: 0, lastError: null },
    });
    expect((await statusOf(stub))?.state).toBe("reconnecting");
    await rig.act("start");
    await until("it is open again", async () => (await statusOf(stub))?.state === "live", 30_000);
    expect((await statusOf(stub))?.upstream.reconnects).toBe(1);
    for (const { socket } of clients) socket.close(1000);
  });
});
