/** What the runtime does that the room relies on (docs/platform.md), tried on a room with handlers of the test's own. */
import { runInDurableObject } from "cloudflare:test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configure, holdTimers, joinRoom, openRoom, roomOf, takeMemory } from "./room-stub.ts";
import { TestSocket } from "../support/wire/test-socket.ts";
import { until } from "../support/until.ts";
import { startRig } from "../support/workerd.ts";

let rig: Awaited<ReturnType<typeof startRig>>;

beforeAll(async () => {
  holdTimers();
  rig = await startRig();
  await rig.createStream();
  configure({ NATS_URL: rig.url, HEARTBEAT_SECONDS: "3" });
});
afterAll(() => rig.stop());

describe("the runtime", () => {
  test("[WS-12] [WS-13] answers no close of a hibernatable socket, until its handler does with a code that may be sent", async () => {
    const subject = "cellos.events.platform.close";
    const stub = roomOf(subject);
    const leaver = await joinRoom(subject, 2);
    const neighbour = await joinRoom(subject, 2);
    let left: WebSocket | null = null;
    await runInDurableObject(stub, (room) => {
      Reflect.set(room, "webSocketClose", (socket: WebSocket) => void (left = socket));
    });
    leaver.socket.close(4005, "enough");
    await until("the handler has run", () => left);
    neighbour.ping();
    await neighbour.socket.type("pong");
    expect(leaver.socket.isClosed).toBe(false);
    await runInDurableObject(stub, () => {
      for (const code of [1005, 1006, 1015]) expect(() => left?.close(code)).toThrow(String(code));
      expect(() => left?.close(4006, "é".repeat(62))).toThrow("123 bytes");
      left?.close(4006, "answered");
    });
    expect(await leaver.socket.closed()).toMatchObject({ code: 4006, reason: "answered" });
    neighbour.socket.close(1000);
  });

  test("[WS-8] [WS-9] answers the exact text ping by itself, and keeps the time of the last one over a sleep", async () => {
    const subject = "cellos.events.platform.ping";
    const stub = roomOf(subject);
    const raw = await openRoom(subject, 1);
    const socket = new TestSocket(raw);
    raw.accept();
    const stampMs = (): Promise<number | null> =>
      runInDurableObject(stub, (_, state) => {
        const [first] = state.getWebSockets();
        return first === undefined ? null : (state.getWebSocketAutoResponseTimestamp(first)?.getTime() ?? null);
      });
    const heard: unknown[] = [];
    await runInDurableObject(stub, (room) => {
      Reflect.set(room, "webSocketMessage", (_: WebSocket, message: unknown) => void heard.push(message));
    });
    raw.send("ping ");
    raw.send(new TextEncoder().encode("ping"));
    await until("both have been handled", () => heard.length === 2);
    expect(await stampMs()).toBeNull();
    raw.send("ping");
    await socket.type("pong");
    const beforeMs = await stampMs();
    expect(beforeMs).not.toBeNull();
    expect(heard).toEqual(["ping ", new TextEncoder().encode("ping").buffer]);
    expect(socket.received.filter(({ text }) => text === "pong")).toHaveLength(1);
    await rig.act("refuse");
    await takeMemory(stub);
    expect(await stampMs()).toBe(beforeMs);
    await rig.act("heal");
    socket.close(1000);
  });

  test("[WS-1] [WS-2] [WS-7] queues what nobody reads without an error, and its pong behind it", async () => {
    const subject = "cellos.events.platform.queue";
    const stub = roomOf(subject);
    const raw = await openRoom(subject, 1);
    const numbers = Array.from({ length: 1_000 }, (_, n) => String(n));
    await runInDurableObject(stub, (_, state) => {
      const [server] = state.getWebSockets();
      for (const number of numbers) server?.send(number.padStart(10_000));
      expect(server?.readyState).toBe(WebSocket.OPEN);
      expect(server).not.toHaveProperty("bufferedAmount");
    });
    const socket = new TestSocket(raw);
    raw.accept();
    raw.send("ping");
    await socket.type("pong");
    expect(socket.received.map(({ text }) => text.trim())).toEqual([...numbers, "pong"]);
    raw.close(1000);
  });

  test("[DO-16] rings an alarm that was set in a handler which then threw, and keeps the sockets", async () => {
    const subject = "cellos.events.platform.alarm";
    const follower = await joinRoom(subject, 1);
    const retries: number[] = [];
    await runInDurableObject(roomOf(subject), async (room, state) => {
      Reflect.set(room, "alarm", ({ retryCount }: AlarmInvocationInfo) => {
        retries.push(retryCount);
        void state.storage.setAlarm(Date.now() + 50, { allowUnconfirmed: true });
        throw new Error("on purpose");
      });
      await state.storage.setAlarm(Date.now());
    });
    await until("it has rung three times", () => retries.length >= 3);
    expect(retries.slice(0, 3)).toEqual([0, 0, 0]);
    follower.ping();
    await follower.socket.type("pong");
    expect(follower.socket.isClosed).toBe(false);
    await runInDurableObject(roomOf(subject), (room) => void Reflect.deleteProperty(room, "alarm"));
    follower.socket.close(1000);
  });

  test("[DO-7] drops every socket of an object whose blockConcurrencyWhile fails", async () => {
    const subject = "cellos.events.platform.block";
    const followers = [await joinRoom(subject, 1), await joinRoom(subject, 2)];
    const failed = runInDurableObject(roomOf(subject), (_, state) =>
      state.blockConcurrencyWhile(() => Promise.reject(new Error("on purpose"))),
    );
    await expect(failed).rejects.toThrow("on purpose");
    for (const { socket } of followers) expect((await socket.closed()).code).toBe(1006);
  });
});
