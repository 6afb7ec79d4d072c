/** Credentials as they travel in a handshake (V1). Pure. */
import { fromBase64Url, toBase64Url } from "../../protocol/base64url.ts";
import { BEARER_PREFIX, V2 } from "../../protocol/subprotocol.ts";

/** What to offer as `Sec-WebSocket-Protocol`. */
export const protocolsFor = (token: string | undefined): string[] =>
  token === undefined ? [V2] : [V2, BEARER_PREFIX + toBase64Url(token)];

/** Claims of a JWT, or null when the token is none. Nothing is verified: that is the relay's business. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> | null {
  try {
    const [, payload = ""] = token.split(".");
    return Object(JSON.parse(fromBase64Url(payload) ?? "")) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** The longest time a timer takes: three and a half weeks. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
