/** What a room costs its broker: connections, consumers and requests (U1, U4, W3, B3). */
import { describe, expect, test } from "vitest";
import type { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

const CLIENTS = 200;

/** API requests of the relay since `from`, as `STREAM.INFO`, `CONSUMER.CREATE`… */
async function callsSince(rig: Rig, from: number): Promise<string[]> {
  const calls = await rig.apiCalls();
  return calls.slice(from).map(({ subject }) => subject.split(".").slice(2, 4).join("."));
}

const count = (calls: readonly string[], name: string): number => calls.filter((call) => call === name).length;

describe.concurrent("one room, one upstream", () => {
  test("[U1] [U4] [W3] [JS-12] 200 clients share one connection and one consumer, and both go when they have left", async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "20" } });
    const { rig } = world;
    const subject = "cellos.events.shape.>";
    await world.publish("cellos.events.shape.before", 5);
    const followers = await world.joinMany(CLIENTS, subject);
    const calls = await callsSince(rig, 0);
    expect(count(calls, "CONSUMER.CREATE")).toBe(1);
    // Joins come in over many turns: what is asked while one answer is on its way is asked together.
    expect(count(calls, "STREAM.INFO")).toBeLessThan(CLIENTS / 4);

    expect(await rig.connections()).toHaveLength(1);
    expect(await rig.consumers()).toEqual([
      {
        name: expect.any(String),
        durable: false,
        filter: subject,
        ackPolicy: "none",
        memory: true,
        replicas: 1,
        inactiveThresholdMs: expect.any(Number),
        startSeq: 6,
        pending: 0,
      },
    ]);
    const [consumer] = await rig.consumers();
    expect(consumer?.inactiveThresholdMs).toBeGreaterThanOrEqual(5_000);
    expect(consumer?.inactiveThresholdMs).toBeLessThanOrEqual(300_000);

    const seqs = await world.publish("cellos.events.shape.after", 3);
    await Promise.all(followers.map((follower) => follower.reaches(seqs[2] ?? 0)));
    for (const follower of followers) expect([follower.seqs, follower.faults]).toEqual([seqs, []]);

    for (const { socket } of followers) socket.close(1000);
    const leftAt = Date.now();
    await until("the broker has forgotten the room", async () => {
      const [connections, consumers] = await Promise.all([rig.connections(), rig.consumers()]);
      return connections.length === 0 && consumers.length === 0;
    });
    // Five times what U4 allows.
    expect(Date.now() - leftAt).toBeLessThan(25_000);
  });

  test("[U4] clients that vanish without a word leave nothing at the broker either", async () => {
    await using world = await World.start();
    const followers = await world.joinMany(6, "cellos.events.>");
    expect(await world.rig.consumers()).toHaveLength(1);
    for (const { raw } of followers) raw.terminate();
    await until("the broker has forgotten the room", async () => (await world.rig.connections()).length === 0, 5_500);
    expect(await world.rig.consumers()).toEqual([]);
  });

  test("[B3] [W4] a hundred clients that come back to a cold room are one consumer and one refill", async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "20" } });
    const subject = "cellos.events.storm.x";
    const last = await world.publishMany(subject, 1_000);
    const sinces = Array.from({ length: 100 }, (_, index) => last - 500 + index * 4);
    const followers = await Promise.all(
      sinces.map((since, index) => world.join(subject, index % 2 === 0 ? 1 : 2, { since })),
    );
    await Promise.all(followers.map((follower) => follower.reaches(last)));
    const calls = await callsSince(world.rig, 0);
    expect(count(calls, "CONSUMER.CREATE")).toBe(1);
    expect(await world.rig.connections()).toHaveLength(1);
    for (const [index, follower] of followers.entries()) {
      const since = sinces[index] ?? 0;
      expect(follower.seqs).toEqual(Array.from({ length: last - since }, (_, n) => since + 1 + n));
      expect(follower.faults).toEqual([]);
    }
  });

  test("[B3] a resume inside the window asks the broker for nothing", async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "60" } });
    const subject = "cellos.events.window.x";
    const first = await world.join(subject, 1);
    const seqs = await world.publish(subject, 50);
    await first.reaches(seqs[49] ?? 0);
    const before = (await world.rig.apiCalls()).length;
    const resumed = await Promise.all(
      seqs.slice(0, 49).map((since, index) => world.join(subject, index % 2 === 0 ? 1 : 2, { since })),
    );
    await Promise.all(resumed.map((follower) => follower.reaches(seqs[49] ?? 0)));
    // The live consumer's own pulls are no price of a resume.
    const calls = await callsSince(world.rig, before);
    expect(calls.filter((call) => call !== "CONSUMER.MSG")).toEqual([]);
    for (const [index, follower] of resumed.entries()) expect(follower.seqs).toEqual(seqs.slice(index + 1));
  });

  test("[W3] without since every event acknowledged before the request is left out, every later one arrives", async () => {
    await using world = await World.start();
    const subject = "cellos.events.edge.x";
    const firehose = new AbortController();
    const published = (async () => {
      const seqs: number[] = [];
      while (!firehose.signal.aborted) seqs.push(...(await world.publish(subject, 1)));
      return seqs;
    })();
    const joins: { follower: Awaited<ReturnType<World["join"]>>; acked: number; answered: number }[] = [];
    for (let n = 0; n < 40; n++) {
      const acked = (await world.publish(subject, 1))[0] ?? 0;
      const follower = await world.join(subject, n % 2 === 0 ? 1 : 2);
      const answered = (await world.publish(subject, 1))[0] ?? 0;
      joins.push({ follower, acked, answered });
    }
    firehose.abort();
    await published;
    const last = (await world.publish(subject, 1))[0] ?? 0;
    await Promise.all(joins.map(({ follower }) => follower.reaches(last)));
    for (const { follower, acked, answered } of joins) {
      expect(follower.seqs[0]).toBeGreaterThan(acked);
      expect(follower.seqs[0]).toBeLessThanOrEqual(answered);
      const first = follower.seqs[0] ?? 0;
      expect(follower.seqs).toEqual(Array.from({ length: last - first + 1 }, (_, n) => first + n));
      expect(follower.faults).toEqual([]);
    }
  });
});
