/** The broker goes away under connected clients, in every way a broker can (W12). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { Audience } from "../support/audience.ts";
import { deleteConsumers } from "../support/broker/admin.ts";
import type { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const SUBJECT = "cellos.events.outage.x";

interface Outage {
  readonly begin: (rig: Rig) => Promise<unknown>;
  readonly end: (rig: Rig) => Promise<unknown>;
  /** The rig, which is beside the path, can still publish. */
  readonly publishes: boolean;
  /** How long it lasts, since that is the point of some. */
  readonly lastsMs: number;
}

const OUTAGES: Readonly<Record<string, Outage>> = {
  "kill -9 and start": {
    begin: (rig) => rig.act("kill"),
    end: (rig) => rig.act("start"),
    publishes: false,
    lastsMs: 2_500,
  },
  "stop and start": {
    begin: (rig) => rig.act("stop"),
    end: (rig) => rig.act("start"),
    publishes: false,
    lastsMs: 0,
  },
  "a cut path": { begin: (rig) => rig.act("cut"), end: async () => {}, publishes: true, lastsMs: 0 },
  "a path that refuses": {
    begin: (rig) => rig.act("refuse"),
    end: (rig) => rig.act("heal"),
    publishes: true,
    lastsMs: 4_000,
  },
  "a path that swallows everything for 5 s": {
    begin: (rig) => rig.act("blackhole"),
    end: (rig) => rig.act("heal"),
    publishes: true,
    lastsMs: 5_000,
  },
  "a broker frozen for 5 s": {
    begin: (rig) => rig.act("pause"),
    end: (rig) => rig.act("resume"),
    publishes: false,
    lastsMs: 5_000,
  },
  "a consumer deleted by an operator": {
    begin: async (rig) => expect(await deleteConsumers(rig)).toBe(1),
    end: async () => {},
    publishes: true,
    lastsMs: 0,
  },
};

describe.concurrent("outages under connected clients", () => {
  test.each(Object.entries(OUTAGES))("[W12] [W8] %s closes nobody and loses nothing", async (_, outage) => {
    await using world = await World.start();
    const audience = await Audience.gather(world, SUBJECT);
    await audience.publish(20);
    // Not waited for: some of these are on their way when it happens.
    await audience.publish(300);
    await outage.begin(world.rig);
    if (outage.publishes) await audience.publish(150);
    await delay(outage.lastsMs);
    await outage.end(world.rig);
    await audience.publish(30);
    await audience.hasAll();
    audience.expectUnharmed();
    await until("the room has one connection again", async () => (await world.rig.connections()).length === 1);
  });

  test("[W12] one outage right after the other loses nothing", async () => {
    await using world = await World.start();
    const audience = await Audience.gather(world, SUBJECT);
    for (const verb of [
      "cut",
      "restart",
      "cut",
      "refuse",
      "heal",
      "cut",
      "pause",
      "resume",
      "restart",
      "cut",
    ] as const) {
      await world.rig.act(verb);
      if (verb !== "pause") await audience.publish(40);
      await delay(150);
    }
    await audience.hasAll();
    audience.expectUnharmed();
  });

  test("[W12] [U1] a room that comes back deletes the consumer it lost, which would count for a minute", async () => {
    await using world = await World.start({ stream: { config: { max_consumers: 2 } } });
    const follower = await world.join(SUBJECT, 2);
    for (let n = 0; n < 4; n++) {
      await world.rig.act("cut");
      const [seq = 0] = await world.publish(SUBJECT, 1);
      await follower.reaches(seq);
      await until("one consumer is left", async () => (await world.rig.consumers()).length === 1);
    }
    expect([follower.seqs.length, follower.faults]).toEqual([4, []]);
  });

  test("[W12] the v2 heartbeat says whether the broker is there", async () => {
    await using world = await World.start();
    const follower = await world.join(SUBJECT, 2);
    expect((await follower.beat()).upstream).toBe("connected");
    await world.rig.act("kill");
    await until("it says so", async () => (await follower.beat()).upstream === "reconnecting");
    await world.rig.act("start");
    await until("it says so", async () => (await follower.beat()).upstream === "connected");
    expect(follower.faults).toEqual([]);
  });

  test("[W12] a half-open path is noticed within 30 s, with the longest of heartbeats too", async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "60" } });
    const follower = await world.join(SUBJECT, 2);
    const [first = 0] = await world.publish(SUBJECT, 1);
    await follower.reaches(first);
    await world.rig.act("blackhole");
    await until("the relay dials again", () => world.rig.proxy.accepted >= 2, 30_000);
    await world.rig.act("heal");
    const [second = 0] = await world.publish(SUBJECT, 1);
    await follower.reaches(second, 20_000);
    expect([follower.seqs, follower.faults]).toEqual([[first, second], []]);
  });

  test("[W12] [W2] clients in the middle of a long catch-up get all of it through a restart of the broker", async () => {
    await using world = await World.start({ vars: { WINDOW_BYTES: "65536" } });
    const last = await world.publishMany(SUBJECT, 6_000, { padBytes: 1_000 });
    const followers = await world.joinMany(4, SUBJECT, { since: 1 });
    await until("they have begun", () => followers.every(({ seqs }) => seqs.length > 0));
    const before = followers.map(({ seqs }) => seqs.length);
    await world.rig.act("restart");
    await Promise.all(followers.map((follower) => follower.reaches(last, 30_000)));
    for (const follower of followers) {
      expect(follower.seqs).toHaveLength(last - 1);
      expect(follower.faults).toEqual([]);
    }
    // Else this was no catch-up any more.
    expect(before.some((length) => length < last - 1)).toBe(true);
  });
});
