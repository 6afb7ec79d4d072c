import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { dial, refusal, RefusedError, type Dialled } from "../support/wire/dial.ts";
import { startRelay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";

const PROBLEM = { type: "/problems/too-many-subjects", title: "Too many subjects", status: 429 };
/** An object without events has lost its memory by then (DO-1). */
const SLEPT_MS = 15_000;

test("[B4] of 40 requests in a row 10 are admitted, and after a sleep of the ledger no more", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  const vars = { NATS_URL: rig.url, RELAY_API_TOKEN: "one", MAX_ROOMS_PER_GRANT: "10", HEARTBEAT_SECONDS: "60" };
  await using relay = await startRelay({ vars, way: "cli" });
  const url = (query: string): string => `${relay.wsUrl}/ws/events${query}`;
  const open: Dialled[] = [];
  const statuses: number[] = [];
  const ask = async (name: string): Promise<void> => {
    try {
      open.push(await dial(url(`?subject=cellos.events.grant.${name}`), { token: "one" }));
      statuses.push(101);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const { status, body, headers } = error.refusal;
      statuses.push(status);
      expect(body).toEqual({ ...PROBLEM, detail: expect.any(String) });
      expect(headers).toMatchObject({ "content-type": "application/problem+json", "retry-after": "30" });
    }
  };
  const refused = (count: number): number[] => Array.from({ length: count }, () => 429);

  for (let n = 0; n < 40; n += 1) await ask(`n${n}`);
  expect(statuses.splice(0)).toEqual([...Array.from({ length: 10 }, () => 101), ...refused(30)]);
  await setTimeout(SLEPT_MS);
  for (let n = 40; n < 50; n += 1) await ask(`n${n}`);
  expect(statuses.splice(0)).toEqual(refused(10));
  expect(open.map(({ raw }) => raw.readyState)).toEqual(Array.from({ length: 10 }, () => WebSocket.OPEN));

  // One that is open may be opened again, and what names no subject takes no place.
  open.push(await dial(url("?subject=cellos.events.grant.n0"), { token: "one" }));
  open.push(await dial(url(""), { token: "one" }));
  for (const { raw } of open) raw.terminate();
});

test("[B4] an API token is not counted unless the limit is set", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  await using relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: "one" } });
  const open: Dialled[] = [];
  for (let n = 0; n < 60; n += 1) {
    open.push(await dial(`${relay.wsUrl}/ws/events?subject=cellos.events.site.n${n}`, { token: "one" }));
  }
  for (const { raw } of open) raw.terminate();
});

test("[B4] [H3] one credential has so many subjects open at a time, and another has its own", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  const vars = { NATS_URL: rig.url, RELAY_API_TOKEN: "one two", MAX_ROOMS_PER_GRANT: "2" };
  await using relay = await startRelay({ vars });
  const url = (name: string): string => `${relay.wsUrl}/ws/events?subject=cellos.events.grant.${name}`;

  const first = await dial(url("a"), { token: "one" });
  const again = await dial(url("a"), { token: "one" });
  const second = await dial(url("b"), { token: "one" });
  expect(await refusal(url("c"), { token: "one" })).toMatchObject({ status: 429, body: PROBLEM });
  const plain = await fetch(url("c").replace("ws", "http"), { headers: { authorization: "Bearer one" } });
  expect([plain.status, await plain.json()]).toMatchObject([429, PROBLEM]);
  const other = await dial(url("c"), { token: "two" });

  second.raw.close();
  const third = await until("a subject may be opened in place of the closed one", () =>
    dial(url("d"), { token: "one" }).catch(() => undefined),
  );
  for (const { raw } of [first, again, other, third]) raw.terminate();
});

test("[B4] a subject is open until the last of its shards is empty, and not because a full one was asked for", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  const limits = { MAX_ROOMS_PER_GRANT: "1", MAX_CLIENTS_PER_ROOM: "1", MAX_SHARDS: "2" };
  await using relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: "one two", ...limits } });
  const url = (name: string): string => `${relay.wsUrl}/ws/events?subject=cellos.events.shard.${name}`;

  const first = await dial(url("a"), { token: "one" });
  const second = await dial(url("a"), { token: "one" });
  expect(await rig.consumers()).toHaveLength(2);
  expect((await refusal(url("a"), { token: "two" })).status).toBe(503);
  const elsewhere = await dial(url("b"), { token: "two" });

  second.raw.close();
  await until("the second shard has closed", async () => (await rig.consumers()).length === 2);
  // Its ledger hears of it in the same moment.
  await setTimeout(500);
  expect((await refusal(url("b"), { token: "one" })).status).toBe(429);

  first.raw.close();
  const other = await until("the place is free", () => dial(url("c"), { token: "one" }).catch(() => undefined));
  for (const { raw } of [elsewhere, other]) raw.terminate();
});

test("[A9] [H3] one credential has so many clients at a time, over all subjects, and another has its own", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  const limits = { MAX_CLIENTS_PER_GRANT: "3", HEARTBEAT_SECONDS: "1" };
  await using relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: "one two", ...limits } });
  const url = (name: string): string => `${relay.wsUrl}/ws/events?subject=cellos.events.count.${name}`;
  const refused = {
    status: 429,
    headers: { "retry-after": "30" },
    body: { type: "/problems/too-many-clients", title: "Too many clients", status: 429 },
  };

  const clients = await Promise.all(["a", "a", "b"].map((name) => dial(url(name), { token: "one" })));
  expect(await refusal(url("a"), { token: "one" })).toMatchObject(refused);
  // Their rooms have spoken by then, and the sum is the same.
  await Promise.all(clients.map(({ socket }) => socket.heartbeat()));
  await setTimeout(500);
  expect(await refusal(`${relay.wsUrl}/ws/events`, { token: "one" })).toMatchObject(refused);
  const plain = await fetch(url("c").replace("ws", "http"), { headers: { authorization: "Bearer one" } });
  expect([plain.status, await plain.json()]).toMatchObject([429, refused.body]);
  clients.push(await dial(url("a"), { token: "two" }));

  clients[0]?.raw.close();
  clients.push(
    await until("another may come in place of the closed one", () =>
      dial(url("c"), { token: "one" }).catch(() => undefined),
    ),
  );
  expect((await refusal(url("c"), { token: "one" })).status).toBe(429);
  for (const { raw } of clients) raw.terminate();
});
