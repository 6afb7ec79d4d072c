/**
 * `npm run soak -- [--minutes 30] [--clients 300] [--tenants 20]`: a relay under clients of which a tenth misbehaves, with
 * restarts of the broker, for long. Ends with code 1 when memory is not flat, an event is lost, repeated or out of
 * order, or a consumer or connection stays at the broker.
 */
import { readFlags } from "./flags.ts";
import { soak } from "./soak.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => stop.abort(new Error("Interrupted.")));
const began = Date.now();
const log = (line: string): void => console.log(`[${((Date.now() - began) / 1_000).toFixed(0).padStart(5)} s] ${line}`);

try {
  if (!(await soak(readFlags(process.argv.slice(2)), log, stop.signal))) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  console.error(stop.signal.aborted ? "interrupted; everything is stopped" : error);
}
process.exit();
