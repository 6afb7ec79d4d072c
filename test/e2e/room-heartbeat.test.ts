/** When heartbeats come (W8). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import type { Follower } from "../support/wire/follower.ts";
import { lagSince } from "../support/lag.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 3 });

const SUBJECT = "cellos.events.beat.x";
/** A busy machine may hold a frame back; a missed beat would be half a period or more. */
const EARLY_MS = 350;

/** Heartbeats not closer than half a period, and no silence without end. */
function expectRhythm(follower: Follower, periodMs: number, fromMs: number): void {
  const gaps = follower.beats.slice(1).map(({ atMs }, index) => atMs - (follower.beats[index]?.atMs ?? 0));
  for (const gap of gaps)
    expect(gap, `between heartbeats of ${String(follower)}`).toBeGreaterThan(
      periodMs / 2 - EARLY_MS - lagSince(fromMs),
    );
  // Five times what W8 allows; the model room holds it exactly, with a clock by hand.
  expect(follower.silenceMs(fromMs), `silence of ${String(follower)}`).toBeLessThan(5 * 1.5 * periodMs);
  expect(follower.faults).toEqual([]);
}

function every(ms: number, run: () => void): Disposable {
  const timer = setInterval(run, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

describe.concurrent("heartbeats", () => {
  test.each([1, 2])("[W8] every %i s on a quiet subject, for whoever joins when", async (seconds) => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: String(seconds) } });
    const joined: { follower: Follower; atMs: number }[] = [];
    for (let n = 0; n < 12; n++) {
      joined.push({ follower: await world.join(SUBJECT, n % 2 === 0 ? 1 : 2), atMs: Date.now() });
      await delay(170);
    }
    await until("four heartbeats came", () => joined.every(({ follower }) => follower.beats.length >= 4), 20_000);
    for (const { follower, atMs } of joined) expectRhythm(follower, seconds * 1_000, atMs);
  });

  test("[W8] for 100 clients under a firehose on other subjects, while others come and go", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(100, SUBJECT);
    const startedAt = Date.now();
    while (Date.now() - startedAt < 6_000) {
      const passing = await world.joinMany(2, SUBJECT);
      // Paced: what is measured is the relay under load, not a machine with none left to give.
      await world.publishMany("cellos.events.beat.y", 300);
      for (const { socket } of passing) socket.close(1000);
      await delay(60);
    }
    for (const follower of followers) {
      expect(follower.beats.length).toBeGreaterThanOrEqual(4);
      expectRhythm(follower, 1_000, startedAt);
    }
  });

  test("[W8] on a busy subject nobody waits, and heartbeats are no closer than half a period", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(10, SUBJECT);
    const startedAt = Date.now();
    let last = 0;
    while (Date.now() - startedAt < 5_000) {
      last = await world.publishMany(SUBJECT, 20);
      await delay(40);
    }
    for (const follower of followers) {
      await follower.reaches(last);
      expectRhythm(follower, 1_000, startedAt);
    }
  });

  test("[W8] while a client waits for events that come as slowly as its heartbeats", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(4, SUBJECT);
    const startedAt = Date.now();
    for (const pauseMs of [400, 600, 900, 1_100, 700, 500, 1_300]) {
      await delay(pauseMs);
      await world.publish(SUBJECT, 1);
    }
    for (const follower of followers) expectRhythm(follower, 1_000, startedAt);
  });

  test("[W8] [U1] for clients queued behind a replay that takes its time", async () => {
    await using world = await World.start({
      vars: { WINDOW_BYTES: "1000", MAX_REPLAYS: "1", MAX_UNREAD_BYTES: "65536" },
    });
    await world.publishMany(SUBJECT, 9_000, { padBytes: 500 });
    // Acknowledges little and seldom, and so keeps the only replay there is.
    const hog = await world.join(SUBJECT, 2, { since: 5_000, acks: false });
    using _reading = every(700, () => hog.ping());
    await until("it has begun", () => hog.seqs.length > 0);
    const startedAt = Date.now();
    const queued = await world.joinMany(4, SUBJECT, { since: 10 });
    await until("five heartbeats came", () => queued.every(({ beats }) => beats.length >= 5));
    for (const follower of queued) {
      expect(follower.seqs).toEqual([]);
      expect(new Set(follower.beats.map(({ cursor }) => cursor))).toEqual(new Set([10]));
      expectRhythm(follower, 1_000, startedAt);
    }
    hog.startAcks();
    for (const follower of queued) {
      await follower.reaches(9_000, 20_000);
      expect(follower.seqs).toHaveLength(8_990);
      expect(follower.faults).toEqual([]);
    }
  });
});
