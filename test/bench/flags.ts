/** The command line of `npm run bench`. Pure. */
import { parseArgs } from "node:util";

export const SCENARIOS = [
  "fanout",
  "latency",
  "replay",
  "fair",
  "storm",
  "memory",
  "crowd",
  "compression",
  "meta",
  "growth",
  "joins",
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface Flags {
  readonly only: readonly ScenarioName[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly profile: boolean;
}

export const USAGE = `npm run bench -- [--only ${SCENARIOS.join(",")}] [--rounds K] [--quick] [--profile]`;
const ROUNDS = 3;

/** Throws with a sentence for the user. */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
    },
  });
  const only = values.only?.split(",") ?? SCENARIOS;
  const unknown = only.find((name) => !isScenario(name));
  if (unknown !== undefined) throw new Error(`There is no scenario "${unknown}". ${USAGE}`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 25) throw new Error(`--rounds is 1 to 25. ${USAGE}`);
  return { only: only.filter(isScenario), quick: values.quick, rounds, profile: values.profile };
}

function isScenario(name: string): name is ScenarioName {
  return SCENARIOS.some((known) => known === name);
}
