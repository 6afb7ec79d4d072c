import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { commands, setups, type Command, type Setup } from "../support/model-room-commands.ts";
import { installCollector } from "../support/model-room-collector.ts";
import { FanoutWorld } from "../support/model-room-fanout.ts";

/** More runs: RUNS=50000. Another seed: SEED=1. A failing run prints its own. */
const runs = Number(process.env["RUNS"] ?? 5_000);
const TIMEOUT_MS = 60_000 + runs * 100;
const seed = process.env["SEED"] === undefined ? {} : { seed: Number(process.env["SEED"]) };

beforeEach(() => installCollector());
afterEach(() => vi.unstubAllGlobals());

/** The first fault, with the command that led to it. */
function firstFault(setup: Setup, list: readonly Command[]): string | null {
  const world = new FanoutWorld(setup);
  for (const [index, command] of list.entries()) {
    world.run(command);
    if (world.faults.length > 0) return `after command ${index}, ${command.do}: ${world.faults.join("\n")}`;
  }
  world.heal();
  return world.faults.length > 0 ? `after healing: ${world.faults.join("\n")}` : null;
}

describe("Fanout", () => {
  it(
    "[V10] [W2] [W4] [W9] [B1] sends every client every match once, in order, whatever happens in whatever order",
    () => {
      fc.assert(
        fc.property(setups, commands, (setup, list) => {
          expect(firstFault(setup, list)).toBeNull();
        }),
        { numRuns: runs, ...seed },
      );
    },
    TIMEOUT_MS,
  );
});
