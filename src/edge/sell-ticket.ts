/** EFFECTS: `POST /v1/tickets` (H8). */
import type { Config } from "../config/config.ts";
import { permits, type Grant } from "../grant/grant.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { MAX_TICKET_CHARS } from "../ticket/ticket.ts";
import { sellTicket } from "../ticket/tickets.ts";
import { admitCaller } from "./admission.ts";
import { callerOf } from "./caller.ts";
import { problemResponse } from "./problem.ts";
import { hasTooManyRequests } from "./rate-limits.ts";
import { MAX_BODY_BYTES, parseTicketBody } from "./ticket-body.ts";

/** Answers 201 with a ticket, or by the first check of H3 that fails. */
export async function answerTicketRequest(request: Request, env: Env, config: Config): Promise<Response> {
  const caller = admitCaller(await callerOf(request, env, config, "refused"), config);
  if (caller.kind === "refused") return problemResponse(caller.reason);
  const text = await readBody(request);
  if (typeof text !== "string") return problemResponse(text === null ? "body-too-large" : "bad-ticket-body");
  const body = parseTicketBody(text);
  if (!body.ok) return problemResponse(body.reason);
  const { grant } = caller;
  if (!mayRead(grant, body.subjects, config)) return problemResponse("subject-forbidden");
  if (await hasTooManyRequests(grant.id, env)) return problemResponse("too-many-requests");
  try {
    const ticket = await sellTicket(env.TICKET_KEY, config, grant, body.subjects);
    if (ticket.text.length > MAX_TICKET_CHARS) return problemResponse("ticket-too-long");
    const answer = { ticket: ticket.text, expires_at: new Date(ticket.expiresAtMs).toISOString() };
    return Response.json(answer, { status: 201, headers: { "Cache-Control": "no-store" } });
  } catch (error) {
    logEvent("ticket-key-unreachable", describeError(error));
    return problemResponse("tickets-unavailable");
  }
}

/** A ticket that names no subject is for whatever the grant has, which must be something. */
function mayRead(grant: Grant, subjects: readonly string[] | null, { subjectRoot }: Config): boolean {
  if (subjects === null) return grant.subjects.length > 0;
  return subjects.every((subject) => permits(grant, subject, subjectRoot));
}

/** The text of the body; null when it is longer than it may be, undefined when it is no UTF-8. Never reads more than that. */
async function readBody({ body }: Request): Promise<string | null | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) return null;
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch {
    return undefined;
  }
}
