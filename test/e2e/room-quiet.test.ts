/** Clients on a quiet subject of a busy stream keep a cursor that retention does not pass (W9). */
import { describe, expect, test, vi } from "vitest";
import type { Follower } from "../support/wire/follower.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const QUIET = "cellos.events.quiet.x";
const BUSY = "cellos.events.busy.x";

/** How many heartbeats it takes until one carries `seq` or more. */
async function beatsUntil(follower: Follower, seq: number): Promise<number> {
  const seen = follower.beats.length;
  const found = await until(`${String(follower)} hears of ${seq}`, () => {
    const index = follower.beats.slice(seen).findIndex(({ cursor }) => cursor >= seq);
    return index < 0 ? null : index + 1;
  });
  return found;
}

describe.concurrent("quiet subjects", () => {
  test("[W9] while 100,000 other events push the last match out of the stream, the stored cursor stays good", async () => {
    await using world = await World.start({ stream: { maxMessages: 10_000 }, vars: { WINDOW_BYTES: "1" } });
    const followers = await world.joinMany(4, QUIET);
    const [match = 0] = await world.publish(QUIET, 1);
    await Promise.all(followers.map((follower) => follower.reaches(match)));
    let last = match;
    while (last < 100_000) {
      last = await world.publishMany(BUSY, 8_000);
      await Promise.all(followers.map((follower) => follower.passes(last)));
      const probe = await world.join(QUIET, 1, { since: followers[0]?.cursor ?? 0 });
      probe.socket.close(1000);
      expect((await probe.socket.closed()).code).toBe(1000);
    }
    expect((await world.rig.streamState()).firstSeq).toBeGreaterThan(match + 80_000);
    // Everybody else leaves, so that no warm window can be of help.
    const cursors = followers.map(({ cursor }) => cursor ?? 0);
    for (const { socket } of followers) socket.close(1000);
    await until("the room is gone", async () => (await world.rig.connections()).length === 0);
    const back = await Promise.all(
      cursors.map((since, index) => world.join(QUIET, index % 2 === 0 ? 1 : 2, { since })),
    );
    const [next = 0] = await world.publish(QUIET, 1);
    for (const follower of back) {
      await follower.reaches(next);
      expect([follower.seqs, follower.faults]).toEqual([[next], []]);
    }
  });

  test("[W9] a heartbeat reaches the stream's last seq within two, whatever comes in between", async () => {
    await using world = await World.start();
    const followers = [await world.join(QUIET, 1), await world.join(QUIET, 2)];
    for (const follower of followers) await follower.beat();
    for (let round = 0; round < 4; round++) {
      const last = await world.publishMany(BUSY, 50 + round);
      const beats = await Promise.all(followers.map((follower) => beatsUntil(follower, last)));
      for (const count of beats) expect(count).toBeLessThanOrEqual(2);
    }
    for (const { faults, seqs } of followers) expect([faults, seqs]).toEqual([[], []]);
  });

  test("[W9] [W2] [JS-7] no heartbeat ever passes a match that was not sent, under a firehose on other subjects", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(4, QUIET);
    const matches: number[] = [];
    for (let n = 0; n < 60; n++) {
      const [, seqs] = await Promise.all([world.publishMany(BUSY, 150), world.publish(QUIET, 1 + (n % 3))]);
      matches.push(...seqs);
    }
    for (const follower of followers) {
      await follower.reaches(matches.at(-1) ?? 0);
      // Follower notes an event at or below its cursor, which heartbeats move.
      expect([follower.seqs, follower.faults]).toEqual([matches, []]);
    }
  });

  test("[W9] [W7] what was dropped counts as sent: the heartbeat goes past it", async () => {
    await using world = await World.start();
    const followers = [await world.join(QUIET, 1), await world.join(QUIET, 2)];
    const [bad = 0] = await world.rig.publish([{ subject: QUIET, data: "no json" }]);
    for (const follower of followers) {
      expect(await beatsUntil(follower, bad)).toBeLessThanOrEqual(2);
      expect([follower.seqs, follower.faults]).toEqual([[], []]);
    }
  });

  test("[W9] [W12] after an outage in which only others published, the cursor still catches up", async () => {
    await using world = await World.start({ stream: { maxMessages: 1_000 } });
    const followers = [await world.join(QUIET, 1), await world.join(QUIET, 2)];
    for (const follower of followers) await follower.beat();
    await world.rig.act("refuse");
    const last = await world.publishMany(BUSY, 500);
    await world.rig.act("heal");
    for (const follower of followers) await follower.passes(last);
    for (const { faults, socket } of followers) expect([faults, socket.isClosed]).toEqual([[], false]);
  });
});
