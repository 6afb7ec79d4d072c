/**
 * How late this process runs what is due: what a crowded machine does to every process, and no fault of the relay.
 * Bounds on time allow for it, so that they can be tight on a machine that has time.
 */
const EVERY_MS = 20;
/** Others may have been kept waiting more than we were. */
const FACTOR = 3;

const late: { readonly atMs: number; readonly ms: number }[] = [];
let dueAtMs = Date.now() + EVERY_MS;

setInterval(() => {
  const nowMs = Date.now();
  if (nowMs - dueAtMs > EVERY_MS) late.push({ atMs: nowMs, ms: nowMs - dueAtMs });
  dueAtMs = nowMs + EVERY_MS;
}, EVERY_MS).unref();

/** What to allow for since `fromMs`; 0 on a machine that kept up. */
export function lagSince(fromMs: number): number {
  return FACTOR * Math.max(0, ...late.filter(({ atMs }) => atMs >= fromMs).map(({ ms }) => ms));
}
