/** A room with a client of each protocol, both of which have read three events after `restMs` of rest. */
import type { CoreWorld } from "./core.ts";
import { newWorld } from "./world.ts";

export async function withPair(settings: Readonly<Record<string, string>> = {}, restMs = 5_000): Promise<CoreWorld> {
  const world = newWorld(settings);
  await world.run({ do: "join", v2: true, back: null, epoch: false });
  await world.run({ do: "join", v2: false, back: null, epoch: false });
  await world.run({ do: "advance", ms: restMs });
  await world.run({ do: "publish", kind: "match", bytes: 100, count: 3 });
  await world.run({ do: "advance", ms: 100 });
  return world;
}

export function cursors(world: CoreWorld): (number | null)[] {
  return [...world.clients.values()].map(({ reading }) => reading.cursor);
}

/** The broker goes, `meanwhile` happens, three events are published, and it is back for as long as W12 allows. */
export async function throughOutage(world: CoreWorld, how: "down" | "freeze", meanwhile: () => void): Promise<void> {
  await world.run({ do: how });
  await world.run({ do: "advance", ms: 10_000 });
  meanwhile();
  await world.run({ do: "advance", ms: 10_000 });
  for (let n = 0; n < 3; n++) world.broker.stream?.publish("match", 100);
  await world.run({ do: "hurry" });
  await world.run({ do: "up" });
  await world.run({ do: "advance", ms: 6_000 });
}
