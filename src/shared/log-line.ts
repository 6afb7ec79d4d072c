/** What a log line looks like (O3). Pure. */

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
