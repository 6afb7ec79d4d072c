/** Whether a request for events is served: the checks of H3, in its order. The first that fails answers. */
import type { Config } from "../config/config.ts";
import { maxSubjectsOf, onlyFilter, permits, subjectFor, type Authentication, type Grant } from "../grant/grant.ts";
import type { JoinRequest } from "../room/join/request.ts";
import { rememberUntilMs, type Ticket } from "../ticket/ticket.ts";
import { originPasses } from "./origin.ts";
import type { RefusalReason } from "./refusals.ts";
import { parseQuery, type EventsQuery } from "./query.ts";
import { chooseProtocol } from "./subprotocols.ts";

export interface CallerInput {
  readonly authentication:
    | Authentication
    /** The credential is not valid, and its address has presented too many such (A9). */
    | { readonly kind: "limited" }
    /** A ticket is there in a way that nobody can mean (H8). */
    | { readonly kind: "misused"; readonly reason: RefusalReason };
  /** Header `Origin`, or null. */
  readonly origin: string | null;
  /** The relay's own origin, as the client addressed it. */
  readonly ownOrigin: string;
}

export interface AdmissionInput extends CallerInput {
  /** What `authentication` rests on, or null when that is a token. */
  readonly ticket: Ticket | null;
  /** Names this request among all that bring the same ticket. */
  readonly claim: string;
  /** The query of the URL, with or without its `?`. */
  readonly search: string;
  /** Header `Sec-WebSocket-Protocol`, or null. */
  readonly protocols: string | null;
  /** Header `Upgrade`, or null. */
  readonly upgrade: string | null;
}

export interface Refused {
  readonly kind: "refused";
  readonly reason: RefusalReason;
}

export interface Admitted {
  readonly kind: "admitted";
  readonly grant: Grant;
  readonly join: Omit<JoinRequest, "place" | "isCounted">;
  /** How many subjects the grant may have open with this one, or null where that costs no book-keeping (B4). */
  readonly maxSubjects: number | null;
  /** How many clients the grant may have with this one, or null where they are not counted (A9). */
  readonly maxClients: number | null;
  readonly isUpgrade: boolean;
}

/** The first checks of H3, up to the origin: who asks, and from what page. */
export function admitCaller(
  { authentication, origin, ownOrigin }: CallerInput,
  { allowedOrigins }: Config,
): { readonly kind: "granted"; readonly grant: Grant } | Refused {
  if (authentication.kind === "misused") return refused(authentication.reason);
  if (authentication.kind !== "granted") return refused(UNGRANTED[authentication.kind]);
  return originPasses(origin, ownOrigin, allowedOrigins) ? authentication : refused("origin-forbidden");
}

const UNGRANTED = {
  unconfigured: "auth-unconfigured",
  missing: "credential-missing",
  invalid: "credential-invalid",
  limited: "too-many-failures",
  unavailable: "auth-unavailable",
} as const satisfies Record<string, RefusalReason>;

/** Checks of H3 what needs nobody else: all that comes before the limits of the grant. */
export function admit(input: AdmissionInput, config: Config): Admitted | Refused {
  const caller = admitCaller(input, config);
  if (caller.kind === "refused") return caller;

  const parsed = parseQuery(input.search);
  if (!parsed.ok) return refused(parsed.reason);
  const choice = chooseProtocol(input.protocols);
  if (!choice.ok) return refused("bad-subprotocol");

  const { grant } = caller;
  const { ticket, claim } = input;
  const subject = permittedSubject(parsed.query, grant, ticket, config);
  if (subject === null) return refused("subject-forbidden");
  const { since, epoch, meta } = parsed.query;
  const join = {
    subject,
    since,
    epoch,
    protocol: choice.protocol,
    echoProtocol: choice.echo,
    expiresAtMs: grant.expiresAtMs,
    grantId: grant.id,
    mark: grant.mark,
    meta,
    ticket: ticket && { id: ticket.id, claim, untilMs: rememberUntilMs(ticket) },
  };
  const maxSubjects = maxSubjectsOf(grant, subject, config);
  const maxClients = config.maxClientsPerGrant;
  return { kind: "admitted", grant, join, maxSubjects, maxClients, isUpgrade: isWebSocketUpgrade(input.upgrade) };
}

/**
 * The subject to serve, or null when it lies outside SUBJECT_ROOT or the grant (H4). A request that names none gets what its
 * ticket was bought for.
 */
export function permittedSubject(
  query: Pick<EventsQuery, "subject">,
  grant: Grant,
  ticket: Ticket | null,
  { defaultSubject, subjectRoot }: Config,
): string | null {
  const usual = ticket?.isBound ? onlyFilter(grant, subjectRoot) : subjectFor(grant, defaultSubject, subjectRoot);
  const subject = query.subject ?? usual;
  return subject !== null && permits(grant, subject, subjectRoot) ? subject : null;
}

/** `Upgrade` is a list of names in any case (RFC 9110, 7.8). */
function isWebSocketUpgrade(upgrade: string | null): boolean {
  return (upgrade ?? "").split(",").some((name) => name.trim().toLowerCase() === "websocket");
}

function refused(reason: RefusalReason): Refused {
  return { kind: "refused", reason };
}
