import { describe, expect, it, vi } from "vitest";
import type { CoreCommand } from "../../support/model/core-commands.ts";
import type { CoreWorld } from "../../support/model/core.ts";
import { newWorld } from "../../support/model/world.ts";

const SMALL = { WINDOW_BYTES: "2000", MAX_UNREAD_BYTES: "4096" };
const publish = (count: number): CoreCommand => ({ do: "publish", kind: "match", bytes: 100, count });
const join = (v2: boolean, back: number | null): CoreCommand => ({ do: "join", v2, back, epoch: false });
const advance = (ms: number): CoreCommand => ({ do: "advance", ms });

async function after(settings: Readonly<Record<string, string>>, ...commands: CoreCommand[]): Promise<CoreWorld> {
  const world = newWorld(settings);
  for (const command of commands) await world.run(command);
  return world;
}

const cursors = (world: CoreWorld): (number | null)[] =>
  [...world.clients.values()].map(({ reading }) => reading.cursor);

describe("Core, case by case", () => {
  it("[W12] writes down what a sleeping room needs in the turn in which the upstream goes", async () => {
    const world = await after(SMALL, join(true, null), advance(300), publish(3));
    await world.clock.advance(1);
    expect(world.kept?.memory.position ?? 0).toBe(0);
    world.broker.arrive(10);
    world.broker.cut();
    expect(world.kept?.memory).toMatchObject({ subject: "s", cursor: 3, position: 3 });
    expect([...(world.kept?.attachments.values() ?? [])]).toMatchObject([{ v: 1, own: null }]);
    expect(cursors(world)).toEqual([3]);
  });

  it("[B1] [W12] a client that pings is served again at once, not with the next heartbeat", async () => {
    const world = await after({ ...SMALL, WINDOW_BYTES: "1000000" }, publish(300), join(true, 300), advance(1_500));
    expect(cursors(world)).toEqual([300]);
    expect(world.faults).toEqual([]);
  });

  it("[W3] [W6] a STREAM.INFO of another stream lets nobody in, and ends the room that is", async () => {
    const world = await after(SMALL, publish(5), join(true, null), advance(300), { do: "delay" }, { do: "new-stream" });
    // The broker's word that the consumer is gone is lost, so that the answer to the newcomer is the first news.
    await world.run({ do: "lose-one" });
    for (let i = 0; i < 8; i++) await world.run(publish(1));
    await world.run(join(true, null));
    await world.run({ do: "arrive", count: 1 });
    expect([world.clients.size, world.arrivals.size]).toEqual([1, 1]);
    await world.run({ do: "hurry" });
    await world.run(advance(1_000));
    expect([...world.clients.values()].map(({ stream }) => stream)).toEqual([world.broker.stream]);
    expect(world.faults).toEqual([]);
  });

  it("[B3] [W11] a resume inside the window is served while the broker is away, and asks it nothing", async () => {
    const world = await after(SMALL, join(false, null), advance(300), publish(10), advance(300), { do: "down" });
    const answers = vi.spyOn(world.broker, "answer");
    await world.run(join(true, 4));
    expect(cursors(world)).toEqual([10, 10]);
    expect(answers).not.toHaveBeenCalled();
    // It may fall asleep at any moment, so the newcomer is written down in the turn in which it came.
    expect(world.kept?.attachments.size).toBe(2);
    expect(world.faults).toEqual([]);
  });

  it("[W12] a room that wakes with its broker still away goes on trying", async () => {
    const world = await after(SMALL, join(true, null), advance(300), { do: "down" }, advance(25_000));
    const asleep = world.core;
    await world.run({ do: "sleep" });
    expect(world.core).not.toBe(asleep);
    await world.run(advance(10_000));
    expect(world.dialledMs.filter((atMs) => atMs > world.clock.nowMs - 10_000).length).toBeGreaterThanOrEqual(2);
    expect(world.faults).toEqual([]);
  });

  it("[W2] a pull always waits at the broker, so that nothing is removed between two of them", async () => {
    const world = await after(SMALL, join(false, null), advance(300), { do: "delay" }, advance(1_500));
    // The broker has ended the first pull, and the room does not know it yet.
    for (const command of [{ do: "hurry" }, publish(30), join(false, 10), { do: "remove", count: 21 }] as const) {
      await world.run(command);
    }
    await world.run(advance(2_000));
    expect(world.faults).toEqual([]);
    expect(cursors(world)).toEqual([30, 30]);
  });

  it("[W11] joiners of a room without a broker's stream are refused at once, of one that is away after 10 s", async () => {
    const missing = await after(SMALL, { do: "delete-stream" }, join(true, null), advance(100));
    expect([missing.arrivals.size, missing.faults]).toEqual([0, []]);
    const away = await after(SMALL, { do: "down" }, join(true, null), advance(9_900));
    expect(away.arrivals.size).toBe(1);
    await away.run(advance(200));
    expect([away.arrivals.size, away.faults]).toEqual([0, []]);
  });

  it("[U4] keeps its upstream for a moment after the last client has left, and not for five seconds", async () => {
    const world = await after(SMALL, join(true, null), advance(300), { do: "leave", who: 0 }, advance(1_000));
    expect(world.broker.consumers.size).toBe(1);
    await world.run(advance(4_000));
    expect([world.broker.consumers.size, world.broker.links.size, world.clock.armed]).toEqual([0, 0, 0]);
    expect(world.core.isIdle).toBe(true);
  });

  it("[W3] [B3] a storm of joins is one consumer, and one STREAM.INFO for those who wait together", async () => {
    const world = await after(SMALL, publish(10));
    const answers = vi.spyOn(world.broker, "answer");
    for (let i = 0; i < 50; i++) await world.run(join(i % 2 === 0, i % 3 === 0 ? null : i % 10));
    await world.run(advance(1_000));
    const asked = answers.mock.calls.map(([, subject]) => subject.split(".")[0]);
    expect(asked.filter((verb) => verb === "CONSUMER")).toHaveLength(1);
    expect(asked.filter((verb) => verb === "STREAM").length).toBeLessThanOrEqual(4);
    expect([world.clients.size, new Set(cursors(world))]).toEqual([50, new Set([10])]);
  });
});
