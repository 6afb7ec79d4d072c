import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudEvent } from "../support/cloud-event.ts";
import { dial } from "../support/wire/dial.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const token = "t";
let rig: Rig;
let relay: Relay;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: token, HEARTBEAT_SECONDS: "1" } });
});
afterAll(async () => {
  await relay.stop();
  await rig[Symbol.asyncDispose]();
});

const open = async (query: string, protocols: string[] = []) =>
  (await dial(`${relay.wsUrl}/ws/events${query}`, { token, protocols })).socket;

describe("delivery", () => {
  test("[W1] an event arrives as the publisher's own JSON, every digit of it", async () => {
    const socket = await open("?subject=cellos.events.w1.>");
    await rig.publish([{ subject: "cellos.events.w1.x", data: '{"id":9007199254740993, "n":1.50}' }]);
    await socket.events(1);
    expect(socket.received[0]?.text).toMatch(/^\{"seq":\d+,"event":\{"id":9007199254740993, "n":1\.50\}\}$/);
  });

  test("[W3] without since nothing acknowledged before the request is sent, and everything after the answer is", async () => {
    await rig.publish([{ subject: "cellos.events.w3.x", data: cloudEvent({ n: 1 }) }]);
    const socket = await open("?subject=cellos.events.w3.>");
    await rig.publish([{ subject: "cellos.events.w3.x", data: cloudEvent({ n: 2 }) }]);
    const [event] = await socket.events(1);
    expect(event?.event.data?.["n"]).toBe(2);
  });

  test("[W4] since=N starts at the first match above N, from window and from a replay", async () => {
    const subject = "cellos.events.w4.x";
    const last = await rig.publishMany(50, { subject, from: 1, padBytes: 10 });
    const socket = await open(`?subject=${subject}&since=${last - 10}`);
    expect((await socket.events(10)).map((e) => e.seq)).toEqual(Array.from({ length: 10 }, (_, i) => last - 9 + i));
    const older = await open(`?subject=${subject}&since=${last - 40}`);
    expect((await older.events(40)).map((e) => e.seq)).toEqual(Array.from({ length: 40 }, (_, i) => last - 39 + i));
    const all = await open(`?subject=${subject}&since=0`);
    expect(await all.events(50)).toHaveLength(50);
  });

  test("[V3] [V4] [V5] a v2 client is welcomed, proves its chain of cursors and is told that it has caught up", async () => {
    const subject = "cellos.events.v2.x";
    const last = await rig.publishMany(20, { subject, from: 1, padBytes: 10 });
    const socket = await open(`?subject=${subject}&since=${last - 20}`, ["cellos.relay.v2"]);
    const welcome = await socket.type("welcome");
    expect(welcome).toMatchObject({ protocol: 2, cursor: last - 20, live: false, ackBytes: 131_072 });
    const frame = await socket.type("events");
    expect(frame.prev).toBe(last - 20);
    expect((await socket.type("caught-up")).cursor).toBe(last);
    expect((await socket.type("heartbeat")).cursor).toBeGreaterThanOrEqual(last);
  });
});
