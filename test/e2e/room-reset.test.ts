/** A stream that is not the one the cursor came from (W6, V6). */
import { describe, expect, test, vi } from "vitest";
import { Backup } from "../support/broker/backup.ts";
import type { Follower } from "../support/wire/follower.ts";
import { until } from "../support/until.ts";
import { joinAt, startInTurn, TOKEN, World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const SUBJECT = "cellos.events.reset.x";
/** Five times two heartbeats, half of one for the broker's part, and the client's own half second of patience. */
const TOLD_WITHIN_MS = 15_000;
/** Five times the longest silence of W8 at a heartbeat a second. */
const SILENCE_MS = 7_500;

async function expectReset(follower: Follower, received: readonly number[], timeoutMs = 5_000): Promise<void> {
  expect(await follower.socket.closed(timeoutMs)).toEqual({ code: 4410, reason: "stream-reset", wasClean: true });
  const { frame } = follower.socket.received.at(-1) ?? {};
  const problem = follower.version === 1 ? frame : frame?.problem;
  expect(problem).toEqual({
    type: "/problems/ws/stream-reset",
    title: expect.any(String),
    oldest_seq: expect.any(Number),
  });
  if (follower.version === 2) expect(frame?.type).toBe("problem");
  expect(follower.seqs).toEqual(received);
  expect(follower.faults).toEqual([]);
}

async function expectServed(world: World): Promise<void> {
  const followers = await world.joinMany(2, SUBJECT);
  const seqs = await world.publish(SUBJECT, 2);
  for (const follower of followers) {
    await follower.reaches(seqs[1] ?? 0);
    expect(follower.seqs).toEqual(seqs);
  }
}

const ROUNDS = ["while the room is finding out", "after that"] as const;

describe.concurrent("streams that were reset", () => {
  test.each([
    ["empty", 0],
    ["shorter", 3],
    ["longer", 40],
  ])("[W6] deleted and made anew under 50 live clients, %s than before: all are told", async (_, grown) => {
    await using world = await World.start();
    const followers = await world.joinMany(50, SUBJECT);
    const seqs = await world.publish(SUBJECT, 10);
    await Promise.all(followers.map((follower) => follower.reaches(seqs[9] ?? 0)));
    await world.rig.deleteStream();
    await world.rig.createStream();
    if (grown > 0) await world.publish(SUBJECT, grown);
    const startedAt = Date.now();
    await Promise.all(followers.map((follower) => expectReset(follower, seqs)));
    expect(Date.now() - startedAt).toBeLessThan(TOLD_WITHIN_MS);
    await expectServed(world);
  });

  test("[W6] [V6] [JS-4] 50 clients that come back with cursors of a stream that is no more are told at once", async () => {
    await using world = await World.start();
    const first = await world.join(SUBJECT, 2);
    const { epoch = "" } = await first.socket.type("welcome");
    const last = (await world.publish(SUBJECT, 20)).at(-1) ?? 0;
    await first.reaches(last);
    await world.rig.deleteStream();
    await world.rig.createStream();
    // Without an epoch only a seq that the new stream has not reached betrays the old one.
    const since = last;
    await world.publish(SUBJECT, 5);
    for (const round of ROUNDS) {
      const withEpoch = await world.joinMany(25, SUBJECT, { since: 3, epoch });
      const without = await world.joinMany(25, SUBJECT, { since });
      // A room that does not know yet serves a cursor inside its window at once (W11), and tells the client then.
      for (const follower of withEpoch) await expectReset(follower, round === ROUNDS[0] ? follower.seqs : []);
      for (const follower of without) await expectReset(follower, []);
      expect(withEpoch.length + without.length, round).toBe(50);
    }
    await expectServed(world);
  });

  test("[V6] the right epoch is served, another one is told, in a warm and in a cold room", async () => {
    await using world = await World.start();
    const seqs = await world.publish(SUBJECT, 10);
    const asking = await world.join("cellos.events.reset.other", 2);
    const { epoch = "" } = await asking.socket.type("welcome");
    for (const temperature of ["cold", "warm"]) {
      const right = await world.joinMany(2, SUBJECT, { since: seqs[4] ?? 0, epoch });
      for (const follower of right) {
        await follower.reaches(seqs[9] ?? 0);
        expect(follower.seqs, temperature).toEqual(seqs.slice(5));
      }
      for (const since of [0, seqs[4] ?? 0, seqs[9] ?? 0]) {
        for (const follower of await world.joinMany(2, SUBJECT, { since, epoch: "0000000000000000" })) {
          await expectReset(follower, []);
        }
      }
    }
  });

  test("[W6] a since above the last seq is told at once, in a cold and in a warm room; at the last seq it is served", async () => {
    await using world = await World.start();
    const last = (await world.publish(SUBJECT, 5)).at(-1) ?? 0;
    for (const since of [last + 1, last + 1_000_000]) {
      for (const follower of await world.joinMany(2, SUBJECT, { since })) await expectReset(follower, []);
    }
    const at = await world.joinMany(2, SUBJECT, { since: last });
    for (const follower of await world.joinMany(2, SUBJECT, { since: last + 1 })) await expectReset(follower, []);
    const [next = 0] = await world.publish(SUBJECT, 1);
    for (const follower of at) {
      await follower.reaches(next);
      expect(follower.seqs).toEqual([next]);
    }
  });

  test("[W6] [W12] [JS-5] a stream that is deleted and not yet back closes nobody; back, it is another one", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(4, SUBJECT);
    const seqs = await world.publish(SUBJECT, 3);
    await Promise.all(followers.map((follower) => follower.reaches(seqs[2] ?? 0)));
    const deletedAt = Date.now();
    await world.rig.deleteStream();
    await until("six heartbeats went by", () =>
      followers.every(({ beats }) => beats.filter(({ atMs }) => atMs > deletedAt).length >= 6),
    );
    for (const follower of followers) {
      expect(follower.socket.isClosed).toBe(false);
      expect(follower.silenceMs(deletedAt)).toBeLessThan(SILENCE_MS);
    }
    const refused = await world.join(SUBJECT, 1);
    expect(await refused.socket.closed()).toMatchObject({ code: 1008, reason: "subscribe failed" });
    await world.rig.createStream();
    await Promise.all(followers.map((follower) => expectReset(follower, seqs)));
    await expectServed(world);
  });

  test("[W6] a stream restored from an older backup: who has seen more is told, cursors below it are served", async () => {
    await using world = await World.start();
    const { rig } = world;
    const old = await world.publish(SUBJECT, 10);
    const followers = await world.joinMany(10, SUBJECT, { since: old[4] ?? 0 });
    await Promise.all(followers.map((follower) => follower.reaches(old[9] ?? 0)));
    const backup = await Backup.take(rig);
    const lost = await world.publish(SUBJECT, 10);
    await Promise.all(followers.map((follower) => follower.reaches(lost[9] ?? 0)));
    await backup.restore();
    expect((await rig.streamState()).lastSeq).toBe(old[9]);
    await Promise.all(followers.map((follower) => expectReset(follower, [...old.slice(5), ...lost], 20_000)));
    for (const follower of await world.joinMany(2, SUBJECT, { since: lost[3] ?? 0 })) await expectReset(follower, []);
    const kept = await world.joinMany(2, SUBJECT, { since: old[7] ?? 0 });
    const [next = 0] = await world.publish(SUBJECT, 1);
    for (const follower of kept) {
      await follower.reaches(next);
      expect(follower.seqs).toEqual([...old.slice(8), next]);
    }
  });

  test("[W6] [V6] a stream of another name is another stream, whatever its numbers say", async () => {
    await using world = await World.start();
    const seqs = await world.publish(SUBJECT, 5);
    const before = await world.join(SUBJECT, 2, { since: 0 });
    const { epoch = "" } = await before.socket.type("welcome");
    await before.reaches(seqs[4] ?? 0);
    await world.rig.deleteStream();
    await world.rig.createStream({ name: "RENAMED" });
    await world.publish(SUBJECT, 5);
    const vars = { NATS_URL: world.rig.url, RELAY_API_TOKEN: TOKEN, NATS_STREAM: "RENAMED" };
    await using relay = await startInTurn(vars);
    for (const since of [0, 3, 5]) await expectReset(await joinAt(relay, SUBJECT, 2, { since, epoch }), []);
    const served = await joinAt(relay, SUBJECT, 2, { since: 3 });
    await served.reaches(5);
    expect(served.seqs).toEqual([4, 5]);
  });

  test("[W6] [P8] [W12] [JS-17] a stream that was restored and has grown past what was read is told by what it holds", async () => {
    await using world = await World.start();
    const { rig } = world;
    const old = await world.publish(SUBJECT, 10);
    const backup = await Backup.take(rig);
    const followers = await world.joinMany(4, SUBJECT, { since: old[9] ?? 0 });
    const elsewhere = await world.join("cellos.events.reset.elsewhere", 2);
    const lost = await world.publish(SUBJECT, 10);
    await Promise.all(followers.map((follower) => follower.reaches(lost[9] ?? 0)));
    await rig.act("refuse");
    await backup.restore();
    expect((await rig.streamState()).lastSeq).toBe(old[9]);
    await world.publish(SUBJECT, 30);
    await rig.act("heal");
    await Promise.all(followers.map((follower) => expectReset(follower, lost, 10_000)));
    await expectServed(world);
    // Nothing of its own was lost: it goes on.
    const [own = 0] = await world.publish("cellos.events.reset.elsewhere", 1);
    await elsewhere.reaches(own);
    expect([elsewhere.seqs, elsewhere.faults]).toEqual([[own], []]);
  });

  test("[W6] [P8] [W12] in a narrow room too, where another subject's event now stands at the last seq read", async () => {
    await using world = await World.start();
    const { rig } = world;
    await world.publish(SUBJECT, 10);
    const backup = await Backup.take(rig);
    const followers = await world.joinMany(4, SUBJECT);
    const lost = await world.publish(SUBJECT, 3);
    await Promise.all(followers.map((follower) => follower.reaches(lost[2] ?? 0)));
    await rig.act("refuse");
    await backup.restore();
    await world.publish(SUBJECT, 2);
    await world.publish("cellos.events.reset.y", 1);
    await world.publish(SUBJECT, 1);
    await rig.act("heal");
    await Promise.all(followers.map((follower) => expectReset(follower, lost, 10_000)));
    await expectServed(world);
  });

  test("[W6] [W12] a reset while the relay was cut off is told when it is back", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(4, SUBJECT);
    const seqs = await world.publish(SUBJECT, 3);
    await Promise.all(followers.map((follower) => follower.reaches(seqs[2] ?? 0)));
    await world.rig.act("refuse");
    await world.rig.deleteStream();
    await world.rig.createStream();
    await world.publish(SUBJECT, 50);
    await world.rig.act("heal");
    await Promise.all(followers.map((follower) => expectReset(follower, seqs)));
    await expectServed(world);
  });
});
