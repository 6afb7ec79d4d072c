import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventStream, type EventStreamOptions, type StreamItem } from "../../../src/client/index.ts";
import { Recorder } from "../../support/browser/recorder.ts";
import { ScriptedRelay } from "../../support/wire/scripted-relay.ts";
import { until } from "../../support/until.ts";

const streams: EventStream[] = [];
let relay: ScriptedRelay;

beforeEach(async () => {
  relay = await ScriptedRelay.start();
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await relay[Symbol.asyncDispose]();
  vi.useRealTimers();
});

function open(options: Partial<EventStreamOptions> = {}): EventStream {
  const stream = new EventStream({ url: relay.url, token: "t", ...options });
  streams.push(stream);
  return stream;
}

/** Only what the stream reads: sockets go on in real time. */
const stopClock = (): void => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
/** Polls in real time, which a stopped clock does not hold up. */
const eventually = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

describe("on the wire", () => {
  test("[V1] [H1] offers v2 and the token, and asks for subject, since and epoch", async () => {
    open({ token: "tökén", subject: "cellos.events.>", since: 7, epoch: "e" });
    const { query, token } = await relay.connection(1);
    expect(Object.fromEntries(query)).toEqual({ subject: "cellos.events.>", since: "7", epoch: "e" });
    expect(token).toBe("tökén");
  });

  test("[H1] [V4] asks where events came from only when told to, and hands it on with each item", async () => {
    const subject = "cellos.events.a";
    const time = "2026-11-29T20:10:02.679123456Z";
    const send = (n: number): Promise<void> =>
      relay.connection(n).then((connection) => {
        connection.welcome();
        // Not JSON as a whole, so that items are read one by one.
        const items = [
          `{"seq":1,"event":{},"subject":"${subject}","time":"${time}"}`,
          `{"seq":2,"event":{x},"subject":"s"}`,
        ];
        connection.send(`{"type":"events","prev":0,"events":[${items.join()}]}`);
      });
    const itemsOf = (stream: EventStream): StreamItem[] => {
      const items: StreamItem[] = [];
      stream.subscribe((item) => items.push(item));
      return items;
    };
    const asking = itemsOf(open({ meta: true }));
    await send(1);
    await until("the item", () => asking.length === 1);
    expect(asking).toEqual([{ seq: 1, event: {}, subject, time }]);
    const plain = itemsOf(open());
    await send(2);
    await until("the other item", () => plain.length === 1);
    expect(plain).toEqual([{ seq: 1, event: {} }]);
    const queries = await Promise.all([1, 2].map((n) => relay.connection(n)));
    expect(queries.map(({ query }) => query.get("meta"))).toEqual(["1", null]);
  });

  test("[V9] pings for a heartbeat and for ackBytes, and waits for each pong", async () => {
    const recorder = new Recorder(open());
    const connection = await relay.connection(1);
    connection.welcome({ ackBytes: 1_000 });
    connection.send({ type: "heartbeat", cursor: 0, upstream: "connected" });
    await connection.gets("ping");
    connection.events(0, [1], 2_000);
    connection.events(1, [2], 10);
    await until("both events", () => recorder.seqs.length === 2);
    expect(connection.received).toEqual(["ping"]);
    connection.send("pong");
    await connection.gets("ping", 2);
    connection.send("pong");
    connection.events(2, [3], 10);
    connection.events(3, [4], 1_000);
    await connection.gets("ping", 3);
    expect(connection.received).toEqual(["ping", "ping", "ping"]);
  });

  test("[B1] acknowledges only what was handled, in the order it came", async () => {
    const gate = Promise.withResolvers<void>();
    const recorder = new Recorder(open(), () => gate.promise);
    const connection = await relay.connection(1);
    connection.welcome({ ackBytes: 1_000 });
    connection.events(0, [1], 2_000);
    connection.send({ type: "heartbeat", cursor: 1, upstream: "connected" });
    await connection.delivered();
    expect(recorder.numbers).toEqual([1]);
    expect(connection.received).toEqual([]);
    gate.resolve();
    await connection.gets("ping");
  });

  test("what a loop was through with is kept when it leaves, and when the stream closes meanwhile", async () => {
    const saved: number[] = [];
    const store = { load: () => null, save: ({ seq }: { seq: number }) => void saved.push(seq) };
    const stream = open({ store });
    const connection = await relay.connection(1);
    connection.welcome();
    connection.events(0, [1, 2, 3, 4]);
    for await (const { seq } of stream) if (seq === 2) break;
    await until("the second is kept", () => saved.at(-1) === 2);
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const loop = (async () => {
      for await (const _ of stream) {
        entered.resolve();
        await gate.promise;
      }
    })();
    await entered.promise;
    stream.close();
    gate.resolve();
    await loop;
    await until("the third is kept", () => saved.at(-1) === 3);
  });

  test("[V4] a gap: resumes from its own cursor, with its epoch", async () => {
    const recorder = new Recorder(open());
    const first = await relay.connection(1);
    first.welcome();
    first.events(0, [1, 2]);
    first.events(3, [4]);
    await until("it left", () => first.closedWith !== null);
    expect((await recorder.reaches("waiting")).reason).toBe("gap");
    const second = await relay.connection(2);
    expect(Object.fromEntries(second.query)).toEqual({ since: "2", epoch: "e" });
    second.welcome({ cursor: 2 });
    second.events(2, [3, 4]);
    await recorder.has(4);
  });

  test("[V2] a frame of a later protocol is passed over, and one that is no JSON is a broken line", async () => {
    const recorder = new Recorder(open());
    const first = await relay.connection(1);
    first.welcome();
    first.send({ type: "weather", outlook: "fine" });
    first.events(0, [1]);
    first.send("{");
    await until("it left", () => first.closedWith !== null);
    expect(await recorder.reaches("waiting")).toMatchObject({
      reason: "unreadable",
      error: { cause: { name: "SyntaxError" } },
    });
    expect(recorder.numbers).toEqual([1]);
  });

  test("[V6] another epoch in the welcome is a reset", async () => {
    const stream = open({ since: 5, epoch: "old" });
    (await relay.connection(1)).welcome({ cursor: 5, epoch: "new" });
    const { error } = await new Recorder(stream).reaches("closed");
    expect(error).toMatchObject({ code: 4410, reason: "stream-reset" });
  });

  test("[C] [V5] 4408: at once from the cursor, and with jitter when it happens again, whatever the problem says", async () => {
    const recorder = new Recorder(open());
    const first = await relay.connection(1);
    first.welcome();
    first.events(0, [1, 2, 3]);
    first.close(4408, "slow-consumer");
    const startedAt = Date.now();
    const second = await relay.connection(2);
    expect(Date.now() - startedAt).toBeLessThan(400);
    expect(second.query.get("since")).toBe("3");
    second.welcome({ cursor: 3 });
    second.send({ type: "problem", problem: { type: "/problems/ws/slow-consumer", title: "Too slow" } });
    second.close(4408, "slow-consumer");
    await until("a second wait", () => recorder.kinds.filter((kind) => kind === "waiting").length === 2);
    const again = recorder.states.findLast((state) => state.kind === "waiting");
    expect(again?.retryAtMs).toBeGreaterThan(Date.now() + 300);
    expect(again?.error).toMatchObject({ code: 4408, problem: { title: "Too slow" } });
  });

  test("[C] 4401: a new token at once", async () => {
    const tokens = ["old", "new"];
    const recorder = new Recorder(open({ token: () => tokens.shift() ?? "" }));
    const first = await relay.connection(1);
    first.welcome();
    first.close(4401, "token-expired");
    const second = await relay.connection(2);
    expect([first.token, second.token]).toEqual(["old", "new"]);
    second.welcome();
    await recorder.reaches("live");
    expect(recorder.kinds).toEqual(["connecting", "live", "waiting", "connecting", "live"]);
  });
});

