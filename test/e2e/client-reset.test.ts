import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventStream } from "../../src/client/index.ts";
import { Recorder } from "../support/browser/recorder.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";
import { TOKEN, World } from "../support/world.ts";

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
  await rig.stop();
});

/** One that never spoke: the runtime keeps its connection although it was closed, for as long as somebody is in the room. */
test("[W6] is told in time to who has had nothing to say yet", async () => {
  await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "60" } });
  const subject = "cellos.events.reset.silent";
  const reasons: string[] = [];
  const stream = new EventStream({
    url: world.relay.url,
    token: TOKEN,
    subject,
    onReset: ({ reason }) => {
      reasons.push(reason);
      return null;
    },
  });
  await until("it is live", () => stream.state.kind === "live");
  await world.rig.deleteStream();
  await world.rig.createStream();
  // Whoever comes makes the room look at its stream.
  const neighbour = await world.join(subject, 2);
  await until(
    "it waits for its pause",
    () => stream.state.kind === "waiting" && stream.state.reason === "stream-reset",
  );
  stream.retryNow();
  await until("it is live again", () => stream.state.kind === "live");
  expect([reasons, neighbour.socket.isClosed]).toEqual([["stream-reset"], false]);
  stream.close();
});

describe("a cursor that is gone", () => {
  test("[W5] retention has passed it: onReset says where to go on, and nothing comes in between", async () => {
    const subject = "cellos.events.reset.old";
    const { lastSeq } = await rig.streamState();
    await rig.publishMany(100, { subject });
    await rig.purge(lastSeq + 91);
    const snapshot = Promise.withResolvers<{ seq: number }>();
    const resets: unknown[] = [];
    const stream = new EventStream({
      url: relay.url,
      token,
      subject,
      since: lastSeq + 1,
      onReset: (reset) => {
        resets.push(reset);
        return snapshot.promise;
      },
    });
    const recorder = new Recorder(stream);
    await until("onReset is called", () => resets.length > 0);
    expect(resets).toEqual([{ reason: "retention-exhausted", oldestSeq: lastSeq + 91 }]);
    expect(stream.state).toMatchObject({ kind: "waiting", reason: "retention-exhausted", retryAtMs: Infinity });
    await rig.publishMany(10, { subject, from: 101 });
    expect(recorder.numbers).toEqual([]);
    snapshot.resolve({ seq: lastSeq + 95 });
    await until("the rest has come", () => recorder.numbers.length === 15);
    expect(recorder.numbers).toEqual(Array.from({ length: 15 }, (_, index) => 96 + index));
    stream.close();
  });

  test("[W6] [V6] the stream was made anew: onReset, and null goes on from now", async () => {
    const subject = "cellos.events.reset.new";
    const reasons: string[] = [];
    const stream = new EventStream({
      url: relay.url,
      token,
      subject,
      onReset: ({ reason }) => {
        reasons.push(reason);
        return null;
      },
    });
    const recorder = new Recorder(stream);
    await recorder.reaches("live");
    const before = stream.cursor?.epoch;
    await rig.deleteStream();
    await rig.createStream();
    await until("onReset is called", () => reasons.length > 0, 20_000);
    await recorder.reaches("live");
    expect(reasons).toEqual(["stream-reset"]);
    expect(stream.cursor?.epoch).not.toBe(before);
    await rig.publishMany(3, { subject });
    await recorder.has(3);
    stream.close();
  });

  test("[W5] without onReset the stream closes with the error", async () => {
    const subject = "cellos.events.reset.closed";
    await rig.publishMany(10, { subject });
    const { lastSeq } = await rig.streamState();
    await rig.purge(lastSeq);
    const stream = new EventStream({ url: relay.url, token, subject, since: 1 });
    const { error } = await new Recorder(stream).reaches("closed");
    expect(error).toMatchObject({ code: 4410, reason: "retention-exhausted", problem: { oldest_seq: lastSeq } });
  });

  test("a snapshot that fails is loaded again", async () => {
    const subject = "cellos.events.reset.again";
    let calls = 0;
    const stream = new EventStream({
      url: relay.url,
      token,
      subject,
      since: 1,
      onReset: async () => {
        calls += 1;
        if (calls === 1) throw new Error("no snapshot yet");
        return null;
      },
    });
    const recorder = new Recorder(stream);
    await until("it failed", () => recorder.states.some((state) => state.kind === "waiting" && state.error.cause));
    stream.retryNow();
    await recorder.reaches("live");
    expect(calls).toBe(2);
    stream.close();
  });
});
