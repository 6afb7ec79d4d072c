import { afterEach, beforeEach, expect, test } from "vitest";
import { ScriptedRelay } from "../../../support/wire/scripted-relay.ts";
import { Tabs } from "../../../support/browser/tabs.ts";
import { until } from "../../../support/until.ts";

let relay: ScriptedRelay;
let tabs: Tabs;

beforeEach(async () => {
  relay = await ScriptedRelay.start();
  tabs = await Tabs.start();
});
afterEach(async () => {
  tabs.close();
  await relay[Symbol.asyncDispose]();
});

test("[V8] one tab renews for all, and one that comes later knows how long is left", async () => {
  let asked = 0;
  const jwt = (): string =>
    `e30.${Buffer.from(JSON.stringify({ sub: "alice", jti: ++asked })).toString("base64url")}.x`;
  const first = await tabs.open({ url: relay.url, token: jwt });
  const connection = await relay.connection(1);
  connection.welcome({ expiresInMs: 6_000 });
  await first.recorder.reaches("live");
  const second = await tabs.open({ url: relay.url, token: jwt });
  await second.recorder.reaches("live");
  const tokens = (): string[] => connection.received.filter((text) => text.includes('"auth"'));
  await until("a tab has brought its next token", () => tokens().length > 0);
  // The other tab's is there by now, and does not travel.
  await until("both have one", () => asked === 4);
  connection.send({ type: "authorized", expiresAtMs: 1, expiresInMs: 6_500 });
  await until("one is brought again", () => tokens().length === 2);
  connection.send({ type: "authorized", expiresAtMs: 1, expiresInMs: 600_000 });
  const third = await tabs.open({ url: relay.url, token: jwt });
  await third.recorder.reaches("live");
  connection.events(0, [1]);
  for (const { recorder } of [first, second, third]) await recorder.has(1);
  expect(tokens()).toHaveLength(2);
  expect(relay.connections).toHaveLength(1);
  for (const { recorder } of [first, second]) expect(recorder.kinds).toEqual(["connecting", "live"]);
});
