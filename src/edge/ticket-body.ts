/** The body of `POST /v1/tickets` (H8). Pure. */
import { canonical } from "../grant/grant.ts";
import { isValidFilter, utf8Length } from "../protocol/subject.ts";
import { parseJson } from "../shared/json.ts";
import type { RefusalReason } from "./refusals.ts";

export const MAX_BODY_BYTES = 4 * 1024;
const MAX_SUBJECTS = 16;
const MAX_SUBJECTS_BYTES = 768;

export type TicketBody =
  /** Canonical; null when the ticket is for all of the grant. */
  | { readonly ok: true; readonly subjects: readonly string[] | null }
  | { readonly ok: false; readonly reason: RefusalReason };

/** Reads the body. Members that it does not know are passed over (as parameters are, H5). */
export function parseTicketBody(text: string): TicketBody {
  if (text === "") return { ok: true, subjects: null };
  const body = parseJson(text);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return refuse("bad-ticket-body");
  if (!("subject" in body)) return { ok: true, subjects: null };
  const { subject } = body;
  const subjects: unknown[] = Array.isArray(subject) ? subject : [subject];
  if (!subjects.every((entry) => typeof entry === "string")) return refuse("bad-ticket-body");
  if (subjects.length === 0 || subjects.length > MAX_SUBJECTS) return refuse("bad-ticket-body");
  if (!subjects.every(isValidFilter)) return refuse("bad-subject");
  const bytes = subjects.reduce((sum, entry) => sum + utf8Length(entry), 0);
  return bytes > MAX_SUBJECTS_BYTES ? refuse("bad-ticket-body") : { ok: true, subjects: canonical(subjects) };
}

function refuse(reason: RefusalReason): TicketBody {
  return { ok: false, reason };
}
