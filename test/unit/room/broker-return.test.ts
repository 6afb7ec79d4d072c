/** How soon a room is served again once its broker is back, to the millisecond (W12). */
import { describe, expect, it } from "vitest";
import { Random } from "../../../src/dev/random.ts";
import type { CoreWorld } from "../../support/model/core.ts";
import { newWorld } from "../../support/model/world.ts";

const AWAY_MS = 100_000;
const DEADLINE_MS = 6_000;

/** The broker goes, and comes back. */
type Kind = readonly [name: string, go: (world: CoreWorld) => Promise<void>, back: (world: CoreWorld) => Promise<void>];

const KINDS: readonly Kind[] = [
  ["refuses", (world) => world.run({ do: "down" }), (world) => world.run({ do: "up" })],
  [
    "is frozen",
    // What was asked meanwhile is answered when it thaws.
    (world) => world.run({ do: "freeze" }),
    (world) => world.run({ do: "hurry" }),
  ],
  [
    "is behind a path that swallows everything",
    (world) => world.run({ do: "freeze" }),
    async (world) => {
      world.broker.swallow();
      await world.run({ do: "hurry" });
    },
  ],
  [
    "takes connections, and says nothing on them",
    (world) => world.run({ do: "delay" }),
    async (world) => {
      world.broker.swallow();
      await world.run({ do: "hurry" });
    },
  ],
];

const seeded = (seed: number): (() => number) => {
  const chance = new Random(seed);
  return () => chance.fraction();
};

async function open(chance: () => number): Promise<CoreWorld> {
  const world = newWorld({});
  Object.defineProperty(world.clock, "random", { get: chance });
  await world.run({ do: "join", v2: true, back: null, epoch: false });
  await world.run({ do: "join", v2: false, back: null, epoch: false });
  await world.run({ do: "advance", ms: 500 });
  await world.run({ do: "publish", kind: "match", bytes: 100, count: 3 });
  await world.run({ do: "advance", ms: 2_000 });
  return world;
}

/** Milliseconds from the return of the broker until everybody has what was published meanwhile. */
async function returnMs(world: CoreWorld, [, go, back]: Kind, awayMs: number): Promise<number> {
  await go(world);
  await world.run({ do: "advance", ms: awayMs });
  for (let n = 0; n < 3; n++) world.broker.stream?.publish("match", 100);
  await back(world);
  const backAtMs = world.clock.nowMs;
  const isServed = (): boolean => [...world.clients.values()].every(({ reading }) => reading.cursor === 6);
  while (!isServed() && world.clock.nowMs - backAtMs < 60_000) await world.run({ do: "advance", ms: 20 });
  return world.clock.nowMs - backAtMs;
}

describe("a broker that was away for 100 s", () => {
  it.each(KINDS)(
    "[W12] [W8] and %s: everybody is served within 6 s of its return, whatever chance says",
    async (...kind) => {
      const chances = [() => 0, () => 0.5, () => 0.999_999, seeded(1), seeded(2), seeded(3)];
      const tookMs: number[] = [];
      for (const [index, chance] of chances.entries()) {
        const world = await open(chance);
        tookMs.push(await returnMs(world, kind, AWAY_MS + index * 700));
        expect(world.faults).toEqual([]);
        await world.heal();
        expect(world.faults).toEqual([]);
      }
      expect(Math.max(...tookMs)).toBeLessThanOrEqual(DEADLINE_MS);
    },
  );

  it("[W12] and returns at any moment between two tries: the latest is within 6 s too", async () => {
    const [refuses] = KINDS;
    if (refuses === undefined) throw new Error("no kind");
    const tookMs: number[] = [];
    for (let offsetMs = 0; offsetMs < 4_200; offsetMs += 300)
      tookMs.push(await returnMs(await open(() => 0.999_999), refuses, 20_000 + offsetMs));
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(DEADLINE_MS);
    // Else the tries are so close that this shows nothing.
    expect(Math.max(...tookMs)).toBeGreaterThan(3_500);
  });

  it("[W12] [U4] a room without clients tries nothing", async () => {
    const world = await open(() => 0.5);
    await world.run({ do: "down" });
    await world.run({ do: "advance", ms: 10_000 });
    while (world.clients.size > 0) await world.run({ do: "leave", who: 0 });
    await world.run({ do: "advance", ms: 5_000 });
    const tried = world.dialledMs.length;
    await world.run({ do: "advance", ms: 100_000 });
    expect(world.dialledMs).toHaveLength(tried);
    expect(world.clock.armed).toBe(0);
  });

  it("[W12] [U1] a broker that is merely slow with its answers is not asked for a second connection's consumer", async () => {
    const world = await open(seeded(7));
    const { broker } = world;
    const asked: string[] = [];
    const answer = broker.answer.bind(broker);
    broker.answer = (link, subject, body) => {
      asked.push(subject.split(".").slice(0, 2).join("."));
      return answer(link, subject, body);
    };
    // A consumer takes 15 s to make; everything else is answered at once.
    const say = broker.say.bind(broker);
    broker.say = (link, isMessage, run) => {
      const isCreate = !isMessage && asked.at(-1)?.startsWith("CONSUMER.CREATE") === true;
      if (isCreate) world.clock.after(15_000, () => void (broker.links.has(link) && run()));
      else say(link, isMessage, run);
    };
    const before = world.dialledMs.length;
    await world.run({ do: "cut" });
    await world.run({ do: "advance", ms: 25_000 });
    expect(world.dialledMs).toHaveLength(before + 1);
    // One, and two more of the hedge.
    expect(asked.filter((verb) => verb === "CONSUMER.CREATE")).toHaveLength(3);
    expect(broker.links.size).toBe(1);
    expect(world.faults).toEqual([]);
  });
});
