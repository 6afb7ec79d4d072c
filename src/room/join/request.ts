import type { CredentialMark } from "../../grant/grant.ts";
import { isValidFilter } from "../../protocol/subject.ts";
import { parseJson } from "../../shared/json.ts";
import { V1, V2, type Protocol } from "../../protocol/subprotocol.ts";

/** What the edge hands to a room with an upgrade it has admitted; JSON in the header `relay-join`. */
export interface JoinRequest {
  /** NATS subject filter, already checked (H4). */
  readonly subject: string;
  /** Cursor of the client, or null when it starts live (W3). Clamped to 2^53-1: no stream is that long. */
  readonly since: number | null;
  /** Stream identity the cursor belongs to, or null when the client sent none (V6). */
  readonly epoch: string | null;
  readonly protocol: Protocol;
  /** True when the client offered subprotocols, so that the 101 must echo `protocol`. */
  readonly echoProtocol: boolean;
  /** Milliseconds since 1970 after which nothing more may be sent (A3), or null. */
  readonly expiresAtMs: number | null;
  /** Label of the credential, from which it cannot be read back (B4). */
  readonly grantId: string;
  /** Whether the subject takes a place of its grant, and whether the ledger was asked about this client (B4). */
  readonly place: Place;
  /** The grant's ledger was asked about this client, because its clients are limited (A9). */
  readonly isCounted: boolean;
  /** By what the connection can be told to end (A10); null from a Worker of an older version. */
  readonly mark: CredentialMark | null;
  /** The ticket to spend before the client comes in (H8), or null when a token admitted it. */
  readonly ticket: TicketClaim | null;
  /** Whether items say where they came from (H1). */
  readonly meta: boolean;
}

export interface TicketClaim {
  readonly id: string;
  /** Names the request that brought the ticket. */
  readonly claim: string;
  /** Until when it is to be remembered that the ticket was spent, as Unix time. */
  readonly untilMs: number;
}

const PLACES = ["none", "asked", "assumed"] as const;
export type Place = (typeof PLACES)[number];

export const JOIN_HEADER = "relay-join";
/** In a coordinator's 503: the shard that has a place (B2). */
export const SHARD_HEADER = "relay-shard";

/** In a room's 101: it has spent the ticket. A room of an older version does not know that it must. */
export const SPENT_HEADER = "relay-ticket-spent";

/** The value of the header: JSON with every non-ASCII character escaped, since a header carries bytes and a subject may be Unicode. */
export function encodeJoin(join: JoinRequest): string {
  return JSON.stringify(join).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Reads the header back; null when it is absent or is not what `encodeJoin` writes. */
export function decodeJoin(header: string | null): JoinRequest | null {
  const value = parseJson(header ?? "");
  if (typeof value !== "object" || value === null) return null;
  const { subject, since, epoch, protocol, echoProtocol, expiresAtMs, grantId, ...later } = value as Readonly<
    Record<string, unknown>
  >;
  // An edge of an older version says nothing of it.
  const place = PLACES.find((known) => known === (later["place"] ?? "none"));
  if (typeof subject !== "string" || !isValidFilter(subject)) return null;
  if (since !== null && !isWholeNumber(since)) return null;
  if (epoch !== null && typeof epoch !== "string") return null;
  if (protocol !== V1 && protocol !== V2) return null;
  if (typeof echoProtocol !== "boolean") return null;
  if (expiresAtMs !== null && !isWholeNumber(expiresAtMs)) return null;
  if (typeof grantId !== "string" || place === undefined) return null;
  const isCounted = later["isCounted"] === true;
  const mark = readMark(later["mark"]);
  const ticket = readTicket(later["ticket"] ?? null);
  if (ticket === undefined) return null;
  // An edge of an older version does not know it.
  const meta = later["meta"] === true;
  return { subject, since, epoch, protocol, echoProtocol, expiresAtMs, grantId, place, isCounted, mark, ticket, meta };
}

/** Undefined for what is no such claim: to pass over it would admit a ticket twice. */
function readTicket(value: unknown): TicketClaim | null | undefined {
  if (value === null) return null;
  const { id, claim, untilMs } = Object(value) as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || typeof claim !== "string" || !isWholeNumber(untilMs)) return undefined;
  return { id, claim, untilMs };
}

/** Null for anything else: such a connection ends at the first waking of its room. */
function readMark(value: unknown): CredentialMark | null {
  const { kind, sub = null, jti = null } = Object(value) as Readonly<Record<string, unknown>>;
  if (kind === "api-token") return { kind };
  if (kind !== "jwt" || !isTextOrNull(sub) || !isTextOrNull(jti)) return null;
  return { kind, sub, jti };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** A join may wait for its answer longer than its credential is good for. */
export function isExpired({ expiresAtMs }: JoinRequest, wallMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= wallMs;
}
