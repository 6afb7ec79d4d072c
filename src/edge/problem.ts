/** EFFECTS: a refusal as an HTTP response, which is problem details (RFC 9457, H2). */
import { REFUSALS, TYPES, type RefusalEntry, type RefusalReason } from "./refusals.ts";

/**
 * The answer for `reason`. `headers` are added to the entry's own or replace them; `members` are extension
 * members of the problem document.
 */
export function problemResponse(
  reason: RefusalReason,
  headers: Readonly<Record<string, string>> = {},
  members: Readonly<Record<string, unknown>> = {},
): Response {
  const entry: RefusalEntry = REFUSALS[reason];
  const { status, title } = TYPES[entry.type];
  const body = { type: `/problems/${entry.type}`, title, status, detail: entry.detail, ...members };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...entry.headers,
      ...headers,
    },
  });
}
