/** A close by the client is answered with its own code, whatever else is going on (W14, W10). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import type { Follower } from "../support/wire/follower.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const SUBJECT = "cellos.events.close.x";
/** The answer is the relay's to give, however long it takes. */
const PATIENT = { closeTimeoutMs: 10_000 };

/** Five times the second that an answer may take. */
const ANSWERED_WITHIN_MS = 5_000;

/** Closes and returns what came back and when. */
async function farewell(
  follower: Follower,
  code?: number,
  reason?: string,
): Promise<{ code: number; reason: string; wasClean: boolean; tookMs: number }> {
  const startedAt = Date.now();
  follower.socket.close(code, reason);
  const closed = await follower.socket.closed();
  return { ...closed, tookMs: Date.now() - startedAt };
}

async function withFirehose(world: World, body: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const published = (async () => {
    while (!stop.signal.aborted) {
      await world.publishMany(SUBJECT, 200, { padBytes: 300 });
      await delay(20);
    }
  })();
  try {
    await body();
  } finally {
    stop.abort();
    await published;
  }
}

describe.concurrent("closing", () => {
  test("[W14] on a quiet subject, with each code a client may send", async () => {
    await using world = await World.start();
    for (const code of [1000, 3000, 4000, 4005, 4999]) {
      for (const follower of await world.joinMany(2, SUBJECT, PATIENT)) {
        const end = await farewell(follower, code, `because of ${code}`);
        expect(end).toMatchObject({ code, reason: `because of ${code}`, wasClean: true });
        expect(end.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
      }
    }
  });

  test("[W14] under a firehose on its own subject, while neighbours read on", async () => {
    await using world = await World.start();
    const neighbours = await world.joinMany(2, SUBJECT);
    await withFirehose(world, async () => {
      for (let round = 0; round < 5; round++) {
        const followers = await world.joinMany(4, SUBJECT, PATIENT);
        await Promise.all(followers.map((follower) => until("it reads", () => follower.seqs.length > 50)));
        for (const end of await Promise.all(followers.map((follower) => farewell(follower, 4005, "enough")))) {
          expect(end).toMatchObject({ code: 4005, reason: "enough", wasClean: true });
          expect(end.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
        }
      }
    });
    const last = await world.publishMany(SUBJECT, 1);
    for (const follower of neighbours) {
      await follower.reaches(last);
      expect(follower.seqs).toHaveLength(last);
      expect(follower.faults).toEqual([]);
    }
  });

  test("[W14] in the middle of a catch-up", async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "20", WINDOW_BYTES: "10000" } });
    await world.publishMany(SUBJECT, 10_000, { padBytes: 500 });
    const followers = await world.joinMany(4, SUBJECT, { ...PATIENT, since: 0 });
    await Promise.all(followers.map((follower) => until("it reads", () => follower.seqs.length > 0)));
    for (const end of await Promise.all(followers.map((follower) => farewell(follower, 4005, "enough")))) {
      expect(end).toMatchObject({ code: 4005, reason: "enough", wasClean: true });
      expect(end.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
    }
    await until("no replay is left", async () => (await world.rig.consumers()).length === 0);
  });

  test("[U1] [W14] a replay that everybody left is over, while its room lives on", async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "20", WINDOW_BYTES: "10000" } });
    const subjects = Array.from({ length: 8 }, (_, n) => `cellos.events.close.left.${n}`);
    for (const subject of subjects) await world.publishMany(subject, 3_000, { padBytes: 300 });
    const staying = await Promise.all(subjects.map((subject) => world.join(subject, 2)));
    expect(await world.rig.consumers()).toHaveLength(subjects.length);
    for (const [n, subject] of subjects.entries()) {
      const leaving = await world.join(subject, 1, { ...PATIENT, since: 1 });
      await until("it reads", () => leaving.seqs.length > 0);
      if (n % 2 === 0) leaving.raw.terminate();
      else await farewell(leaving, 1000);
    }
    await until(
      "only the live consumers are left",
      async () => (await world.rig.consumers()).length === subjects.length,
    );
    for (const [n, follower] of staying.entries()) {
      const [seq = 0] = await world.publish(subjects[n] ?? "", 1);
      await follower.reaches(seq);
      expect([follower.seqs, follower.faults]).toEqual([[seq], []]);
    }
  });

  test("[W14] [P3] without a code, and without a word", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(4, SUBJECT, PATIENT);
    const staying = await world.join(SUBJECT, 2);
    for (const follower of followers.slice(0, 2)) {
      const end = await farewell(follower);
      expect(end.code).toBe(1000);
      expect(end.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
    }
    for (const { raw } of followers.slice(2)) raw.terminate();
    const [last = 0] = await world.publish(SUBJECT, 1);
    await staying.reaches(last);
    expect(staying.faults).toEqual([]);
    expect(await world.rig.connections()).toHaveLength(1);
  });

  test("[W14] while the broker is away", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(4, SUBJECT, PATIENT);
    await world.rig.act("kill");
    await until("it is noticed", async () => (await followers[1]?.beat())?.upstream === "reconnecting");
    for (const end of await Promise.all(followers.map((follower) => farewell(follower, 4005, "enough")))) {
      expect(end).toMatchObject({ code: 4005, reason: "enough", wasClean: true });
      expect(end.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
    }
  });

  test("[W14] a client that closes and joins again at its cursor, over and over, misses nothing", async () => {
    await using world = await World.start();
    await withFirehose(world, async () => {
      for (const version of [1, 2] as const) {
        let since = (await world.publishMany(SUBJECT, 1)) - 1;
        for (let round = 0; round < 8; round++) {
          const follower = await world.join(SUBJECT, version, { ...PATIENT, since });
          await until("it reads", () => follower.seqs.length > 30);
          await farewell(follower, 1000);
          expect(follower.seqs).toEqual(follower.seqs.map((_, index) => since + 1 + index));
          expect(follower.faults).toEqual([]);
          since = follower.cursor ?? 0;
        }
      }
    });
  });

  test("[W10] what a client sends is ignored, answered or too much, and harms no neighbour", async () => {
    await using world = await World.start();
    const neighbour = await world.join(SUBJECT, 2);
    const chatty = await world.join(SUBJECT, 1);
    for (let n = 0; n < 60; n++) chatty.socket.send(n % 2 === 0 ? "{]" : "PING");
    chatty.ping();
    await chatty.socket.type("pong");
    const [first = 0] = await world.publish(SUBJECT, 1);
    await chatty.reaches(first);
    chatty.socket.send("one too many");
    expect(await chatty.socket.closed()).toMatchObject({ code: 1008, reason: "too many messages" });
    const big = await world.join(SUBJECT, 2);
    big.socket.send("x".repeat(64 * 1024));
    await big.beat();
    big.raw.send(Buffer.alloc(64 * 1024 + 1));
    expect((await big.socket.closed()).code).toBe(1009);
    const [last = 0] = await world.publish(SUBJECT, 1);
    await neighbour.reaches(last);
    expect([neighbour.seqs, neighbour.faults]).toEqual([[first, last], []]);
  });
});
