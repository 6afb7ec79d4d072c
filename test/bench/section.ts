/** What a scenario is given, and what it hands back for the report. */
import type { Ground } from "./ground.ts";
import type { Table } from "./table.ts";

export interface Bench {
  readonly ground: Ground;
  readonly rounds: number;
  /** Everything tiny: to see that it works, not what it measures. */
  readonly quick: boolean;
  readonly log: (line: string) => void;
}

/** One comparison: a ratio, never a number alone. */
export interface Claim {
  /** One of the few that docs/bench.md shows. */
  readonly inSummary?: boolean;
  readonly what: string;
  readonly relay: string;
  readonly other: string;
  readonly ratio: string;
}

export interface Section {
  readonly title: string;
  /** How it was measured, and what to beware of. */
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
}

export type Scenario = (bench: Bench) => Promise<Section>;
