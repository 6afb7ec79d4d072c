/** The clock of the machine is set back under a room (P11). */
import { describe, expect, it } from "vitest";
import { cursors, throughOutage, withPair } from "../../support/model/pair.ts";
import { newWorld } from "../../support/model/world.ts";

const PERIOD_MS = 2_000;
const SET_BACK = [
  ["2 minutes", 120_000],
  ["an hour", 3_600_000],
] as const;

/** W8 is checked at every step: nobody hears nothing for more than a period and a half. */
describe.each(SET_BACK)("a clock set back by %s", (_name, backMs) => {
  it("[P11] [W8] [W9] heartbeats and events go on", async () => {
    const world = await withPair();
    world.clock.setBack(backMs);
    await world.run({ do: "advance", ms: 10 * PERIOD_MS });
    await world.run({ do: "publish", kind: "match", bytes: 100, count: 3 });
    await world.run({ do: "advance", ms: PERIOD_MS });
    expect([world.faults, cursors(world)]).toEqual([[], [6, 6]]);
    await world.heal();
    expect(world.faults).toEqual([]);
  });

  it.each(["down", "freeze"] as const)(
    "[P11] [W12] [W8] while the broker is away (%s): it is reached again in time",
    async (how) => {
      const world = await withPair();
      await throughOutage(world, how, () => world.clock.setBack(backMs));
      expect([world.faults, cursors(world)]).toEqual([[], [6, 6]]);
    },
  );

  it("[P11] [W12] in the moment of the loss, and again and again", async () => {
    const world = await withPair();
    for (let n = 0; n < 5; n++) {
      world.clock.setBack(backMs);
      await world.run({ do: "cut" });
      world.clock.setBack(backMs);
      await world.run({ do: "advance", ms: 6_000 });
      await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
      await world.run({ do: "advance", ms: 100 });
    }
    expect([world.faults, cursors(world)]).toEqual([[], [8, 8]]);
  });

  it("[P11] [W11] a joiner waits for 10 s, and not for the clock", async () => {
    const world = newWorld({});
    await world.run({ do: "down" });
    await world.run({ do: "join", v2: true, back: null, epoch: false });
    await world.run({ do: "advance", ms: 1_000 });
    world.clock.setBack(backMs);
    await world.run({ do: "advance", ms: 9_200 });
    expect([world.faults, world.arrivals.size]).toEqual([[], 0]);
  });

  it("[P11] [B1] [V9] a client that reads is served on at its pings, one that does not is closed", async () => {
    const world = await withPair({ WINDOW_BYTES: "20000", MAX_UNREAD_BYTES: "4096", SEND_TIMEOUT_SECONDS: "3" });
    const [reader] = world.clients.values();
    for (let n = 0; n < 40; n++) {
      if (n === 5) world.clock.setBack(backMs);
      await world.run({ do: "publish", kind: "match", bytes: 900, count: 3 });
      await world.run({ do: "advance", ms: 100 });
    }
    expect([world.faults, reader?.reading.cursor]).toEqual([[], 123]);
    await world.run({ do: "stall", who: 0 });
    await world.run({ do: "publish", kind: "match", bytes: 900, count: 3 });
    world.clock.setBack(backMs);
    await world.run({ do: "advance", ms: 3 * PERIOD_MS });
    expect([world.faults, reader?.closed?.code]).toEqual([[], 4408]);
  });

  it("[P11] [W12] while the room slept: what it owes is measured anew", async () => {
    const world = await withPair({ WINDOW_BYTES: "20000", SEND_TIMEOUT_SECONDS: "3" });
    await world.run({ do: "down" });
    await world.run({ do: "advance", ms: 10_000 });
    const asleep = world.core;
    await world.run({ do: "sleep" });
    expect(world.core).not.toBe(asleep);
    world.clock.setBack(backMs);
    await world.run({ do: "up" });
    await world.run({ do: "publish", kind: "match", bytes: 100, count: 3 });
    await world.run({ do: "advance", ms: 6_000 });
    expect([world.faults, cursors(world)]).toEqual([[], [6, 6]]);
  });
});
