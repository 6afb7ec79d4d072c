/** What a log line may carry besides its name. Credentials, payloads and query strings stay out (A6). */
export type LogFields = Readonly<Record<string, string | number | boolean | null>> & { readonly event?: never };

/** One log line: a JSON object whose first member is the fixed `event` name (O3). */
export function logLine(event: string, fields: LogFields = {}): string {
  return JSON.stringify({ event, ...fields });
}

/** Prints one log line. The only place that writes to the console. */
export function logEvent(event: string, fields: LogFields = {}): void {
  console.log(logLine(event, fields));
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
