/** Stream times: nanoseconds since 1970, as text, because they have more digits than a number. Pure. */

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** From the text of an API answer; null when it is none, or lies before 1970. */
export function nanosOf(text: unknown): string | null {
  const [, seconds, fraction = "", zone] = RFC3339.exec(String(text)) ?? [];
  const wholeMs = Date.parse(`${seconds}${zone}`);
  if (!(wholeMs >= 0)) return null;
  return String(BigInt(wholeMs) * 1_000_000n + BigInt(fraction.padEnd(9, "0")));
}
