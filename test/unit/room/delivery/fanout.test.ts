import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { commands, setups, type Command, type Setup } from "../../../support/model/commands.ts";
import { FanoutWorld } from "../../../support/model/fanout.ts";

/** The same runs every time, so that a red check is about the change. More and others: RUNS=5000 SEED=random. */
const runs = Number(process.env["RUNS"] ?? 5_000);
const TIMEOUT_MS = 60_000 + runs * 100;
const given = process.env["SEED"] ?? "20261123";
const seed = given === "random" ? {} : { seed: Number(given) };

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
    { tags: "long", timeout: TIMEOUT_MS },
    () => {
      fc.assert(
        fc.property(setups, commands, (setup, list) => {
          expect(firstFault(setup, list)).toBeNull();
        }),
        { numRuns: runs, ...seed },
      );
    },
  );
});
