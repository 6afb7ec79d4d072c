import { randomBytes } from "node:crypto";
import { NotChecked, type Check, type Pace } from "./check.ts";
import { Context, type SeenClose, type Target, type Traits } from "./context.ts";
import type { Result } from "./report.ts";

const QUICK_LIMIT_MS = 20_000;
const LOAD_LIMIT_MS = 60_000;

/** Runs the checks and hands each result to `onResult`, in the order of `checks` whatever order they end in. */
export async function runChecks(
  checks: readonly Check[],
  target: Target,
  traits: Traits,
  onResult: (result: Result) => void,
): Promise<Result[]> {
  const run = randomBytes(4).toString("hex");
  const closes: SeenClose[] = [];
  const results = new Map<Check, Result>();
  let told = 0;

  const perform = async (check: Check): Promise<void> => {
    using context = new Context(target, traits, run, check.id, closes);
    results.set(check, await outcome(check, context, limitMs(check.pace, target.patienceMs)));
    for (let next = checks[told]; next !== undefined && results.has(next); next = checks[told]) {
      onResult(results.get(next) as Result);
      told += 1;
    }
  };
  const inOrder = async (pace: Pace): Promise<void> => {
    for (const check of checks.filter((candidate) => candidate.pace === pace)) await perform(check);
  };

  const waits = checks.filter(({ pace }) => pace === "waits").map(perform);
  await Promise.all([...waits, inOrder("quick")]);
  await inOrder("loads");
  return checks.map((check) => results.get(check) as Result);
}

async function outcome({ id, sentence, run }: Check, context: Context, timeoutMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`did not come to an end within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([run(context), late.promise]);
    return { id, sentence, verdict: "pass", detail: "" };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { id, sentence, verdict: error instanceof NotChecked ? "not checked" : "FAIL", detail };
  } finally {
    clearTimeout(timer);
  }
}

function limitMs(pace: Pace, patienceMs: number): number {
  if (pace === "waits") return 2 * patienceMs + QUICK_LIMIT_MS;
  return pace === "loads" ? Math.max(LOAD_LIMIT_MS, patienceMs + QUICK_LIMIT_MS) : QUICK_LIMIT_MS;
}
