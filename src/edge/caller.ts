/** EFFECTS: the credential of a request, checked: a token, or where tickets count one of those (A1, A2, H8). */
import { hasCredential, type Config } from "../config/config.ts";
import { authenticate } from "../grant/authenticate.ts";
import type { Authentication } from "../grant/grant.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { checkTicket } from "../ticket/tickets.ts";
import type { Ticket } from "../ticket/ticket.ts";
import type { CallerInput } from "./admission.ts";
import { presentedCredential, presentedIn, ticketFits, type Presented } from "./credentials.ts";
import { limitFailures } from "./rate-limits.ts";

/** What a route makes of `?ticket=`. */
export type TicketUse =
  /** It admits. */
  | "accepted"
  /** It is a credential, and not one for this route. */
  | "refused"
  /** It is a parameter like any other that is not known. */
  | "ignored";

/** Who asks, and from what page; `ticket` is what admitted, if that was one. */
export async function callerOf(
  request: Request,
  env: Env,
  config: Config,
  use: TicketUse,
): Promise<CallerInput & { readonly ticket: Ticket | null }> {
  const { headers } = request;
  const { origin: ownOrigin, search } = new URL(request.url);
  const given = {
    authorization: headers.get("Authorization"),
    protocols: headers.get("Sec-WebSocket-Protocol"),
    handedOn: config.jwt?.header ? headers.get(config.jwt.header) : null,
  };
  const presented = use === "ignored" ? presentedCredential(given) : presentedIn(search, given);
  const { authentication, ticket } = await check(presented, search, env, config, use);
  const limited = await limitFailures(authentication, request, env);
  return { authentication: limited, ticket, origin: headers.get("Origin"), ownOrigin };
}

interface Checked {
  readonly authentication: Authentication | Extract<Presented, { readonly kind: "misused" }>;
  readonly ticket: Ticket | null;
}

async function check(presented: Presented, search: string, env: Env, config: Config, use: TicketUse): Promise<Checked> {
  const only = (authentication: Checked["authentication"]): Checked => ({ authentication, ticket: null });
  if (presented.kind !== "ticket" && presented.kind !== "misused") return only(await authenticate(presented, config));
  if (!hasCredential(config)) return only({ kind: "unconfigured" });
  if (presented.kind === "misused") return only(presented);
  if (use === "refused") return only({ kind: "invalid" });
  try {
    const ticket = await checkTicket(env.TICKET_KEY, config, presented.text);
    if (ticket === null || !ticketFits(ticket, search)) return only({ kind: "invalid" });
    return { authentication: { kind: "granted", grant: ticket.grant }, ticket };
  } catch (error) {
    logEvent("ticket-key-unreachable", describeError(error));
    return only({ kind: "unavailable" });
  }
}
