/** Every refusal over HTTP: its type, its status and what it says (H2). Fixed text: nothing a client sent is echoed. */

/** Stable types, relative to `/problems/`. */
export const TYPES = {
  "bad-request": { status: 400, title: "Bad request" },
  unauthorized: { status: 401, title: "Unauthorized" },
  forbidden: { status: 403, title: "Forbidden" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "too-large": { status: 413, title: "Content too large" },
  "too-many-subjects": { status: 429, title: "Too many subjects" },
  "too-many-clients": { status: 429, title: "Too many clients" },
  "upgrade-required": { status: 426, title: "Upgrade required" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  "internal-error": { status: 500, title: "Internal error" },
  "service-unavailable": { status: 503, title: "Service unavailable" },
} as const;

export interface RefusalEntry {
  readonly type: keyof typeof TYPES;
  /** Says what to do about it. */
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const REFUSALS = {
  "config-invalid": {
    type: "service-unavailable",
    detail: "The relay's configuration is not valid; /readyz names each setting to correct.",
  },
  "auth-unconfigured": {
    type: "service-unavailable",
    detail:
      "The relay has no credential configured and serves nobody; its operator must set RELAY_API_TOKEN or a key for signed tokens.",
  },
  "credential-missing": {
    type: "unauthorized",
    detail:
      "Send a bearer token in the Authorization header, or from a browser as the subprotocol bearer.<base64url of the token>, or a ticket.",
    headers: { "WWW-Authenticate": "Bearer" },
  },
  "credential-invalid": {
    type: "unauthorized",
    detail: "The credential is malformed, unknown or no longer valid; obtain a new one.",
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  },
  "origin-forbidden": {
    type: "forbidden",
    detail: "Pages of this origin may not use the relay; its operator can add the origin to ALLOWED_ORIGINS.",
  },
  "subject-forbidden": {
    type: "forbidden",
    detail: "The subject is outside what this relay or this credential may read; ask for a narrower one.",
  },
  "bad-subject": {
    type: "bad-request",
    detail:
      "subject must be a NATS subject filter of at most 256 bytes: non-empty tokens split by dots, * only as a whole token, > only as the last one, no white space.",
  },
  "bad-since": {
    type: "bad-request",
    detail: "since must be a sequence in decimal digits, from 0 to 18446744073709551615.",
  },
  "bad-epoch": {
    type: "bad-request",
    detail: "epoch must be the value a welcome or heartbeat frame carried: 1 to 64 letters, digits, - or _.",
  },
  "bad-meta": { type: "bad-request", detail: "meta must be 1, or be left out." },
  "bad-all": { type: "bad-request", detail: "all must be 1, or be left out." },
  "bad-encoding": { type: "bad-request", detail: "The query must be percent-encoded UTF-8." },
  "repeated-parameter": { type: "bad-request", detail: "Give each parameter at most once." },
  "ticket-empty": {
    type: "bad-request",
    detail: "ticket must be the text that POST /v1/tickets answered, or be left out.",
  },
  "ticket-with-token": {
    type: "bad-request",
    detail:
      "Send a ticket alone: with an Authorization header or a bearer subprotocol it is not clear which one counts.",
  },
  "bad-ticket-body": {
    type: "bad-request",
    detail:
      'The body must be empty, or JSON in UTF-8 as {"subject":"a.>"} or {"subject":["a.>","b.>"]} with at most 16 filters of 768 bytes together.',
  },
  "ticket-too-long": {
    type: "bad-request",
    detail: "What this credential may read does not fit into a ticket; name the subjects that the ticket is for.",
  },
  "body-too-large": { type: "too-large", detail: "The body may have at most 4 KiB." },
  "ticket-spent": {
    type: "unauthorized",
    detail: "The ticket was used already; obtain a new one for each connection.",
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  },
  "tickets-unavailable": {
    type: "service-unavailable",
    detail: "Tickets can be neither sold nor checked now; try again later.",
    headers: { "Retry-After": "5" },
  },
  "bad-subprotocol": {
    type: "bad-request",
    detail: "Sec-WebSocket-Protocol must name cellos.relay.v2 or cellos.events.v1, each value once, or be left out.",
  },
  "not-an-upgrade": {
    type: "upgrade-required",
    detail: "The request is in order; send it as a WebSocket upgrade.",
    headers: { Upgrade: "websocket", Connection: "Upgrade" },
  },
  "room-full": {
    type: "service-unavailable",
    detail: "There is no room for another connection now; try again later.",
    headers: { "Retry-After": "5" },
  },
  "too-many-subjects": {
    type: "too-many-subjects",
    detail: "This credential has as many subjects open as it may; close one, or ask for a wider one.",
    headers: { "Retry-After": "30" },
  },
  "too-many-clients": {
    type: "too-many-clients",
    detail: "This credential has as many connections open as it may; close one, or try again later.",
    headers: { "Retry-After": "30" },
  },
  "room-busy": {
    type: "service-unavailable",
    detail: "The relay is busy; try again later.",
    headers: { "Retry-After": "3" },
  },
  "not-ready": {
    type: "service-unavailable",
    detail: "The relay cannot serve events now; checks says why.",
    headers: { "Retry-After": "5" },
  },
  "not-found": { type: "not-found", detail: "There is nothing here; events are at /ws/events." },
  "method-not-allowed": { type: "method-not-allowed", detail: "Use one of the methods of the Allow header." },
  "auth-unavailable": {
    type: "service-unavailable",
    detail: "The keys that the credential is checked with cannot be fetched now; try again later.",
    headers: { "Retry-After": "5" },
  },
  "too-many-failures": {
    type: "too-many-requests",
    detail: "Too many credentials from this address were not valid; obtain a valid one and try again later.",
    headers: { "Retry-After": "60" },
  },
  "too-many-requests": {
    type: "too-many-requests",
    detail: "This credential was used for too many requests; try again later.",
    headers: { "Retry-After": "60" },
  },
  "internal-error": { type: "internal-error", detail: "The relay failed to answer; its log has the cause." },
} as const satisfies Record<string, RefusalEntry>;

export type RefusalReason = keyof typeof REFUSALS;

/** Every reason, for tests that walk the table. */
export const REFUSAL_REASONS = Object.keys(REFUSALS) as readonly RefusalReason[];
