import { expect, test } from "vitest";
import { makePlan } from "../torture/plan.ts";
import { failed, failures, summary } from "../torture/report.ts";
import { runScenario } from "../torture/scenario.ts";

/** Together they hold every kind of fault, and a stream with a limit. `npm run torture` does the same at length. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 130, 147, 213];
const OPTIONS = { events: 4_000, clients: 20, sdk: 2, durationMs: 12_000 };
/** The seed that also drives streams in a browser. */
const IN_CHROMIUM = { seed: 2, chromium: 4 };
const TIMEOUT_MS = 180_000;
const GIVE_UP_MS = 150_000;

test.each(SEEDS)(
  "[W2] [W12] [V4] [V10] nothing is lost, repeated or out of order under torture (seed %i)",
  async (seed) => {
    const lines: string[] = [];
    const outcome = await runScenario(
      makePlan({ ...OPTIONS, seed, chromium: seed === IN_CHROMIUM.seed ? IN_CHROMIUM.chromium : 0 }),
      (line) => lines.push(line),
      AbortSignal.timeout(GIVE_UP_MS),
    );
    const story = [...lines, ...failures(outcome), summary(outcome)].join("\n");
    if (failed(outcome)) throw new Error(story);
    expect(outcome.published).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
