import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dial, refusal, type Dialled } from "../support/wire/dial.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";

const token = "t";
let rig: Rig;
let relay: Relay;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  const limits = { MAX_CLIENTS_PER_ROOM: "5", MAX_SHARDS: "3" };
  relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: token, HEARTBEAT_SECONDS: "1", ...limits } });
});
afterAll(async () => {
  await relay.stop();
  await rig.stop();
});

const url = (subject: string): string => `${relay.wsUrl}/ws/events?subject=${subject}`;
const join = (subject: string): Promise<Dialled> => dial(url(subject), { token });
const rooms = async (subject: string): Promise<number> =>
  (await rig.consumers()).filter(({ filter }) => filter === subject).length;

describe("shards", () => {
  test("[B2] [DO-28] a full room sends the next client to another, and when all are full the answer is 503", async () => {
    const subject = "cellos.events.shards.a";
    const clients: Dialled[] = [];
    for (let n = 0; n < 5; n++) clients.push(await join(subject));
    expect(await rooms(subject)).toBe(1);
    for (let n = 5; n < 15; n++) clients.push(await join(subject));
    expect(await rooms(subject)).toBe(3);

    const refused = await refusal(url(subject), { token });
    expect(refused).toMatchObject({ status: 503, body: { type: "/problems/service-unavailable" } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);

    await rig.publish([{ subject, data: { n: 1 } }]);
    for (const { socket } of clients) expect(await socket.events(1)).toHaveLength(1);

    clients[12]?.raw.close();
    await until("a place is free again", async () => (await tryJoin(subject)) !== null, 10_000);
    for (const { raw } of clients) raw.terminate();
  });

  test("[B2] clients that come at once fill the shards evenly and none is refused", async () => {
    const subject = "cellos.events.shards.b";
    const clients = await Promise.all(Array.from({ length: 15 }, () => join(subject)));
    expect(await rooms(subject)).toBe(3);
    for (const { raw } of clients) raw.terminate();
  });

  test("[B2] the place of a client that leaves a full shard is free almost at once", async () => {
    const limits = { MAX_CLIENTS_PER_ROOM: "2", MAX_SHARDS: "2" };
    await using quiet = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: token, ...limits } });
    const place = `${quiet.wsUrl}/ws/events?subject=cellos.events.shards.c`;
    const clients: Dialled[] = [];
    for (let n = 0; n < 4; n++) clients.push(await dial(place, { token }));
    const waits: number[] = [];
    for (let round = 0; round < 3; round++) {
      const last = clients.pop() as Dialled;
      last.raw.close();
      await once(last.raw, "close");
      const leftAtMs = performance.now();
      clients.push(await until("its place is free", () => dial(place, { token }).catch(() => null)));
      waits.push(performance.now() - leftAtMs);
    }
    expect(Math.min(...waits)).toBeLessThan(300);
    expect((await refusal(place, { token })).headers["retry-after"]).toBe("1");
    for (const { raw } of clients) raw.terminate();
  });

  test("[B2] clients that are refused once they came take up no place", async () => {
    await using empty = await Rig.start();
    const limits = { MAX_CLIENTS_PER_ROOM: "1", MAX_SHARDS: "2" };
    await using own = await startRelay({ vars: { NATS_URL: empty.url, RELAY_API_TOKEN: token, ...limits } });
    const subject = "cellos.events.shards.d";
    const place = `${own.wsUrl}/ws/events?subject=${subject}`;
    const refused = await Promise.all([dial(place, { token }), dial(place, { token })]);
    for (const { socket } of refused) expect((await socket.closed()).code).toBe(1008);

    await empty.createStream();
    const clients = [await dial(place, { token })];
    clients.push(await until("the other shard has a place", () => dial(place, { token }).catch(() => null)));
    await empty.publish([{ subject, data: { n: 1 } }]);
    for (const { socket } of clients) expect(await socket.events(1)).toHaveLength(1);
    for (const { raw } of clients) raw.terminate();
  });
});

async function tryJoin(subject: string): Promise<Dialled | null> {
  return join(subject).catch(() => null);
}
