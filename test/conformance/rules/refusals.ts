import type { Refusal } from "../../support/wire/dial.ts";
import { NotChecked, notChecked, rule, same, that } from "../check.ts";
import type { Context, OpenOptions } from "../context.ts";

const FOREIGN = { origin: "https://conformance.invalid" };
const MARK = "zq9marker";
type Query = Readonly<Record<string, string>>;

interface Wrong {
  readonly name: string;
  readonly status: number;
  readonly type: string;
  readonly query: Query;
  readonly options?: OpenOptions;
}

const FORBIDDEN_SUBJECT = { subject: "other.events.x" };
const BAD_SINCE = { since: "x" };

/** Each case fails its own check of H3 and every later one. */
const IN_ORDER: readonly Wrong[] = [
  {
    name: "no credential",
    status: 401,
    type: "/problems/unauthorized",
    query: { ...FORBIDDEN_SUBJECT, ...BAD_SINCE },
    options: { anonymous: true, headers: FOREIGN, protocols: ["unknown.protocol"] },
  },
  {
    name: "foreign origin",
    status: 403,
    type: "/problems/forbidden",
    query: { ...FORBIDDEN_SUBJECT, ...BAD_SINCE },
    options: { headers: FOREIGN, protocols: ["unknown.protocol"] },
  },
  {
    name: "malformed query",
    status: 400,
    type: "/problems/bad-request",
    query: { ...FORBIDDEN_SUBJECT, ...BAD_SINCE },
    options: {},
  },
  {
    name: "unknown subprotocol",
    status: 400,
    type: "/problems/bad-request",
    query: FORBIDDEN_SUBJECT,
    options: { protocols: ["unknown.protocol"] },
  },
  { name: "subject outside the root", status: 403, type: "/problems/forbidden", query: FORBIDDEN_SUBJECT, options: {} },
];

function isProblem({ status, headers, body }: Refusal, name: string): void {
  same(`content type of ${name}`, headers["content-type"]?.split(";")[0], "application/problem+json");
  that(
    typeof body["type"] === "string" && body["type"].startsWith("/problems/"),
    `type of ${name}`,
    "/problems/…",
    body["type"],
  );
  same(`status member of ${name}`, body["status"], status);
  for (const member of ["title", "detail"]) {
    that(
      typeof body[member] === "string" && body[member] !== "",
      `${member} of ${name}`,
      "a non-empty text",
      body[member],
    );
  }
}

/** A relay that lets every origin in cannot refuse one. */
async function refusesOrigins(context: Context): Promise<boolean> {
  const { status } = await context.ask("/ws/events", FOREIGN);
  return status === 403;
}

rule("H2", "every refusal is problem+json with type, title, status and detail", async (context) => {
  for (const { name, query, options } of IN_ORDER) {
    if (name === "foreign origin" && !(await refusesOrigins(context))) continue;
    isProblem(await context.refusal(query, options), name);
  }
  const plain = [
    ["plain GET", await context.ask("/ws/events"), 426],
    ["unknown path", await context.ask("/no/such/path"), 404],
    ["wrong method", await context.ask("/ws/events", {}, "POST"), 405],
  ] as const;
  for (const [name, { status, headers, body }, expected] of plain) {
    same(`status of ${name}`, status, expected);
    isProblem({ status, headers, body: Object(JSON.parse(body)) as Record<string, unknown> }, name);
  }
});

rule("H2", "nothing a client sent is echoed, and no stack", async (context) => {
  const answers = [
    await context.ask(`/ws/events?subject=${MARK}..x`),
    await context.ask(`/ws/events?since=${MARK}`),
    await context.ask(`/ws/events?subject=other.${MARK}`),
    await context.ask(`/ws/events?epoch=%00${MARK}`),
    await context.ask(`/ws/events?ticket=${MARK}`),
    await context.ask(`/${MARK}`),
    await context.ask("/ws/events", { authorization: `Bearer ${MARK}` }),
    await context.ask("/ws/events", { "sec-websocket-protocol": MARK }),
    await context.ask("/ws/events", { origin: `https://${MARK}.invalid` }),
    await context.ask("/ws/events", { [MARK]: MARK, "user-agent": MARK }),
  ];
  for (const [index, { status, headers, body }] of answers.entries()) {
    const all = `${JSON.stringify(headers)}${body}`;
    // An allowed origin is told that it is (H11).
    const echoed = all.replaceAll(`https://${MARK}.invalid`, "").includes(MARK);
    that(!echoed, `answer ${index} (${status})`, "nothing of the request", all);
    that(!/\n\s+at |\.[jt]s:\d+/.test(body), `answer ${index} (${status})`, "no stack", body);
  }
});

rule("H3", "the checks run in order and the first that fails answers", async (context) => {
  for (const { name, status, type, query, options } of IN_ORDER) {
    if (name === "foreign origin" && !(await refusesOrigins(context))) continue;
    const refusal = await context.refusal(query, options);
    same(`answer to ${name}`, [refusal.status, refusal.body["type"]], [status, type]);
  }
  const { status, body } = await context.ask(`/ws/events?subject=${context.subject()}`);
  same("answer without an upgrade", [status, JSON.parse(body).type], [426, "/problems/upgrade-required"]);
});

rule("H3", "a foreign origin is refused before the query is looked at", async (context) => {
  if (!(await refusesOrigins(context))) throw new NotChecked("a relay that does not let every origin in");
  const { status } = await context.refusal(BAD_SINCE, { headers: FOREIGN });
  same("answer to a foreign origin with a bad query", status, 403);
});

rule("H3", "a plain GET tells why the upgrade failed", async (context) => {
  for (const { name, query, options = {} } of IN_ORDER) {
    const { anonymous = false, headers = {}, protocols } = options;
    const upgrade = await context.refusal(query, options);
    const path = `/ws/events?${new URLSearchParams(query).toString()}`;
    const sent = protocols === undefined ? headers : { ...headers, "sec-websocket-protocol": protocols.join(", ") };
    const plain = anonymous ? await context.askAnonymously(path, sent) : await context.ask(path, sent);
    same(`plain GET with ${name}`, [plain.status, JSON.parse(plain.body)], [upgrade.status, upgrade.body]);
  }
});

rule("H3", "401 comes with WWW-Authenticate: Bearer", async (context) => {
  const answers = [
    await context.refusal({}, { anonymous: true }),
    await context.refusal({}, { token: `${context.target.token}x` }),
  ];
  for (const { status, headers } of answers) {
    same("status", status, 401);
    that(
      /^Bearer\b/.test(headers["www-authenticate"] ?? ""),
      "WWW-Authenticate",
      "Bearer …",
      headers["www-authenticate"],
    );
  }
});

notChecked("H3", "without any credential configured: 503", "a relay without a credential (A4)");
notChecked("H3", "no capacity: 503 with Retry-After", "a relay that is full (B2)");
