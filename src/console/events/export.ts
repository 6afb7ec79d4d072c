/** What is shown, as a file: one `{"seq":…,"event":…}` a line (NDJSON), oldest first. */
import type { Entry } from "./entry.ts";

export const ndjsonOf = (entries: readonly Entry[]): string =>
  entries.map(({ seq, text }) => `{"seq":${seq},"event":${text}}\n`).join("");

/** Wildcards mean something to file systems, or are forbidden by them. */
export function fileName(subject: string, now: Date): string {
  const name = (subject === "" ? "events" : subject).replaceAll("*", "any").replace(/>$/, "all");
  const time = now.toISOString().slice(0, 19).replaceAll(":", "-");
  return `${name.replaceAll(/[^\w.-]+/g, "_").slice(0, 100)}-${time}Z.ndjson`;
}
