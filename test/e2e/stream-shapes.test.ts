/** Streams of other shapes: which are served, how, and which are refused (W18). */
import { describe, expect, test, vi } from "vitest";
import { cloudEvent } from "../support/cloud-event.ts";
import { until } from "../support/until.ts";
import { World, joinAt, startInTurn, TOKEN, type Client } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const KEY = "cellos.events.key";
/** A key-value store's: the last value of each key, and no more once it is full. */
const LAST_VALUE = { max_msgs_per_subject: 1, max_bytes: 8 * 1024 * 1024, discard: "new" };

/** The minor version of the broker, of 2. */
async function brokerVersion({ rig }: World): Promise<number> {
  const { version } = (await (await fetch(`${rig.server.monitorUrl}/varz`)).json()) as { readonly version: string };
  return Number(version.split(".")[1]);
}

async function expectOn(follower: Client, seqs: readonly number[]): Promise<void> {
  await follower.reaches(seqs.at(-1) ?? 0);
  expect([follower.seqs, follower.faults, follower.socket.isClosed]).toEqual([seqs, [], false]);
}

describe.concurrent("streams of every shape", () => {
  test.each([
    ["nothing else", { max_msgs_per_subject: 1 }],
    ["max_bytes, new messages being refused", LAST_VALUE],
    ["an age", { max_msgs_per_subject: 1, max_age: 3_600e9 }],
  ])(
    "[W18] the last value of each subject, beside %s: a burst elsewhere ends nobody who is live",
    async (_, config) => {
      await using world = await World.start({ stream: { config } });
      const followers = await world.joinMany(2, `${KEY}.quiet`);
      const first = await world.publish(`${KEY}.quiet`, 1);
      await Promise.all(followers.map((follower) => follower.reaches(first[0] ?? 0)));
      // The quiet key's value is replaced too, so the first seq passes everybody.
      await world.publishMany(`${KEY}.busy`, 3_000);
      const next = await world.publish(`${KEY}.quiet`, 1);
      expect((await world.rig.streamState()).firstSeq).toBeGreaterThan((first[0] ?? 0) + 1);
      for (const follower of followers) await expectOn(follower, [...first, ...next]);
    },
  );

  test("[W18] the last value of each subject: a cursor below the first seq gets what is retained, cold and warm", async () => {
    await using world = await World.start({ stream: { config: LAST_VALUE } });
    for (let round = 0; round < 5; round++) {
      for (const key of ["a", "b", "c"]) await world.publish(`${KEY}.${key}`, 1);
    }
    const { firstSeq, lastSeq } = await world.rig.streamState();
    expect([firstSeq, lastSeq]).toEqual([13, 15]);
    for (let round = 0; round < 2; round++) {
      for (const follower of await world.joinMany(2, `${KEY}.>`, { since: 2 })) await expectOn(follower, [13, 14, 15]);
      for (const follower of await world.joinMany(2, `${KEY}.b`, { since: 2 })) await expectOn(follower, [14]);
    }
  });

  test("[W18] the last value of each subject: what was taken from a stream that retains nothing is told", async () => {
    await using world = await World.start({ stream: { config: LAST_VALUE } });
    await world.publish(`${KEY}.a`, 9);
    await world.rig.purge();
    for (const follower of await world.joinMany(2, `${KEY}.>`, { since: 2 })) {
      expect(await follower.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
      expect(follower.seqs).toEqual([]);
    }
  });

  test("[W18] a limit that removes the oldest makes the first seq count again", async () => {
    await using world = await World.start({ stream: { maxMessages: 5, config: { max_msgs_per_subject: 1 } } });
    for (let key = 0; key < 20; key++) await world.publish(`${KEY}.k${key}`, 1);
    for (const follower of await world.joinMany(2, `${KEY}.>`, { since: 2 })) {
      expect(await follower.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
    }
  });

  test("[W18] messages deleted from between others end nobody, live, in the window and by replay", async () => {
    await using world = await World.start({ vars: { WINDOW_BYTES: "65536" } });
    const seqs: number[] = await world.publish(`${KEY}.x`, 3);
    await world.publishMany(`${KEY}.other`, 2_000);
    seqs.push(...(await world.publish(`${KEY}.x`, 3)));
    for (const gone of [seqs[1], seqs[4]]) await world.rig.deleteMessage(gone ?? 0);
    const left = [seqs[0], seqs[2], seqs[3], seqs[5]].map(Number);
    for (const follower of await world.joinMany(2, `${KEY}.>`, { since: 0 })) {
      await follower.reaches(seqs[5] ?? 0);
      expect([follower.faults, follower.seqs.length]).toEqual([[], 2_004]);
    }
    for (const follower of await world.joinMany(2, `${KEY}.x`, { since: 0 })) await expectOn(follower, left);
  });

  test.each(["interest", "workqueue"])(
    "[W18] [W11] [H9] %s retention is refused, and the reason is told",
    async (retention) => {
      await using world = await World.start({ stream: { config: { retention } } });
      const refused = await world.join(`${KEY}.x`, 2);
      expect(await refused.socket.closed()).toMatchObject({ code: 1008, reason: "subscribe failed" });
      await until("/readyz names the shape", async () => {
        const answer = await fetch(`${world.relay.url}/readyz`, { headers: { authorization: `Bearer ${TOKEN}` } });
        return answer.status === 503 && (await answer.text()).includes(`${retention} retention`);
      });
    },
  );

  test("[W18] [W5] messages with a TTL of their own leave in silence, and raise the first seq like retention", async () => {
    await using world = await World.start({ stream: { config: { allow_msg_ttl: true } } });
    const { rig } = world;
    const stays = await world.join(`${KEY}.x`, 2);
    const { epoch = "" } = await stays.socket.type("welcome");
    const short = { "Nats-TTL": "1s" };
    const message = (headers?: typeof short) => ({
      subject: `${KEY}.x`,
      data: cloudEvent({}),
      ...(headers === undefined ? {} : { headers }),
    });
    const seqs = await rig.publish([message(short), message(), message(short), message()]);
    await stays.reaches(4);
    // Brokers before 2.11 know no TTLs, and keep everything.
    const knowsTtl = (await brokerVersion(world)) >= 11;
    const left = knowsTtl ? [2, 4] : seqs;
    await until("they have left", async () => (await rig.streamState()).messages === left.length);
    // Rooms of their own: a window may still hold what has expired (W19).
    await expectOn(await world.join(`${KEY}.>`, 2, { since: 0 }), left);
    await expectOn(
      await world.join(`${KEY}.*`, 2, { since: 2, epoch }),
      left.filter((seq) => seq > 2),
    );
    const below = await world.join("cellos.events.*.x", 2, { since: 0, epoch });
    if (knowsTtl) {
      expect(await below.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
      expect(below.seqs).toEqual([]);
    } else await expectOn(below, seqs);
    const next = await world.publish(`${KEY}.x`, 1);
    await expectOn(stays, [...seqs, ...next]);
  });

  test("[W18] [W11] [JS-20] a subject transform: events are read by the subject under which they are stored", async () => {
    await using world = await World.start({ stream: false });
    const transform = { src: "raw.>", dest: "cellos.events.key.>" };
    await world.rig.jetstream.createStreamAsIs({ subjects: ["raw.>"], subject_transform: transform });
    const before = await world.publish("raw.x", 3);
    const follower = await world.join(`${KEY}.x`, 2, { since: 1 });
    // Brokers before 2.10 store under the subject that was published to, and refuse a filter that they never store.
    if ((await brokerVersion(world)) < 10) {
      expect(await follower.socket.closed()).toMatchObject({ code: 1008, reason: "subscribe failed" });
      return;
    }
    await follower.reaches(3);
    const after = await world.publish("raw.x", 2);
    await world.publish("raw.y", 1);
    await expectOn(follower, [...before.slice(1), ...after]);
  });

  test("[W18] [W5] max_bytes removes the oldest, and is told like any retention", async () => {
    await using world = await World.start({ stream: { config: { max_bytes: 64 * 1024 } } });
    const stays = await world.join(`${KEY}.x`, 2);
    // In parts that the stream holds: of a burst it would remove what nobody could have read.
    for (let part = 0; part < 10; part++)
      await stays.reaches(await world.publishMany(`${KEY}.x`, 20, { padBytes: 1024 }));
    const { firstSeq, lastSeq } = await world.rig.streamState();
    expect(firstSeq).toBeGreaterThan(100);
    const below = await world.join(`${KEY}.>`, 2, { since: 2 });
    expect(await below.socket.closed()).toMatchObject({ code: 4410, reason: "retention-exhausted" });
    const retained = Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => firstSeq + index);
    await expectOn(await world.join(`${KEY}.*`, 2, { since: firstSeq - 1 }), retained);
    expect([stays.seqs.length, stays.faults]).toEqual([200, []]);
  });

  test("[W18] [W6] memory storage is served; a broker that restarts has another stream", async () => {
    await using world = await World.start({ stream: { storage: "memory" } });
    const seqs = await world.publish(`${KEY}.x`, 4);
    const stays = await world.join(`${KEY}.x`, 2, { since: 1 });
    await expectOn(stays, seqs.slice(1));
    await world.rig.act("restart");
    await world.rig.createStream({ storage: "memory" });
    expect(await stays.socket.closed()).toMatchObject({ code: 4410, reason: "stream-reset" });
    const next = await world.publish(`${KEY}.x`, 2);
    await expectOn(await world.join(`${KEY}.x`, 2, { since: 0 }), next);
  });

  test.each([
    ["a mirror", { mirror: { name: "CELLOS_EVENTS" }, subjects: undefined }],
    ["a source", { sources: [{ name: "CELLOS_EVENTS" }], subjects: undefined }],
  ])("[W18] [W5] %s of another stream is served as any other", async (_, config) => {
    await using world = await World.start();
    const before = await world.publish(`${KEY}.x`, 5);
    await world.rig.createStream({ name: "COPY", config });
    const vars = { NATS_URL: world.rig.url, RELAY_API_TOKEN: TOKEN, NATS_STREAM: "COPY", HEARTBEAT_SECONDS: "1" };
    await using relay = await startInTurn(vars);
    await until("the copy holds what there is", async () => (await world.rig.streamState("COPY")).messages === 5);
    const follower = await joinAt(relay, `${KEY}.x`, 2, { since: 2 });
    await follower.reaches(before[4] ?? 0);
    const after = await world.publish(`${KEY}.x`, 3);
    await expectOn(follower, [...before.slice(2), ...after]);
  });
});
