/** One clock for all processes of this machine: the kernel's monotonic one, which nobody sets. */
import { FIRST_MARK } from "./event-template.ts";

/** Microseconds, as a mark. Times since boot stay below FIRST_MARK for thirty years. */
export function nowMark(): number {
  return FIRST_MARK + Number(process.hrtime.bigint() / 1_000n);
}

export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
