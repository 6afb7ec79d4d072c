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
    const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
    return token === undefined ? MALFORMED : { kind: "bearer", token };
  }
  const offered = (protocols ?? "").split(",").map((value) => value.trim());
  const bearers = offered.filter((value) => value.startsWith(BEARER_PREFIX));
  const [bearer, second] = bearers;
  if (bearer === undefined) return MISSING;
  if (second !== undefined) return MALFORMED;
  const token = fromBase64Url(bearer.slice(BEARER_PREFIX.length));
  return token === null || token === "" ? MALFORMED : { kind: "bearer", token };
}
