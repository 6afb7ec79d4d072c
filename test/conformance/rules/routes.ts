import { NotChecked, notChecked, rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";

function ownOrigin(context: Context): { origin: string } {
  return { origin: new URL(context.httpUrl).origin };
}

function list(header: string | undefined): string[] {
  return (header ?? "").split(",").map((name) => name.trim().toLowerCase());
}

rule("H6", "an unknown path: 404", async (context) => {
  for (const path of [
    "/no/such/path",
    "/ws",
    "/ws/events/",
    "/ws/event",
    "/ws/events/x",
    "/v1",
    "/healthz/",
    "//ws/events",
  ]) {
    const { status } = await context.ask(path);
    same(`status of ${path}`, status, 404);
  }
});

rule("H6", "a wrong method: 405 with Allow", async (context) => {
  const wrong = [
    ["/ws/events", "POST"],
    ["/ws/events", "PUT"],
    ["/ws/events", "DELETE"],
    ["/ws/events", "PATCH"],
    ["/healthz", "POST"],
    ["/readyz", "DELETE"],
  ] as const;
  for (const [path, method] of wrong) {
    const { status, headers } = await context.ask(path, {}, method);
    same(`status of ${method} ${path}`, status, 405);
    that(list(headers.allow).includes("get"), `Allow of ${method} ${path}`, "GET among others", headers.allow);
  }
});

rule("H9", "GET /healthz is 200 without a credential, and names the version", async (context) => {
  const { status, body } = await context.askAnonymously("/healthz");
  same("status", status, 200);
  const { status: word, version } = JSON.parse(body) as { status?: unknown; version?: unknown };
  same("status in the body", word, "ok");
  that(typeof version === "string" && /^\d+\.\d+\.\d+/.test(version), "version", "a version", version);
});

rule("H9", "GET /readyz is 200 without a credential while all is well", async (context) => {
  const { status, body } = await context.askAnonymously("/readyz");
  same(`status (${body})`, status, 200);
  const { ready, cause } = JSON.parse(body) as { ready?: unknown; cause?: unknown };
  same("ready and cause", [ready, cause], [true, null]);
});

notChecked("H9", "/readyz is 503 and says what is wrong", "a relay whose broker is gone");

rule("H10", "GET / serves the console", async (context) => {
  const { status, headers, body } = await context.askAnonymously("/");
  same("status", status, 200);
  that((headers["content-type"] ?? "").startsWith("text/html"), "content type", "text/html", headers["content-type"]);
  that(/<html/i.test(body), "body", "a page", body.slice(0, 80));
});

rule("H11", "an allowed origin is told so on every answer, refusals included", async (context) => {
  const own = ownOrigin(context);
  const answers = {
    "/healthz": await context.askAnonymously("/healthz", own),
    "/readyz": await context.askAnonymously("/readyz", own),
    "404": await context.ask("/no/such/path", own),
    "405": await context.ask("/ws/events", own, "POST"),
    "401": await context.askAnonymously("/ws/events", own),
    "400": await context.ask("/ws/events?since=x", own),
    "403": await context.ask("/ws/events?subject=other", own),
    "426": await context.ask("/ws/events", own),
    "/": await context.askAnonymously("/", own),
  };
  for (const [name, { headers }] of Object.entries(answers)) {
    same(`Access-Control-Allow-Origin of ${name}`, headers["access-control-allow-origin"], own.origin);
    that(list(headers.vary).includes("origin"), `Vary of ${name}`, "Origin", headers.vary);
    const exposed = list(headers["access-control-expose-headers"]);
    that(
      exposed.includes("retry-after") && exposed.includes("www-authenticate"),
      `Access-Control-Expose-Headers of ${name}`,
      "Retry-After and WWW-Authenticate",
      exposed,
    );
  }
});

rule("H11", "a foreign origin may read refusals and preflights, and no success", async (context) => {
  const foreign = { origin: "https://conformance.invalid" };
  const { status, headers } = await context.ask("/ws/events", foreign);
  if (status !== 403) throw new NotChecked("a relay that does not let every origin in");
  const preflight = await context.askAnonymously("/ws/events", foreign, "OPTIONS");
  const success = await context.askAnonymously("/healthz", foreign);
  const told = [headers, preflight.headers, success.headers].map((one) => one["access-control-allow-origin"]);
  same("Access-Control-Allow-Origin of 403, preflight, 200", told, [foreign.origin, foreign.origin, undefined]);
  that(list(headers.vary).includes("origin"), "Vary", "Origin", headers.vary);
});

rule("H11", "OPTIONS on a known path is 204 and names methods and headers", async (context) => {
  for (const path of ["/ws/events", "/healthz", "/readyz"]) {
    const preflight = { ...ownOrigin(context), "access-control-request-method": "GET" };
    const { status, headers } = await context.askAnonymously(path, preflight, "OPTIONS");
    same(`status of OPTIONS ${path}`, status, 204);
    const methods = list(headers["access-control-allow-methods"]);
    that(methods.includes("get") && methods.includes("post"), `methods of ${path}`, "GET and POST", methods);
    const allowed = list(headers["access-control-allow-headers"]);
    for (const name of ["authorization", "content-type", "last-event-id"]) {
      that(allowed.includes(name), `Access-Control-Allow-Headers of ${path}`, name, allowed);
    }
  }
  same("status of OPTIONS on an unknown path", (await context.ask("/no/such/path", {}, "OPTIONS")).status, 404);
});

rule("A5", "the relay's own origin and requests without Origin pass", async (context) => {
  same("with its own origin", (await context.ask("/ws/events", ownOrigin(context))).status, 426);
  same("without Origin", (await context.ask("/ws/events")).status, 426);
  await context.open({ subject: context.subject() }, { headers: ownOrigin(context) });
});

rule("A5", "other origins are refused, `null` among them", async (context) => {
  const { origin } = ownOrigin(context);
  const foreign = [
    "https://conformance.invalid",
    "null",
    `${origin}.invalid`,
    origin.replace("http", "httpx"),
    `${origin}/x`,
  ];
  const statuses: number[] = [];
  for (const other of foreign) statuses.push((await context.ask("/ws/events", { origin: other })).status);
  if (statuses[0] === 426) throw new NotChecked("a relay that does not let every origin in");
  same(
    `status for ${foreign.join(" ")}`,
    statuses,
    foreign.map(() => 403),
  );
});

rule("A1", "only the token itself is accepted, by any spelling of Bearer", async (context) => {
  const { token } = context.target;
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    same(
      `${scheme} with the token`,
      (await context.ask("/ws/events", { authorization: `${scheme} ${token}` })).status,
      426,
    );
  }
  const basic = Buffer.from(`x:${token}`).toString("base64");
  const wrong = ["Bearer", "Bearer ", `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, `Bearer x${token}`, token];
  for (const authorization of [...wrong, `Basic ${basic}`, `Bearer ${token} ${token}`, `Bearer ${token},${token}`]) {
    same(
      `status for ${authorization.replaceAll(token, "<token>")}`,
      (await context.ask("/ws/events", { authorization })).status,
      401,
    );
  }
});

rule("A1", "a token in the query string is never accepted", async (context) => {
  for (const name of ["token", "access_token", "ticket", "bearer"]) {
    const { status } = await context.askAnonymously(`/ws/events?${name}=${encodeURIComponent(context.target.token)}`);
    same(`status with ?${name}=<token>`, status, 401);
  }
});

notChecked("A4", "with no credential configured every guarded route is 503", "a relay without a credential");
