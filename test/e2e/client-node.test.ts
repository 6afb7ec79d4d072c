import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventStream, type StreamItem } from "../../src/client/index.ts";
import { freePort } from "../../src/dev/free-port.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { Recorder } from "../support/browser/recorder.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import { TcpProxy } from "../support/broker/tcp-proxy.ts";
import { until } from "../support/until.ts";

const token = "t";
let rig: Rig;
let relay: Relay;
let port: number;

const relayOf = (): Promise<Relay> =>
  startRelay({ port, vars: { NATS_URL: rig.url, RELAY_API_TOKEN: token, HEARTBEAT_SECONDS: "1" } });

beforeAll(async () => {
  port = await freePort();
  rig = await Rig.start();
  await rig.createStream();
  relay = await relayOf();
});
afterAll(async () => {
  await relay.stop();
  await rig.stop();
});

describe("the client in Node", () => {
  test("[V3] [V4] delivers what is published, in order, with its cursor", async () => {
    const subject = "cellos.events.node.live";
    const stream = new EventStream({ url: relay.url, token, subject });
    const recorder = new Recorder(stream);
    expect(stream.cursor).toBeNull();
    await recorder.reaches("live");
    const last = await rig.publishMany(2_000, { subject });
    await recorder.has(2_000);
    expect(stream.cursor).toEqual({ seq: last, epoch: expect.stringMatching(/^[A-Za-z0-9_-]+$/) });
    expect(recorder.kinds).toEqual(["connecting", "live"]);
    stream.close();
    expect(stream.state).toEqual({ kind: "closed", error: null });
  });

  test("[W4] since replays, and says when it has caught up", async () => {
    const subject = "cellos.events.node.since";
    const { lastSeq } = await rig.streamState();
    await rig.publishMany(1_000, { subject });
    const stream = new EventStream({ url: relay.url, token, subject, since: lastSeq });
    const recorder = new Recorder(stream);
    await recorder.has(1_000);
    await recorder.reaches("live");
    expect(recorder.kinds).toEqual(["connecting", "replaying", "live"]);
    stream.close();
  });

  test("for await takes one event at a time, and ends with the stream", async () => {
    const subject = "cellos.events.node.loop";
    const { lastSeq } = await rig.streamState();
    await rig.publishMany(10, { subject });
    const stream = new EventStream<{ data: { n: number } }>({ url: relay.url, token, subject, since: lastSeq });
    const seen: number[] = [];
    for await (const { event } of stream) {
      seen.push(event.data.n);
      if (seen.length === 4) break;
    }
    for await (const { event, seq } of stream) {
      // An event counts as handled when the loop asks for the next.
      expect(stream.cursor?.seq).toBe(seq - 1);
      seen.push(event.data.n);
      if (seen.length === 10) stream.close();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await until("the last one counts", () => stream.cursor?.seq === lastSeq + 10);
  });

  test("events wait until somebody reads them", async () => {
    const subject = "cellos.events.node.late";
    const stream = new EventStream({ url: relay.url, token, subject });
    await until("live", () => stream.state.kind === "live");
    await rig.publishMany(5, { subject });
    const items: StreamItem[] = [];
    const unsubscribe = stream.subscribe((item) => items.push(item));
    await until("five events", () => items.length === 5);
    unsubscribe();
    await rig.publish([{ subject, data: cloudEvent({ n: 6 }) }]);
    const other = new Recorder(stream);
    await until("the sixth", () => other.numbers.length === 1);
    expect(other.numbers).toEqual([6]);
    expect(items).toHaveLength(5);
    stream.close();
  });

  test("[W9] the cursor moves on a quiet subject", async () => {
    const stream = new EventStream({ url: relay.url, token, subject: "cellos.events.node.quiet" });
    await until("live", () => stream.state.kind === "live");
    const last = await rig.publishMany(20, { subject: "cellos.events.elsewhere" });
    await until("the cursor is the stream's", () => stream.cursor?.seq === last);
    stream.close();
  });

  test("[W1] a parse of one's own keeps every digit", async () => {
    const subject = "cellos.events.node.digits";
    const parse = (text: string): unknown =>
      JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }) =>
        Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(source ?? "") : value) as Parameters<
        typeof JSON.parse
      >[1]);
    const stream = new EventStream<{ id: bigint }>({ url: relay.url, token, subject, parse });
    const loop = stream[Symbol.asyncIterator]();
    const first = loop.next();
    await until("live", () => stream.state.kind === "live");
    await rig.publish([{ subject, data: '{"id":9007199254740993}' }]);
    expect((await first).value).toMatchObject({ event: { id: 9007199254740993n } });
    stream.close();
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });

  test("[W12] a broker that restarts is seen, and nothing is missing after it", async () => {
    const subject = "cellos.events.node.broker";
    const stream = new EventStream({ url: relay.url, token, subject });
    const recorder = new Recorder(stream);
    await recorder.reaches("live");
    await rig.publishMany(100, { subject });
    await rig.act("kill");
    await until("the page is told", () => stream.state.kind === "live" && stream.state.upstream === "reconnecting");
    await rig.act("start");
    await rig.publishMany(100, { subject, from: 101 });
    await recorder.has(200, 20_000);
    await until("connected again", () => stream.state.kind === "live" && stream.state.upstream === "connected");
    expect(recorder.kinds).not.toContain("waiting");
    stream.close();
  });

  test("[V4] a line that breaks again and again: nothing is missing or repeated", async () => {
    const subject = "cellos.events.node.cut";
    const line = await TcpProxy.start(() => port);
    const stream = new EventStream({ url: `http://127.0.0.1:${line.port}`, token, subject });
    const recorder = new Recorder(stream, () => new Promise((resolve) => setImmediate(resolve)));
    await recorder.reaches("live");
    const publishing = (async () => {
      for (let from = 1; from <= 20_000; from += 500) await rig.publishMany(500, { subject, from, padBytes: 300 });
    })();
    for (let cut = 1; cut <= 6; cut += 1) {
      await until(`part ${cut}`, () => recorder.numbers.length > cut * 1_500, 20_000);
      // Who has not dialled yet has nothing to be cut.
      await until("there is a line", () => ["replaying", "live"].includes(stream.state.kind), 20_000);
      const seen = recorder.states.length;
      line.cut();
      // It may be back before a look at its state would see it gone.
      await until("the cut is noticed", () => recorder.kinds.slice(seen).includes("waiting"), 20_000);
      stream.retryNow();
    }
    await publishing;
    await recorder.has(20_000, 40_000);
    stream.close();
    await line.close();
  });

  test("[W4] a relay that restarts is found again, and nothing is missing or repeated", async () => {
    const subject = "cellos.events.node.relay";
    const stream = new EventStream({ url: relay.url, token, subject });
    const recorder = new Recorder(stream);
    await recorder.reaches("live");
    await rig.publishMany(100, { subject });
    await recorder.has(100);
    await relay.stop();
    const waiting = await recorder.reaches("waiting");
    expect(waiting.error).toMatchObject({ name: "RelayError" });
    expect(waiting.retryAtMs).toBeGreaterThan(Date.now() - 30_000);
    await rig.publishMany(100, { subject, from: 101 });
    relay = await relayOf();
    await recorder.has(200, 40_000);
    await recorder.reaches("live");
    stream.close();
  });
});
