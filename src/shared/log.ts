import { LineBudget, minuteEndsInMs } from "./line-budget.ts";

/** What a log line may carry besides its name. Credentials, payloads and query strings stay out (A6). */
export type LogFields = Readonly<Record<string, string | number | boolean | null>> & { readonly event?: never };

/** A broker's own words, and names that others chose, are cut here: a line is read by people. */
const MAX_VALUE_CHARS = 1_000;
/**
 * Controls, what changes the direction of a text, and what cannot be seen: they make a line, or the terminal that
 * shows it, say something else.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** One log line: a JSON object whose first member is the fixed `event` name (O3). */
export function logLine(event: string, fields: LogFields = {}): string {
  return JSON.stringify({ event, ...fields }, (_name, value: unknown) =>
    typeof value === "string" ? safeText(value) : value,
  );
}

function safeText(text: string): string {
  const cut = text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
  return cut.replace(UNSAFE, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
  });
}

const budget = new LineBudget();
let isPrinting = false;
/** Until when somebody waits for the end of a minute in which lines were left out. */
let awaitedUntilMs = 0;

/** Prints one log line, unless there were enough of this name in this minute (O3). */
export function logEvent(event: string, fields: LogFields = {}): void {
  const nowMs = Date.now();
  tellLeftOut();
  if (budget.take(event, nowMs)) return print(logLine(event, fields));
  const endsInMs = minuteEndsInMs(nowMs);
  if (nowMs < awaitedUntilMs && awaitedUntilMs <= nowMs + endsInMs) return;
  // The timer of an object that ends, or of a request that is answered, goes with it: then the next line tells.
  tellAfter(endsInMs);
}

function tellAfter(ms: number): void {
  awaitedUntilMs = Date.now() + ms;
  setTimeout(() => {
    tellLeftOut();
    // A timer may be early.
    if (budget.owes) tellAfter(minuteEndsInMs(Date.now()));
  }, ms);
}

/** Says how many lines were left out, once the minute is over. */
export function tellLeftOut(): void {
  for (const { name, leftOut } of budget.over(Date.now())) print(logLine("log-lines-left-out", { name, leftOut }));
}

/** After how many milliseconds to call tellLeftOut(); null when nothing was left out. */
export function leftOutDueInMs(): number | null {
  const nowMs = Date.now();
  return nowMs < awaitedUntilMs ? awaitedUntilMs - nowMs : null;
}

/** The only place that writes to the console. */
function print(line: string): void {
  isPrinting = true;
  console.log(line);
  isPrinting = false;
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

/**
 * What may be logged of a thrown value: its class and where it was thrown, in source positions.
 * The message is left out, since libraries quote what they were given, credentials included (A6).
 */
export function describeError(error: unknown): { readonly error: string; readonly at: string } {
  if (!(error instanceof Error)) return { error: typeof error, at: "" };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return {
    error: error.name,
    at: frames
      .slice(0, 4)
      .map((line) => line.trim())
      .join("; "),
  };
}
