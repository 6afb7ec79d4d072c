import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { EventStream } from "../../src/client/index.ts";
import { CountingSocket } from "../support/wire/counting-socket.ts";
import { Recorder } from "../support/browser/recorder.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";

const token = "t";
const KIB = 1024;
const MAX_UNREAD_BYTES = 256 * KIB;
/** One frame may exceed the bound (B1). */
const ALLOWED_BYTES = MAX_UNREAD_BYTES + 2 * 64 * KIB;
let rig: Rig;

const relayOf = (vars: Record<string, string> = {}): Promise<Relay> =>
  startRelay({
    vars: {
      NATS_URL: rig.url,
      RELAY_API_TOKEN: token,
      HEARTBEAT_SECONDS: "1",
      MAX_UNREAD_BYTES: String(MAX_UNREAD_BYTES),
      ...vars,
    },
  });

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  vi.stubGlobal("WebSocket", CountingSocket);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await rig.stop();
});

/** A door that handlers wait at. */
class Gate {
  #opened = Promise.withResolvers<void>();
  get passed(): Promise<void> {
    return this.#opened.promise;
  }
  open(): void {
    this.#opened.resolve();
  }
}

describe("[B1] a slow page", () => {
  test("holds the relay back, and is sent the rest when it goes on", async () => {
    await using relay = await relayOf();
    const subject = "cellos.events.slow.held";
    const gate = new Gate();
    const stream = new EventStream({ url: relay.url, token, subject });
    const recorder = new Recorder(stream, () => gate.passed);
    await recorder.reaches("live");
    const socket = CountingSocket.last;
    await rig.publishMany(3_000, { subject, padBytes: 1_000 });
    // A quarter before the first ping (B6).
    await until("the relay has sent what it may", () => socket.receivedBytes >= MAX_UNREAD_BYTES / 4);
    // Another page is sent everything meanwhile: the relay had the time to send more to the first.
    const other = new EventStream({ url: relay.url, token, subject, since: 0 });
    await new Recorder(other).has(3_000, 20_000);
    other.close();
    expect(socket.receivedBytes).toBeLessThan(ALLOWED_BYTES);
    expect(recorder.numbers).toEqual([1]);
    gate.open();
    await recorder.has(3_000, 20_000);
    expect(recorder.kinds).not.toContain("waiting");
    expect(socket.pings).toBeGreaterThan(5);
    stream.close();
  });

  test("one that handles nothing for too long is cut, and resumes at once where it stopped", async () => {
    await using relay = await relayOf({ SEND_TIMEOUT_SECONDS: "2" });
    const subject = "cellos.events.slow.cut";
    const gate = new Gate();
    const stream = new EventStream({ url: relay.url, token, subject });
    const recorder = new Recorder(stream, () => gate.passed);
    await recorder.reaches("live");
    await rig.publishMany(2_000, { subject, padBytes: 1_000 });
    const socket = CountingSocket.last;
    await until("the relay has given up", () => socket.closeCode !== null, 20_000);
    expect(socket.closeCode).toBe(4408);
    await rig.publishMany(1, { subject, from: 2_001 });
    gate.open();
    await recorder.has(2_001, 20_000);
    const waits = recorder.states.filter((state) => state.kind === "waiting");
    expect(waits).toMatchObject([{ reason: "slow-consumer", error: { code: 4408 } }]);
    stream.close();
  });

  test("a handler that keeps up, however long each event takes, costs no pause", async () => {
    await using relay = await relayOf();
    const subject = "cellos.events.slow.steady";
    const stream = new EventStream({ url: relay.url, token, subject });
    const recorder = new Recorder(stream, () => new Promise((resolve) => setImmediate(resolve)));
    await recorder.reaches("live");
    await rig.publishMany(5_000, { subject, padBytes: 500 });
    await recorder.has(5_000, 30_000);
    expect(recorder.kinds).toEqual(["connecting", "live"]);
    stream.close();
  });

  test("text of many bytes a character is acknowledged by its bytes", async () => {
    await using relay = await relayOf();
    const subject = "cellos.events.slow.wide";
    const stream = new EventStream({ url: relay.url, token, subject });
    const recorder = new Recorder(stream);
    await recorder.reaches("live");
    const text = "語".repeat(1_000);
    await rig.publish(
      Array.from({ length: 1_000 }, (_, index) => ({ subject, data: { data: { n: index + 1, text } } })),
    );
    await recorder.has(1_000, 20_000);
    expect(recorder.kinds).toEqual(["connecting", "live"]);
    stream.close();
  });
});
