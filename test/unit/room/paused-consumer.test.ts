/** An operator pauses the room's consumer (P12). */
import { describe, expect, it } from "vitest";
import type { CoreWorld } from "../../support/model/core.ts";
import { cursors, withPair } from "../../support/model/pair.ts";

const open = (): Promise<CoreWorld> => withPair({}, 3_000);

const pause = (world: CoreWorld): void => {
  for (const consumer of world.broker.consumers.values()) consumer.isPaused = true;
};
const lost = (world: CoreWorld): number =>
  world.clock.lines.filter((line) => line.includes("the consumer stands still")).length;

describe("a consumer that an operator paused", () => {
  it("[P12] [W12] is replaced, and nothing is lost or repeated", async () => {
    const world = await open();
    pause(world);
    const [name] = world.broker.consumers.keys();
    await world.run({ do: "publish", kind: "match", bytes: 100, count: 5 });
    await world.run({ do: "advance", ms: 1_000 });
    expect(cursors(world)).toEqual([3, 3]);
    await world.run({ do: "advance", ms: 9_000 });
    expect([world.faults, cursors(world), lost(world)]).toEqual([[], [8, 8], 1]);
    expect([...world.broker.consumers.keys()]).not.toContain(name);
    expect(world.broker.consumers.size).toBe(1);
    await world.heal();
    expect(world.faults).toEqual([]);
  });

  it("[P12] [W9] is replaced too where only other subjects go on, for the cursor stands still", async () => {
    const world = await open();
    pause(world);
    await world.run({ do: "publish", kind: "other", bytes: 100, count: 5 });
    await world.run({ do: "advance", ms: 10_000 });
    expect([world.faults, cursors(world), lost(world)]).toEqual([[], [8, 8], 1]);
  });

  it("[P12] while nothing is published nothing is done, and a consumer that reads is never taken for one", async () => {
    const quiet = await open();
    pause(quiet);
    await quiet.run({ do: "advance", ms: 60_000 });
    expect(lost(quiet)).toBe(0);
    const busy = await open();
    for (let n = 0; n < 200; n++) {
      await busy.run({ do: "publish", kind: n % 3 === 0 ? "match" : "other", bytes: 100, count: 1 + (n % 5) });
      await busy.run({ do: "advance", ms: 300 });
    }
    expect([busy.faults, lost(busy)]).toEqual([[], 0]);
  });

  it("[P12] one paused again and again is replaced ever less often", async () => {
    const world = await open();
    await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
    for (let n = 0; n < 4; n++) await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
    await world.run({ do: "advance", ms: 100 });
    const { consumers } = world.broker;
    const set = consumers.set.bind(consumers);
    consumers.set = (name, consumer) => {
      consumer.isPaused = true;
      return set(name, consumer);
    };
    pause(world);
    await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
    await world.run({ do: "advance", ms: 120_000 });
    expect(world.faults).toEqual([]);
    expect(lost(world)).toBeGreaterThanOrEqual(2);
    expect(world.broker.mostConsumers).toBeLessThanOrEqual(2);
    const lines = world.clock.lines.filter((line) => line.includes("upstream-open"));
    expect(lines.length).toBeLessThan(8);
  });
});
