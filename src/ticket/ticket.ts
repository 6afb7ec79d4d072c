/**
 * A ticket (H8): a credential for half a minute, for addresses, where a browser cannot set a header. Its text is what it says,
 * and a signature over that: `<base64url of JSON>.<base64url of 32 bytes>`. Pure.
 *
 * Nothing in the JSON is secret: not the token that bought it, only what a room keeps of one anyway (A10).
 */
import { canonical, type Grant } from "../grant/grant.ts";
import { fromBase64Url, toBase64Url } from "../protocol/base64url.ts";

export const TICKET_LIFE_MS = 30_000;
/**
 * A request that came in time may wait on its way to a room, so a ticket is remembered for longer than it is good for. Later than
 * this nobody can tell whether it was spent, and it is taken for spent.
 */
const REMEMBERED_MS = 60_000;
/** Fits into an address with all else that stands there: the platform takes 16 KB. */
export const MAX_TICKET_CHARS = 12 * 1024;

export interface Ticket {
  /** 16 random bytes, as 22 characters of base64url. Names the object that remembers whether it was spent. */
  readonly id: string;
  readonly expiresAtMs: number;
  /** Whoever bought it named the subjects of `grant`: a request for others has no ticket for them (401), and not too small a grant (403). */
  readonly isBound: boolean;
  readonly grant: Grant;
}

/** What the credential `grant` buys at `wallMs`; `subjects` are those that were named, all of which it covers. */
export function newTicket(id: string, grant: Grant, subjects: readonly string[] | null, wallMs: number): Ticket {
  const { expiresAtMs } = grant;
  return {
    id,
    // A grant ends earlier, and its ticket with it.
    expiresAtMs: Math.min(wallMs + TICKET_LIFE_MS, expiresAtMs ?? Infinity),
    isBound: subjects !== null,
    grant: { ...grant, subjects: subjects ?? canonical(grant.subjects) },
  };
}

/** Until when it is to be remembered that it was spent, as Unix time. */
export function rememberUntilMs({ expiresAtMs }: Ticket): number {
  return expiresAtMs + REMEMBERED_MS;
}

/** What is signed. */
export function encodeTicket({ id, expiresAtMs, isBound, grant }: Ticket): string {
  return toBase64Url(JSON.stringify({ v: 1, id, expiresAtMs, isBound, grant }));
}

/** The two parts of a text that may be a ticket; null for any other. */
export function splitTicket(text: string): { readonly body: string; readonly signature: string } | null {
  if (text.length > MAX_TICKET_CHARS) return null;
  const [, body, signature] = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  return body === undefined || signature === undefined ? null : { body, signature };
}

/** Reads back what `encodeTicket` wrote and a key of ours has signed; null when a version wrote it that this one does not know. */
export function decodeTicket(body: string): Ticket | null {
  const { v, ...ticket } = Object(JSON.parse(fromBase64Url(body) ?? "null")) as Ticket & { readonly v: number };
  return v === 1 ? ticket : null;
}
