import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EventStreamOptions } from "../../../../src/client/index.ts";
import { keyOf } from "../../../../src/client/shared/lobby.ts";
import { protocolsFor } from "../../../../src/client/wire/token.ts";
import { ScriptedRelay } from "../../../support/wire/scripted-relay.ts";
import { Tabs, type Tab } from "../../../support/browser/tabs.ts";
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

const open = (options: Partial<EventStreamOptions> = {}, handle?: () => unknown): Promise<Tab> =>
  tabs.open({ url: relay.url, token: "t", ...options }, handle);
const seqs = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const KIB = 1024;

describe("one socket for all tabs", () => {
  test("every tab gets every event, over one connection", async () => {
    const first = await open();
    const connection = await relay.connection(1);
    connection.welcome();
    await first.recorder.reaches("live");
    const second = await open();
    await second.recorder.reaches("live");
    connection.events(0, [1, 2]);
    connection.events(2, [3]);
    for (const { recorder } of [first, second]) await recorder.has(3);
    expect(relay.connections).toHaveLength(1);
  });

  test("[V3] a tab that comes later hears what the relay said last of its broker", async () => {
    const first = await open();
    const connection = await relay.connection(1);
    connection.welcome();
    await first.recorder.reaches("live");
    connection.send({ type: "heartbeat", cursor: 0, upstream: "reconnecting" });
    await until("the first hears it", () => {
      const { state } = first.stream;
      return state.kind === "live" && state.upstream === "reconnecting";
    });
    const second = await open();
    expect(await second.recorder.reaches("live")).toMatchObject({ upstream: "reconnecting" });
  });

  test("tabs that open together share the connection that opens", async () => {
    const opened = await Promise.all([open(), open(), open()]);
    const connection = await relay.connection(1);
    connection.welcome();
    for (const { recorder } of opened) await recorder.reaches("live");
    connection.events(0, [1]);
    for (const { recorder } of opened) await recorder.has(1);
    expect(relay.connections).toHaveLength(1);
  });

  test("a tab that closes disturbs no other; the last one closes the connection", async () => {
    const first = await open();
    const connection = await relay.connection(1);
    connection.welcome();
    const second = await open();
    await second.recorder.reaches("live");
    first.stream.close();
    connection.events(0, [1]);
    await second.recorder.has(1);
    expect(second.recorder.kinds).toEqual(["connecting", "live"]);
    second.stream.close();
    await until("the connection is closed", () => connection.closedWith !== null);
  });

  test("a tab that comes back is served from what the worker remembers", async () => {
    const first = await open();
    const connection = await relay.connection(1);
    connection.welcome();
    connection.events(0, [1, 2, 3]);
    connection.send({ type: "heartbeat", cursor: 5, upstream: "connected" });
    connection.events(5, [6, 7]);
    await until("the first has all", () => first.recorder.seqs.length === 5);
    const second = await open({ since: 2, epoch: "e" });
    await until("the second has the rest", () => second.recorder.seqs.length === 3);
    expect(second.recorder.seqs).toEqual([3, 6, 7]);
    expect(second.stream.cursor).toEqual({ seq: 7, epoch: "e" });
    expect(relay.connections).toHaveLength(1);
  });

  test("one that needs more has a connection of its own until it has caught up", async () => {
    const first = await open({ since: 100, epoch: "e" });
    const shared = await relay.connection(1);
    shared.welcome({ cursor: 100 });
    await first.recorder.reaches("live");
    const second = await open({ since: 97, epoch: "e" });
    const own = await relay.connection(2);
    expect(own.query.get("since")).toBe("97");
    own.welcome({ cursor: 97, live: false });
    own.events(97, [98, 99]);
    shared.events(100, [101, 102]);
    own.events(99, [100, 101]);
    own.send({ type: "caught-up", cursor: 101 });
    await until("its own connection is closed", () => own.closedWith !== null);
    shared.events(102, [103]);
    await until("the second has all", () => second.recorder.seqs.length === 6);
    expect(second.recorder.seqs).toEqual(seqs(98, 103));
    expect(first.recorder.seqs).toEqual(seqs(101, 103));
    expect(second.recorder.kinds).toEqual(["connecting", "replaying", "live"]);
  });

  test("[V6] a cursor of another epoch, or above what is known, is for the relay to judge", async () => {
    const first = await open();
    (await relay.connection(1)).welcome({ cursor: 5 });
    await first.recorder.reaches("live");
    await open({ since: 5, epoch: "other" });
    expect((await relay.connection(2)).query.get("epoch")).toBe("other");
    await open({ since: 6, epoch: "e" });
    (await relay.connection(2)).close(1011);
    expect((await relay.connection(3)).query.get("since")).toBe("6");
  });

  test("[W5] a problem and its close reach every tab", async () => {
    const opened = [await open(), await open()];
    const connection = await relay.connection(1);
    connection.welcome();
    for (const { recorder } of opened) await recorder.reaches("live");
    connection.send({ type: "problem", problem: { type: "/problems/ws/stream-reset", oldest_seq: 7 } });
    connection.close(4410, "stream-reset");
    for (const { recorder } of opened) {
      const { error } = await recorder.reaches("closed");
      expect(error).toMatchObject({ code: 4410, reason: "stream-reset", problem: { oldest_seq: 7 } });
    }
  });

  test("[W5] what is gone for the connection is not gone for a tab that is ahead of it", async () => {
    const behind = await open({ since: 1, epoch: "e" });
    const connection = await relay.connection(1);
    connection.welcome({ cursor: 1, live: false });
    const ahead = await open({ since: 9, epoch: "e", onReset: () => null });
    await ahead.recorder.reaches("replaying");
    connection.send({ type: "problem", problem: { type: "/problems/ws/retention-exhausted", oldest_seq: 5 } });
    connection.close(4410, "retention-exhausted");
    expect(await behind.recorder.reaches("closed")).toMatchObject({ error: { code: 4410 } });
    expect(await ahead.recorder.reaches("waiting")).toMatchObject({ reason: "lost" });
    expect((await relay.connection(2)).query.get("since")).toBe("9");
  });

  test("[V9] the worker acknowledges what the fastest tab has handled", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const first = await open({}, () => gates[0].promise);
    const connection = await relay.connection(1);
    connection.welcome({ ackBytes: 1_000 });
    await first.recorder.reaches("live");
    const second = await open({}, () => gates[1].promise);
    await second.recorder.reaches("live");
    connection.events(0, [1], 2_000);
    await until("both have it", () => second.recorder.seqs.length + first.recorder.seqs.length === 2);
    await connection.delivered();
    expect(connection.received).toEqual([]);
    gates[1].resolve();
    await connection.gets("ping");
    expect(first.stream.cursor?.seq).toBe(0);
  });

  test("[V9] a tab that comes while the others are stuck lets the relay go on", async () => {
    const gate = Promise.withResolvers<void>();
    const stuck = await open({}, () => gate.promise);
    const connection = await relay.connection(1);
    connection.welcome({ ackBytes: 1_000 });
    connection.events(0, [1], 2_000);
    await until("it is stuck", () => stuck.recorder.seqs.length === 1);
    const fresh = await open();
    await fresh.recorder.reaches("live");
    await connection.gets("ping");
    gate.resolve();
  });

  test("a slow tab holds up nobody, and loses nothing", async () => {
    const gate = Promise.withResolvers<void>();
    const fast = await open();
    const connection = await relay.connection(1);
    connection.welcome();
    await fast.recorder.reaches("live");
    const slow = await open({}, () => gate.promise);
    await slow.recorder.reaches("live");
    for (let seq = 1; seq <= 80; seq += 1) {
      connection.events(seq - 1, [seq], 63 * KIB);
      if (seq % 4 === 0) await until(`${seq} at the fast one`, () => fast.recorder.seqs.length === seq);
      connection.send("pong");
    }
    gate.resolve();
    await until("the slow one is let go", () => slow.recorder.kinds.includes("waiting"));
    expect(slow.recorder.states.find((state) => state.kind === "waiting")).toMatchObject({ reason: "slow-consumer" });
    const own = await relay.connection(2);
    const since = Number(own.query.get("since"));
    expect(slow.recorder.seqs).toEqual(seqs(1, since));
    expect(since).toBeGreaterThan(10);
    own.welcome({ cursor: since, live: false });
    own.events(since, seqs(since + 1, 80));
    own.send({ type: "caught-up", cursor: 80 });
    await slow.recorder.has(80);
    expect(fast.recorder.kinds).toEqual(["connecting", "live"]);
  });

  test("[V4] a gap is the socket's, so every tab resumes on another", async () => {
    const opened = [await open(), await open()];
    const connection = await relay.connection(1);
    connection.welcome();
    for (const { recorder } of opened) await recorder.reaches("live");
    connection.events(0, [1]);
    connection.events(2, [3]);
    const next = await relay.connection(2);
    expect(next.query.get("since")).toBe("1");
    next.welcome({ cursor: 1 });
    next.events(1, [2, 3]);
    for (const { recorder } of opened) await recorder.has(3);
    expect(relay.connections).toHaveLength(2);
  });

  test("a tab that leaves while it opens the connection leaves the opening to the next", async () => {
    const first = await open();
    const second = await open();
    first.stream.close();
    await until("a connection is left", () => relay.connections.some(({ closedWith }) => closedWith === null));
    for (const connection of relay.connections) connection.welcome();
    await second.recorder.reaches("live");
  });

  test("[H3] a refusal is asked about by every tab itself", async () => {
    await relay[Symbol.asyncDispose]();
    const opened = [await open(), await open()];
    for (const { recorder } of opened) {
      expect(await recorder.reaches("waiting")).toMatchObject({ reason: "unreachable" });
    }
    relay = await ScriptedRelay.start();
  });
});

describe("who shares", () => {
  const key = (url: string, token: string): string => keyOf({ url, protocols: protocolsFor(token), lock: "" });
  const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

  test("the same address, wherever each starts, and the same credential", () => {
    expect(key("ws://r/?subject=a&since=1&epoch=e", "t")).toBe(key("ws://r/?subject=a", "t"));
    expect(key("ws://r/?subject=a", "t")).not.toBe(key("ws://r/?subject=b", "t"));
    expect(key("ws://r/", "t")).not.toBe(key("ws://r/", "u"));
  });

  test("a JWT that was renewed is the same credential, one that says something else is not", () => {
    const claims = { sub: "ann", subjects: ["a.>"] };
    expect(key("ws://r/", jwt({ ...claims, exp: 1, iat: 0, jti: "x" }))).toBe(
      key("ws://r/", jwt({ ...claims, exp: 2 })),
    );
    expect(key("ws://r/", jwt({ ...claims, exp: 1 }))).not.toBe(key("ws://r/", jwt({ sub: "bob", exp: 1 })));
  });
});
