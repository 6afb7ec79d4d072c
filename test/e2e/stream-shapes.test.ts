/** Streams of other shapes: which are served, how, and which are refused (W18). */
import { describe, expect, test, vi } from "vitest";
import { until } from "../support/until.ts";
import { World, joinAt, startInTurn, TOKEN, type Client } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const KEY = "cellos.events.key";
/** A key-value store's: the last value of each key, and no more once it is full. */
const LAST_VALUE = { max_msgs_per_subject: 1, max_bytes: 8 * 1024 * 1024, discard: "new" };

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
      expect(await refused.socket.closed(15_000)).toMatchObject({ code: 1008, reason: "subscribe failed" });
      await until("/readyz names the shape", async () => {
        const answer = await fetch(`${world.relay.url}/readyz`, { headers: { authorization: `Bearer ${TOKEN}` } });
        return answer.status === 503 && (await answer.text()).includes(`${retention} retention`);
      });
    },
  );

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
