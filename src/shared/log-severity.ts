/** How grave a log line is (O3). Pure. */

export type Severity = "info" | "warn" | "error";

/** Nothing is wrong. */
const INFO: ReadonlySet<string> = new Set([
  "client-closed",
  "library-printed",
  "log-lines-left-out",
  "room-woke",
  "upstream-open",
]);

/** An operator has to act, or the relay has a fault. */
const ERROR: ReadonlySet<string> = new Set([
  "alarm-failed",
  "auth-unconfigured",
  "config-invalid",
  "internal-error",
  "renewal-failed",
  "room-wake-failed",
]);

/** Every other event is a warning. */
export function severityOf(event: string): Severity {
  if (ERROR.has(event)) return "error";
  return INFO.has(event) ? "info" : "warn";
}