describe("in time", () => {
  test("[W8] silence for 97.5 s is a dead line; anything that comes starts it anew", async () => {
    stopClock();
    const stream = open();
    await eventually(() => relay.connections.length === 1);
    const [connection] = relay.connections;
    connection?.welcome();
    await eventually(() => stream.state.kind === "live");
    await vi.advanceTimersByTimeAsync(90_000);
    connection?.send({ type: "heartbeat", cursor: 9, upstream: "connected" });
    await eventually(() => stream.cursor?.seq === 9);
    await vi.advanceTimersByTimeAsync(97_000);
    expect(stream.state.kind).toBe("live");
    await vi.advanceTimersByTimeAsync(600);
    expect(stream.state).toMatchObject({ kind: "waiting", reason: "silent" });
  });

  test("[W8] a handler that takes long is no silence of the relay", async () => {
    stopClock();
    const gate = Promise.withResolvers<void>();
    const stream = open();
    stream.subscribe(() => gate.promise);
    await eventually(() => relay.connections.length === 1);
    const [connection] = relay.connections;
    connection?.welcome();
    connection?.events(0, [1]);
    await eventually(() => stream.state.kind === "live");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(stream.state.kind).toBe("live");
    gate.resolve();
    await eventually(() => stream.cursor?.seq === 1);
  });
});
