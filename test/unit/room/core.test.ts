import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coreCommands, coreSettings, type CoreCommand } from "../../support/model/core-commands.ts";
import { newWorld } from "../../support/model/world.ts";

/** The same runs every time, so that a red check is about the change. More and others: RUNS=5000 SEED=random. */
const runs = Number(process.env["RUNS"] ?? 400);
const TIMEOUT_MS = 60_000 + runs * 100;
const given = process.env["SEED"] ?? "20261123";
const seed = given === "random" ? {} : { seed: Number(given) };

/** The first fault, with the command that led to it. */
async function firstFault(set: Readonly<Record<string, string>>, list: readonly CoreCommand[]): Promise<string | null> {
  const world = newWorld(set);
  for (const [index, command] of list.entries()) {
    await world.run(command);
    if (world.faults.length > 0) return `after command ${index}, ${command.do}: ${world.faults.join("\n")}`;
  }
  await world.heal();
  return world.faults.length > 0 ? `after healing: ${world.faults.join("\n")}` : null;
}

describe("Core", () => {
  it(
    "[V10] [W2] [W3] [W8] [W9] [W11] [W12] [P5] [P11] [U1] [U4] keeps its promises over a broker that fails in every way",
    { tags: "long", timeout: TIMEOUT_MS },
    async () => {
      await fc.assert(
        fc.asyncProperty(coreSettings, coreCommands, async (set, list) => {
          expect(await firstFault(set, list)).toBeNull();
        }),
        { numRuns: runs, ...seed },
      );
    },
  );
});
