import { expect, test } from "vitest";
import { makePlan, type PlanOptions } from "../torture/plan.ts";
import { failed, failures, summary } from "../torture/report.ts";
import { runScenario } from "../torture/scenario.ts";

/** Together they hold every kind of fault, and a stream with a limit. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 130, 147, 213];
const OPTIONS = { events: 50_000, clients: 20, sdk: 2, chromium: 0, cluster: false, durationMs: 30_000 };
/** A page notes what it saw in its storage, which holds 5 MiB. */
const IN_CHROMIUM = { ...OPTIONS, seed: 2, events: 4_000, chromium: 4, durationMs: 12_000 };
const TIMEOUT_MS = 240_000;
const GIVE_UP_MS = 200_000;

async function torture(options: PlanOptions): Promise<void> {
  const lines: string[] = [];
  const outcome = await runScenario(makePlan(options), (line) => lines.push(line), AbortSignal.timeout(GIVE_UP_MS));
  const story = [...lines, ...failures(outcome), summary(outcome)].join("\n");
  if (failed(outcome)) throw new Error(story);
  expect(outcome.published).toBeGreaterThan(0);
}

test.each(SEEDS)(
  "[W2] [W12] [V4] [V10] nothing is lost, repeated or out of order under torture (seed %i)",
  (seed) => torture({ ...OPTIONS, seed }),
  TIMEOUT_MS,
);

test(
  "[W2] [W12] [V4] [V10] nothing is lost, repeated or out of order under torture, in Chromium too",
  () => torture(IN_CHROMIUM),
  TIMEOUT_MS,
);
