/** Which web pages may read from the relay: A5 and H11. */

/**
 * Whether a request may be served by its `Origin` header (A5). Null means no such header: not a browser.
 * `own` is the origin of the relay as the client addressed it. The origin `null` (sandboxed frames, files) needs `*`, since no list can name it.
 */
export function originPasses(origin: string | null, own: string, allowed: readonly string[]): boolean {
  return origin === null || origin === own || allowed.includes(origin) || allowed.includes("*");
}

/**
 * The CORS headers of an answer to `origin` (H11). A refusal and a preflight may be read by any page: they tell nothing that the page
 * does not learn from the failure. `Vary` is there even without CORS, or a cache could hand one origin's answer to another.
 */
export function corsHeaders(origin: string | null, isReadable: boolean): Record<string, string> {
  if (origin === null || !isReadable) return { Vary: "Origin" };
  return {
    Vary: "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate, Relay-Cursor, Relay-Epoch",
  };
}

/** What a preflight adds to `corsHeaders`. */
export const PREFLIGHT_HEADERS = {
  "Access-Control-Allow-Methods": "GET, POST",
  "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
  "Access-Control-Max-Age": "600",
} as const;
