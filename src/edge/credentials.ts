/**
 * Where a client puts its credential: the `Authorization` header, from a browser a subprotocol value (V1) or a ticket in
 * the address (H8), or the header in which a proxy hands on a token (JWT_HEADER).
 */
import { covers, type Credential } from "../grant/grant.ts";
import { fromBase64Url } from "../protocol/base64url.ts";
import { isValidFilter } from "../protocol/subject.ts";
import { BEARER_PREFIX } from "../protocol/subprotocol.ts";
import type { Ticket } from "../ticket/ticket.ts";
import { valuesOf } from "./query.ts";
import type { RefusalReason } from "./refusals.ts";

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

/** What of a request for events may be its credential. */
export type Presented =
  | Credential
  | { readonly kind: "ticket"; readonly text: string }
  /** A ticket is there in a way that nobody can mean. Told before anything is checked. */
  | { readonly kind: "misused"; readonly reason: RefusalReason };

/** As presentedCredential(), of a request whose address may carry a ticket. What a proxy hands on beside one does not count. */
export function presentedIn(search: string, headers: CredentialHeaders): Presented {
  const tickets = valuesOf(search, "ticket");
  const [text] = tickets;
  if (text === undefined) return presentedCredential(headers);
  if (tickets.length > 1) return misused("repeated-parameter");
  if (text === null) return misused("bad-encoding");
  if (text === "") return misused("ticket-empty");
  const { authorization, protocols } = headers;
  if (authorization !== null || bearersIn(protocols).length > 0) return misused("ticket-with-token");
  return { kind: "ticket", text };
}

/**
 * The credential of a request. `Authorization` decides alone; what a client says for itself goes before what a proxy hands
 * on. A query string never carries a token (A1), so none is looked at.
 */
export function presentedCredential({ authorization, protocols, handedOn }: CredentialHeaders): Credential {
  if (authorization !== null) return bearerOf(/^Bearer +(.+)$/is.exec(authorization.trim())?.[1] ?? "");
  const [bearer, second] = bearersIn(protocols);
  if (second !== undefined) return MALFORMED;
  if (bearer !== undefined) return bearerOf(fromBase64Url(bearer.slice(BEARER_PREFIX.length)) ?? "");
  return handedOn === null ? MISSING : bearerOf(handedOn);
}

/** Whether a ticket is one for the subjects of this address. What is no filter is refused later, and for what it is (H3). */
export function ticketFits({ isBound, grant }: Ticket, search: string): boolean {
  const named = valuesOf(search, "subject").filter((subject) => subject !== null && isValidFilter(subject));
  return !isBound || named.every((subject) => subject !== null && covers(grant, subject));
}

function bearersIn(protocols: string | null): string[] {
  const offered = (protocols ?? "").split(",").map((value) => value.trim());
  return offered.filter((value) => value.startsWith(BEARER_PREFIX));
}

function misused(reason: RefusalReason): Presented {
  return { kind: "misused", reason };
}

/** The same on all ways: white space around a token is a slip of whoever read it from a file, and within one it is no token. */
function bearerOf(text: string): Credential {
  const token = text.trim();
  return /^\S+$/.test(token) ? { kind: "bearer", token } : MALFORMED;
}
