/**
 * Where a client puts its credential: the `Authorization` header, from a browser a subprotocol value (V1), or the header
 * in which a proxy hands on a token (JWT_HEADER).
 */
import type { Credential } from "../grant/grant.ts";
import { fromBase64Url } from "../protocol/base64url.ts";
import { BEARER_PREFIX } from "../protocol/subprotocol.ts";

const MISSING: Credential = { kind: "missing" };
const MALFORMED: Credential = { kind: "malformed" };

/** Headers of a request, each null when absent; a header given twice has both values, separated by a comma. */
export interface CredentialHeaders {
  readonly authorization: string | null;
  /** `Sec-WebSocket-Protocol`. */
  readonly protocols: string | null;
  /** The header that JWT_HEADER names. */
  readonly handedOn: string | null;
}

/**
 * The credential of a request. `Authorization` decides alone; what a client says for itself goes before what a proxy hands
 * on. A query string never carries a token (A1), so none is looked at.
 */
export function presentedCredential({ authorization, protocols, handedOn }: CredentialHeaders): Credential {
  if (authorization !== null) return bearerOf(/^Bearer +(.+)$/is.exec(authorization.trim())?.[1] ?? "");
  const offered = (protocols ?? "").split(",").map((value) => value.trim());
  const [bearer, second] = offered.filter((value) => value.startsWith(BEARER_PREFIX));
  if (second !== undefined) return MALFORMED;
  if (bearer !== undefined) return bearerOf(fromBase64Url(bearer.slice(BEARER_PREFIX.length)) ?? "");
  return handedOn === null ? MISSING : bearerOf(handedOn);
}

/** The same on all ways: white space around a token is a slip of whoever read it from a file, and within one it is no token. */
function bearerOf(text: string): Credential {
  const token = text.trim();
  return /^\S+$/.test(token) ? { kind: "bearer", token } : MALFORMED;
}
