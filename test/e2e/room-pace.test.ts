/** A client that acknowledges as it must is never starved, however tight the bounds (B1, V9). */
import { describe, expect, test, vi } from "vitest";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

/** Five times the longest silence of W8 at a heartbeat a second. */
const SILENCE_MS = 7_500;
const SUBJECT = "cellos.events.pace.x";

describe.concurrent("pace", () => {
  test("[B1] [P1] [V9] [W8] a client with a small budget keeps up with a fast stream, out of window and replays", async () => {
    await using world = await World.start({ vars: { WINDOW_BYTES: "10000", MAX_UNREAD_BYTES: "65536" } });
    const startedAt = Date.now();
    const follower = await world.join(SUBJECT, 2);
    expect(await follower.socket.type("welcome")).toMatchObject({ ackBytes: 8_192 });
    const rounds = 12;
    for (let round = 1; round <= rounds; round++) {
      const last = await world.publishMany(SUBJECT, 1_000, { padBytes: 500 });
      await follower.reaches(last);
    }
    expect(follower.seqs).toHaveLength(rounds * 1_000);
    expect(follower.faults).toEqual([]);
    expect(follower.silenceMs(startedAt)).toBeLessThan(SILENCE_MS);
  });

  test("[B1] [V7] [V9] with the default budget 30 MB in small events flow, live and from the beginning", async () => {
    await using world = await World.start();
    const live = await world.join(SUBJECT, 2);
    const last = await world.publishMany(SUBJECT, 30_000, { padBytes: 800 });
    const replaying = await world.join(SUBJECT, 2, { since: 0 });
    const replayingV1 = await world.join(SUBJECT, 1, { since: 0 });
    for (const follower of [live, replaying, replayingV1]) {
      await follower.reaches(last, 40_000);
      expect(follower.seqs).toHaveLength(30_000);
      expect(follower.faults).toEqual([]);
    }
    for (const { text, frame } of live.socket.received) {
      if (frame.events === undefined || frame.events.length < 2) continue;
      expect(text.length).toBeLessThanOrEqual(64 * 1024);
    }
  });

  test("[B6] [W13] [V5] a v2 client that never acknowledges is sent a quarter of its budget, cut in time, and delays nobody", async () => {
    await using world = await World.start({ vars: { SEND_TIMEOUT_SECONDS: "3" } });
    const mute = await world.join(SUBJECT, 2, { acks: false });
    const neighbour = await world.join(SUBJECT, 2);
    const last = await world.publishMany(SUBJECT, 8_000, { padBytes: 800 });
    await neighbour.reaches(last);
    expect(await mute.socket.closed()).toMatchObject({ code: 4408, reason: "slow-consumer" });
    expect(mute.socket.received.at(-1)?.frame.problem?.type).toBe("/problems/ws/slow-consumer");
    const sent = mute.socket.received.reduce((bytes, { text }) => bytes + text.length, 0);
    expect(sent).toBeGreaterThan(256 * 1024 - 1);
    expect(sent).toBeLessThan(256 * 1024 + 128 * 1024);
    expect(mute.faults).toEqual([]);
    const resumed = await world.join(SUBJECT, 2, { since: mute.cursor ?? 0 });
    await resumed.reaches(last);
    expect([...mute.seqs, ...resumed.seqs]).toEqual(neighbour.seqs);
  });

  test("[W13] [U1] clients that read nothing hold up nobody who needs a replay, and go on when they read", async () => {
    await using world = await World.start({
      vars: { WINDOW_BYTES: "1000", MAX_REPLAYS: "2", MAX_UNREAD_BYTES: "65536" },
    });
    const last = await world.publishMany(SUBJECT, 6_000, { padBytes: 500 });
    const mute = [
      await world.join(SUBJECT, 2, { since: 1_000, acks: false }),
      await world.join(SUBJECT, 2, { since: 5_000, acks: false }),
    ];
    // They would be cut after fifty seconds.
    const reader = await world.join(SUBJECT, 2, { since: 0 });
    await reader.reaches(last, 20_000);
    expect([reader.seqs.length, reader.faults]).toEqual([last, []]);
    for (const client of mute) client.startAcks();
    for (const [client, since] of [[mute[0], 1_000] as const, [mute[1], 5_000] as const]) {
      await client?.reaches(last);
      expect([client?.seqs.length, client?.faults]).toEqual([last - since, []]);
    }
  });
});
