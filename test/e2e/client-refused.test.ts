import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventStream, type EventStreamOptions, RelayError } from "../../src/client/index.ts";
import { Recorder } from "../support/browser/recorder.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const token = "t";
let rig: Rig;
let relay: Relay;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: token } });
});
afterAll(async () => {
  await relay.stop();
  await rig.stop();
});

/** The error that a loop over such a stream ends with. */
async function failure(options: Partial<EventStreamOptions>): Promise<RelayError> {
  const stream = new EventStream({ url: relay.url, token, ...options });
  try {
    for await (const item of stream) throw new Error(`An event came: ${item.seq}`);
  } catch (error) {
    if (error instanceof RelayError) return error;
    throw error;
  }
  throw new Error("The stream ended without an error.");
}

describe("[H3] a refused upgrade is a typed error", () => {
  test("401: the token is wrong", async () => {
    const error = await failure({ token: "wrong" });
    expect(error).toMatchObject({ status: 401, reason: "refused", problem: { type: "/problems/unauthorized" } });
    expect(error.message).toMatch(/^refused 401 .*credential/);
  });

  test("401: there is none", async () => {
    const stream = new EventStream({ url: relay.url });
    const recorder = new Recorder(stream);
    const closed = await recorder.reaches("closed");
    expect(closed.error).toMatchObject({ status: 401 });
  });

  test("400: the subject is no filter", async () => {
    expect(await failure({ subject: "cellos..events" })).toMatchObject({ status: 400 });
  });

  test("403: the subject is out of reach", async () => {
    expect(await failure({ subject: "elsewhere.>" })).toMatchObject({ status: 403 });
  });

  test("404: no relay there", async () => {
    expect(await failure({ url: `${relay.url}/elsewhere` })).toMatchObject({ status: 404 });
  });

  test("401: a function is asked for one more token, and then it is enough", async () => {
    let asked = 0;
    expect(await failure({ token: () => `wrong ${(asked += 1)}` })).toMatchObject({ status: 401 });
    expect(asked).toBe(2);
  });

  test("a function may mend it", async () => {
    const tokens = ["wrong", token];
    const stream = new EventStream({ url: relay.url, token: async () => tokens.shift() ?? "none left" });
    const recorder = new Recorder(stream);
    await recorder.reaches("live");
    expect(recorder.states).toMatchObject([
      { kind: "connecting" },
      { kind: "waiting", reason: "refused", error: { status: 401 } },
      { kind: "connecting" },
      { kind: "live" },
    ]);
    stream.close();
  });

  test("a relay that serves nobody is waited for, and says so", async () => {
    await using idle = await startRelay({ vars: {} });
    const stream = new EventStream({ url: idle.url, token });
    const { error, retryAtMs } = await new Recorder(stream).reaches("waiting");
    expect(error).toMatchObject({ status: 503 });
    expect(retryAtMs - Date.now()).toBeGreaterThan(25_000);
    stream.close();
  });

  test("nobody there: waits, and tries again when asked", async () => {
    const stream = new EventStream({ url: "http://127.0.0.1:9", token });
    const recorder = new Recorder(stream);
    expect((await recorder.reaches("waiting")).reason).toBe("unreachable");
    stream.retryNow();
    expect(stream.state.kind).toBe("connecting");
    stream.close();
  });

  test("[W11] a relay without broker is waited for long", async () => {
    await using idle = await startRelay({ vars: { RELAY_API_TOKEN: token } });
    const stream = new EventStream({ url: idle.url, token });
    const { reason, error } = await new Recorder(stream).reaches("waiting");
    expect(reason).toBe("no upstream broker configured");
    expect(error.code).toBe(1008);
    stream.close();
  });

  test("token and store may fail: that is told, and tried again", async () => {
    let isUp = false;
    const up = <T>(value: T): T => {
      if (isUp) return value;
      throw new Error("not yet");
    };
    const store = { load: () => up(null), save: () => {} };
    const stream = new EventStream({ url: relay.url, token: () => up(token), store });
    const recorder = new Recorder(stream);
    expect(await recorder.reaches("waiting")).toMatchObject({
      reason: "callback",
      error: { cause: { message: "not yet" } },
    });
    isUp = true;
    await recorder.reaches("live");
    stream.close();
  });
});
