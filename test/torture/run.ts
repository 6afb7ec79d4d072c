/**
 * `npm run torture -- [--seed S] [--seeds K] [--events N] [--seconds T] [--clients C] [--sdk N] [--chromium N] [--cluster]`: tries to make
 * relay and client lose, repeat or reorder an event. Ends with code 1 when it has succeeded.
 */
import { commandOf, readFlags } from "./flags.ts";
import { makePlan } from "./plan.ts";
import { failed, failures, summary } from "./report.ts";
import { runScenario } from "./scenario.ts";

// As in vitest.config.ts: miniflare would ask the network, and wrangler write into the user's home.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
process.env["WRANGLER_WRITE_LOGS"] = "false";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const flags = readFlags(process.argv.slice(2), (Date.now() % 1_000_000) + 1);
const { seed: firstSeed, seeds, ...options } = flags;
const stop = new AbortController();
const interrupt = (): void => stop.abort(new Error("Interrupted."));
// wrangler would end the process at once, before broker and relay are stopped and their folders removed.
process.on("newListener", (name: string, listener: NodeJS.SignalsListener) => {
  if (SIGNALS.some((signal) => signal === name) && listener !== interrupt) {
    queueMicrotask(() => process.removeListener(name, listener));
  }
});
for (const signal of SIGNALS) process.on(signal, interrupt);

for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
  const began = Date.now();
  const log = (line: string): void => console.log(`[${((Date.now() - began) / 1000).toFixed(1)} s] ${line}`);
  log(commandOf(seed, options));
  try {
    const outcome = await runScenario(makePlan({ ...options, seed }), log, stop.signal);
    if (failed(outcome)) process.exitCode = 1;
    for (const text of failures(outcome)) console.log(text);
    log(summary(outcome));
  } catch (error) {
    process.exitCode = 1;
    if (stop.signal.aborted) {
      log("interrupted; everything is stopped");
      break;
    }
    console.error(error);
  }
}
