/** Where a client puts its credential: the `Authorization` header or, from a browser, a subprotocol value (V1). */
import { fromBase64Url } from "../protocol/base64url.ts";
import { BEARER_PREFIX } from "../protocol/subprotocol.ts";

export type Credential =
  | { readonly kind: "missing" }
  /** Something was presented that no token can be read from. */
  | { readonly kind: "malformed" }
  | { readonly kind: "bearer"; readonly token: string };

const MISSING: Credential = { kind: "missing" };
const MALFORMED: Credential = { kind: "malformed" };

/**
 * The credential of a request, from its `Authorization` and `Sec-WebSocket-Protocol` headers (null when absent).
 * A header `Authorization` decides alone. A query string never carries a token (A1), so none is looked at.
 */
export function presentedCredential(authorization: string | null, protocols: string | null): Credential {
  if (authorization !== null) {
    return bearerOf(/^Bearer +(.+)$/is.exec(authorization.trim())?.[1] ?? "");
  }
  const offered = (protocols ?? "").split(",").map((value) => value.trim());
  const bearers = offered.filter((value) => value.startsWith(BEARER_PREFIX));
  const [bearer, second] = bearers;
  if (bearer === undefined) return MISSING;
  if (second !== undefined) return MALFORMED;
  return bearerOf(fromBase64Url(bearer.slice(BEARER_PREFIX.length)) ?? "");
}

/** The same on both ways: white space around a token is a slip of whoever read it from a file, and within one it is no token. */
function bearerOf(text: string): Credential {
  const token = text.trim();
  return /^\S+$/.test(token) ? { kind: "bearer", token } : MALFORMED;
}
