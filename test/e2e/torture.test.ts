import { expect, test } from "vitest";
import type { Fault } from "../torture/fault-plan.ts";
import { makePlan, type PlanOptions } from "../torture/plan.ts";
import { failed, failures, summary } from "../torture/report.ts";
import { runScenario } from "../torture/scenario.ts";

/** Together they hold every kind of fault of one broker in every form, and none lasts much longer than its events. */
const SEEDS = [159, 172, 227, 242, 269, 298, 312, 318];
const OPTIONS = { events: 50_000, clients: 20, sdk: 2, chromium: 0, cluster: false, durationMs: 30_000 };
/** A page notes what it saw in its storage, which holds 5 MiB. */
const IN_CHROMIUM = { ...OPTIONS, seed: 12, events: 4_000, chromium: 4, durationMs: 12_000 };
const TIMEOUT_MS = 240_000;
const GIVE_UP_MS = 200_000;

/** A fault, with the form of it that makes a difference. */
function formOf(fault: Fault): string {
  switch (fault.kind) {
    case "purge":
      return `purge ${fault.what}`;
    case "restore":
      return fault.grows ? "restore, grown" : "restore";
    case "recreate":
      return fault.awayMs > 0 ? "recreate, away" : "recreate";
    case "join-ahead":
      return `join ahead by ${fault.ahead}`;
    default:
      return fault.kind;
  }
}

test("the seeds hold every fault that one broker can have", () => {
  const forms = (seeds: readonly number[]): Set<string> =>
    new Set(seeds.flatMap((seed) => makePlan({ ...OPTIONS, seed }).faults.map(formOf)));
  const many = forms(Array.from({ length: 200 }, (_, index) => index + 1));
  expect(many.size).toBeGreaterThan(20);
  expect([...forms(SEEDS)].toSorted()).toEqual([...many].toSorted());
  expect(SEEDS.some((seed) => makePlan({ ...OPTIONS, seed }).maxMessages !== null)).toBe(true);
});

async function torture(options: PlanOptions): Promise<void> {
  const lines: string[] = [];
  const outcome = await runScenario(makePlan(options), (line) => lines.push(line), AbortSignal.timeout(GIVE_UP_MS));
  const story = [...lines, ...failures(outcome), summary(outcome)].join("\n");
  if (failed(outcome)) throw new Error(story);
  expect(outcome.published).toBeGreaterThan(0);
}

test.each(SEEDS)(
  "[W2] [W6] [W12] [W18] [W19] [P8] [V4] [V10] nothing is lost, repeated or out of order under torture (seed %i)",
  (seed) => torture({ ...OPTIONS, seed }),
  TIMEOUT_MS,
);

test(
  "[W2] [W6] [W12] [V4] [V10] nothing is lost, repeated or out of order under torture, in Chromium too",
  () => torture(IN_CHROMIUM),
  TIMEOUT_MS,
);
