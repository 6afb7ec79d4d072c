import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { dial, refusal } from "../support/wire/dial.ts";
import { startRelay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";

test("[B4] one credential has so many subjects open at a time, and another has its own", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  const vars = { NATS_URL: rig.url, RELAY_API_TOKEN: "one two", MAX_ROOMS_PER_GRANT: "2", HEARTBEAT_SECONDS: "1" };
  await using relay = await startRelay({ vars });
  const url = (name: string): string => `${relay.wsUrl}/ws/events?subject=cellos.events.grant.${name}`;

  const first = await dial(url("a"), { token: "one" });
  const again = await dial(url("a"), { token: "one" });
  const second = await dial(url("b"), { token: "one" });
  const refused = await refusal(url("c"), { token: "one" });
  expect(refused).toMatchObject({ status: 503, body: { type: "/problems/service-unavailable" } });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  const other = await dial(url("c"), { token: "two" });

  second.raw.close();
  const third = await until(
    "a subject may be opened in place of the closed one",
    () => dial(url("d"), { token: "one" }).catch(() => undefined),
    15_000,
  );
  for (const { raw } of [first, again, other, third]) raw.terminate();
});

test("[B4] a subject is open until the last of its shards is empty", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  const limits = { MAX_ROOMS_PER_GRANT: "1", MAX_CLIENTS_PER_ROOM: "1", MAX_SHARDS: "2" };
  await using relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: "one", ...limits } });
  const url = (name: string): string => `${relay.wsUrl}/ws/events?subject=cellos.events.shard.${name}`;

  const first = await dial(url("a"), { token: "one" });
  const second = await dial(url("a"), { token: "one" });
  expect(await rig.consumers()).toHaveLength(2);
  second.raw.close();
  await until("the second shard has closed", async () => (await rig.consumers()).length === 1);
  // Its ledger hears of it in the same moment.
  await setTimeout(500);
  expect((await refusal(url("b"), { token: "one" })).status).toBe(503);

  first.raw.close();
  const other = await until("the place is free", () => dial(url("b"), { token: "one" }).catch(() => undefined));
  other.raw.terminate();
});
