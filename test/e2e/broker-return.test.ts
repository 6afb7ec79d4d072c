/** The broker is away for so long that a room has tried in vain many times, and comes back (W12, W8). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import type { Verb } from "../support/broker/rig-control.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const SUBJECT = "cellos.events.return.x";
/** Five times what the rule says: the machine that runs this may be slow. The model holds it to the millisecond. */
const RETURN_MS = 5 * 6_000;
/** Longer than the runtime waits until a room that can sleep does. */
const SLEEPY_MS = 20_000;

/** The heartbeat, and the alarm with it, are so far apart that neither brings the broker back. */
const OUTAGES: readonly (readonly [name: string, go: Verb, back: Verb, awayMs: number])[] = [
  ["is dead", "kill", "start", 20_000],
  ["refuses connections", "refuse", "heal", 20_000],
  // Noticed after 13 s, and each try hangs for 8 s.
  ["is frozen", "pause", "resume", 65_000],
  ["is behind a path that swallows everything", "blackhole", "heal", 65_000],
];

describe.concurrent("a broker that was away for long", () => {
  const timeout = 180_000;

  test.each(OUTAGES)(
    "[W12] and %s: delivery resumes soon after its return",
    { timeout },
    async (_, go, back, awayMs) => {
      await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "60" } });
      const clients = await world.joinMany(4, SUBJECT);
      const last = await world.publishMany(SUBJECT, 30);
      await Promise.all(clients.map((client) => client.reaches(last)));
      await world.rig.act(go);
      await delay(awayMs);
      const tried = world.rig.proxy.accepted;
      if (go !== "pause" && go !== "kill") expect(tried).toBeGreaterThanOrEqual(4);
      await world.rig.act(back);
      const next = await world.publishMany(SUBJECT, 30);
      for (const client of clients) {
        await client.reaches(next, RETURN_MS);
        expect(client.seqs).toEqual(Array.from({ length: last + 30 }, (_event, n) => n + 1));
        expect([client.faults, client.socket.isClosed]).toEqual([[], false]);
      }
      await until("the room has one connection again", async () => (await world.rig.connections()).length === 1);
    },
  );

  test("[W12] [W8] [DO-2] a room with clients stays awake meanwhile, and its heart beats", { timeout }, async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "5" } });
    const clients = await world.joinMany(2, SUBJECT);
    const joinedAtMs = Date.now();
    await world.rig.act("kill");
    await delay(SLEEPY_MS);
    for (const client of clients) {
      expect(client.silenceMs(joinedAtMs)).toBeLessThan(7_500);
      expect(client.faults).toEqual([]);
      // What a client may send in a minute a room knows only by heart (W10).
      for (let n = 0; n < 60; n++) client.socket.send("noted");
    }
    await delay(SLEEPY_MS);
    for (const { socket } of clients) {
      socket.send("one too many for a room that remembers");
      expect(await socket.closed()).toMatchObject({ code: 1008, reason: "too many messages" });
    }
  });
});
