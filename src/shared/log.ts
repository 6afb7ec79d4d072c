/** EFFECTS: the log of this isolate (O3), and the only place that writes to its console. */
import { LineBudget } from "./log-minute-budget.ts";
import { logLine, type LogFields } from "./log-line.ts";
import { severityOf } from "./log-severity.ts";
import { VERSION } from "./version.ts";

const budget = new LineBudget();
let isPrinting = false;
let version = VERSION;

/** Prints one log line, unless there were enough of this name in this minute (O3). */
export function logEvent(event: string, fields: LogFields = {}): void {
  tellLeftOut();
  if (budget.take(event, Date.now())) print(event, fields);
}

/** Says how many lines were left out, once their minute is over. The next line does that too. */
export function tellLeftOut(): void {
  for (const { name, leftOut } of budget.over(Date.now())) print("log-lines-left-out", { name, leftOut });
}

/** After how many milliseconds to call tellLeftOut(); null when nothing is left out. */
export function leftOutDueInMs(): number | null {
  return budget.owes ? budget.endsInMs(Date.now()) : null;
}

/** The only place that writes to the console. */
function print(event: string, fields: LogFields): void {
  isPrinting = true;
  console.log(logLine(event, Object.assign({}, fields, { severity: severityOf(event), version })));
  isPrinting = false;
}

/** Every line of this isolate names this version from now on (O3). */
export function nameVersion(name: string): void {
  version = name;
}

/**
 * Lets nothing but log lines on the console, in the Worker for good. The NATS library prints by itself, at a wire error
 * even the bytes it could not read (A6).
 */
export function keepConsole(): void {
  for (const method of ["log", "info", "debug", "warn", "error", "trace"] as const) {
    const write = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      if (isPrinting) write(...values);
      else logEvent("library-printed", { method });
    };
  }
}
