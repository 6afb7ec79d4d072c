/** The clock of the machine is set forward under a room: to it that is time that has passed (P11). */
import { describe, expect, it } from "vitest";
import { cursors, throughOutage, withPair } from "../../support/model/pair.ts";
import { newWorld } from "../../support/model/world.ts";

const PERIOD_MS = 2_000;

/** W8 is checked at every step: nobody hears nothing for more than a period and a half. */
describe.each([
  ["3 seconds", 3_000],
  ["2 minutes", 120_000],
  ["an hour", 3_600_000],
] as const)("a clock set forward by %s", (_name, onMs) => {
  it("[P11] [W8] [W9] heartbeats and events go on, and nobody is closed", async () => {
    const world = await withPair();
    for (let n = 1; n <= 4; n++) {
      world.clock.setForward(onMs);
      await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
      await world.run({ do: "advance", ms: 2 * PERIOD_MS });
      expect([world.faults, cursors(world)]).toEqual([[], [3 + n, 3 + n]]);
    }
    await world.heal();
    expect(world.faults).toEqual([]);
  });

  it.each(["down", "freeze"] as const)(
    "[P11] [W12] [W8] while the broker is away (%s): it is reached again in time",
    async (how) => {
      const world = await withPair();
      await throughOutage(world, how, () => world.clock.setForward(onMs));
      expect([world.faults, cursors(world)]).toEqual([[], [6, 6]]);
    },
  );

  it("[P11] [W12] forward and back in turn, and the network with it", async () => {
    const world = await withPair();
    for (let n = 0; n < 6; n++) {
      if (n % 2 === 0) world.clock.setForward(onMs);
      else world.clock.setBack(onMs);
      if (n % 3 === 0) await world.run({ do: "cut" });
      await world.run({ do: "advance", ms: 6_000 });
      await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
      await world.run({ do: "advance", ms: 100 });
    }
    expect([world.faults, cursors(world)]).toEqual([[], [9, 9]]);
  });

  it("[P11] [W11] a joiner that waits is answered by the clock, at the latest after its 10 s", async () => {
    const world = newWorld({});
    await world.run({ do: "down" });
    await world.run({ do: "join", v2: true, back: null, epoch: false });
    await world.run({ do: "advance", ms: 1_000 });
    world.clock.setForward(onMs);
    await world.run({ do: "advance", ms: 9_200 });
    expect([world.faults, world.arrivals.size]).toEqual([[], 0]);
  });

  it("[P11] [W5] [W2] a client that is behind catches up across it", async () => {
    const world = await withPair({ WINDOW_BYTES: "2000" });
    await world.run({ do: "publish", kind: "match", bytes: 500, count: 60 });
    await world.run({ do: "join", v2: true, back: 50, epoch: true });
    await world.run({ do: "arrive", count: 4 });
    world.clock.setForward(onMs);
    await world.run({ do: "advance", ms: 10 * PERIOD_MS });
    expect([world.faults, cursors(world)]).toEqual([[], [63, 63, 63]]);
  });
});
