/** What would kill a careless room: bad memory, bad attachments, a throw, an abort (W12, U4). */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudEvent } from "../support/cloud-event.ts";
import { configure, holdTimers, joinRoom, roomOf, takeMemory } from "./room-stub.ts";
import { until } from "../support/until.ts";
import { startRig } from "../support/workerd.ts";

let rig: Awaited<ReturnType<typeof startRig>>;

beforeAll(async () => {
  holdTimers();
  rig = await startRig();
  await rig.createStream();
  configure({ NATS_URL: rig.url, HEARTBEAT_SECONDS: "2" });
});
afterAll(() => rig.stop());

const publish = async (subject: string): Promise<number> =>
  (await rig.publish([{ subject, data: cloudEvent() }]))[0] ?? 0;

/** Has the room persist and sleep, with `spoil` done to what it wrote down. */
async function wakeWith(subject: string, spoil: (state: DurableObjectState) => void): Promise<void> {
  await rig.act("refuse");
  await takeMemory(roomOf(subject), spoil);
  await rig.act("heal");
}

async function expectServes(subject: string): Promise<void> {
  const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
  const seq = await publish(subject);
  for (const follower of followers) {
    await follower.reaches(seq);
    expect([follower.seqs, follower.faults]).toEqual([[seq], []]);
    follower.socket.close(1000);
  }
}

describe("a room that comes to harm", () => {
  test.each([
    ["is no object", "garbage"],
    ["is of another make", { subject: 7, cursor: "x" }],
    [
      "has a cursor that is no number",
      { subject: "cellos.events.harm.x", cursor: Number.NaN, position: 1, epoch: "e" },
    ],
  ])("[W12] memory that %s costs the sockets, cleanly, and nothing else", async (name, garbage) => {
    const subject = `cellos.events.harm.memory.${name.replaceAll(" ", "-")}`;
    const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
    await wakeWith(subject, (state) => state.storage.kv.put("room", garbage));
    await runDurableObjectAlarm(roomOf(subject));
    for (const { socket } of followers) expect((await socket.closed()).code).toBe(1011);
    await expectServes(subject);
  });

  test("[W12] an attachment of another make costs its own socket, and no other", async () => {
    const subject = "cellos.events.harm.attachment";
    const first = await joinRoom(subject, 1);
    const second = await joinRoom(subject, 2);
    const third = await joinRoom(subject, 2);
    await wakeWith(subject, (state) => {
      const sockets = state.getWebSockets();
      sockets[0]?.serializeAttachment({ v: 99 });
      sockets[1]?.serializeAttachment(null);
    });
    const followers = [first, second, third];
    await until("two are closed", () => followers.filter(({ socket }) => socket.isClosed).length === 2);
    const [survivor] = followers.filter(({ socket }) => !socket.isClosed);
    for (const { socket } of followers) if (socket.isClosed) expect((await socket.closed()).code).toBe(1011);
    const seq = await publish(subject);
    await survivor?.reaches(seq);
    expect([survivor?.seqs, survivor?.faults]).toEqual([[seq], []]);
    survivor?.socket.close(1000);
  });

  test("[W12] [DO-6] a handler that throws harms neither its client nor another", async () => {
    const subject = "cellos.events.harm.throw";
    const stub = roomOf(subject);
    const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
    await runInDurableObject(stub, (room) => {
      Reflect.set(room, "webSocketMessage", () => {
        throw new Error("on purpose");
      });
    });
    for (const { socket } of followers) socket.send("boom");
    for (const follower of followers) follower.ping();
    for (const { socket } of followers) await socket.type("pong");
    const seq = await publish(subject);
    for (const follower of followers) {
      await follower.reaches(seq);
      await follower.beat();
      expect([follower.seqs, follower.faults]).toEqual([[seq], []]);
      follower.socket.close(1000);
    }
  });

  test("[U4] [DO-8] an aborted room that nobody comes back to tidies up at its next alarm", async () => {
    const subject = "cellos.events.harm.abort";
    const stub = roomOf(subject);
    const follower = await joinRoom(subject, 2);
    await until("the alarm is set", () =>
      runInDurableObject(stub, async (_, state) => (await state.storage.getAlarm()) !== null),
    );
    await runInDurableObject(stub, (_, state) => state.abort("on purpose")).catch(() => {});
    expect((await follower.socket.closed()).code).toBe(1006);
    await until("nothing is left", () =>
      runInDurableObject(roomOf(subject), async (_, state) => {
        return [...state.storage.kv.list()].length === 0 && (await state.storage.getAlarm()) === null;
      }),
    );
    await until("the broker has forgotten it", async () => (await rig.connections()).length === 0);
    await expectServes(subject);
  });

  test("[H3] a request that no edge sent is refused, and makes no room", async () => {
    const stub = roomOf("cellos.events.harm.request");
    for (const headers of [[], [["relay-join", "{}"]], [["relay-join", "no json"]]]) {
      const response = await stub.fetch("https://room/join", {
        headers: { Upgrade: "websocket", ...Object.fromEntries(headers) },
      });
      expect(response.status).toBe(400);
    }
  });

  test("[W12] a room without a name of ours serves nobody wrongly and does not fail to construct", async () => {
    const stub = env.ROOM.getByName("no name of ours");
    const response = await stub.fetch("https://room/join", { headers: { Upgrade: "websocket", "relay-join": "x" } });
    expect(response.status).toBe(400);
  });
});
