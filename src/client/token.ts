/** Credentials as they travel in a handshake (V1), and when a JWT asks to be renewed (V8). Pure. */
import { BEARER_PREFIX, V2 } from "../protocol/subprotocol.ts";

/** What to offer as `Sec-WebSocket-Protocol`. */
export const protocolsFor = (token: string | undefined): string[] =>
  token === undefined ? [V2] : [V2, BEARER_PREFIX + base64url(token)];

/** Claims of a JWT, or null when the token is none. Nothing is verified: that is the relay's business. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> | null {
  try {
    const [, payload = ""] = token.split(".");
    return Object(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")))) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** The longest time a timer takes: three and a half weeks. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * How long to wait before the token should be replaced: after 70 to 85 % of what is left of it, since a hidden tab's timers
 * may be a minute late. Null when it does not expire, or is about to.
 */
export function renewalMs(token: string, nowMs: number, random: number): number | null {
  const leftMs = Number(claimsOf(token)?.["exp"]) * 1000 - nowMs;
  return leftMs > 5_000 ? Math.min(MAX_TIMER_MS, leftMs * (0.7 + 0.15 * random)) : null;
}

const base64url = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
