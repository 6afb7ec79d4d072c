/** EFFECTS: the HTTP surface of the relay: H1 to H11. */
import { Hono } from "hono";
import { configOf, hasCredential, type ConfigResult } from "../config/config.ts";
import { leftOutDueInMs, logEvent, tellLeftOut } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import { versionOf } from "../shared/version.ts";
import { admit, admitCaller } from "./admission.ts";
import { callerOf } from "./caller.ts";
import { openEvents } from "./forward.ts";
import { corsHeaders, originPasses, PREFLIGHT_HEADERS } from "./origin.ts";
import { problemResponse } from "./problem.ts";
import { hasTooManyRequests, limitFailures } from "./rate-limits.ts";
import { ReadinessCheck } from "./readiness.ts";
import { answerStatusRequest } from "./room-status.ts";
import { answerTicketRequest } from "./sell-ticket.ts";
import { placementFor, type CallerLocation } from "../placement/region.ts";

/** Methods of each path besides OPTIONS. HEAD stands apart from GET: hono would run an upgrade for it. */
const METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  ["/", ["GET", "HEAD"]],
  ["/ws/events", ["GET"]],
  ["/v1/grant", ["GET"]],
  ["/v1/status", ["GET"]],
  ["/v1/tickets", ["POST"]],
  ["/console.json", ["GET", "HEAD"]],
  ["/healthz", ["GET", "HEAD"]],
  ["/readyz", ["GET", "HEAD"]],
]);

/** All callers share one object. */
const PROBER = "v1";

const readinessCheck = new ReadinessCheck();

const routes = new Hono<{ Bindings: Env }>();

routes.use(async (context, next) => {
  // A browser asks first, and takes any status but a success for a no: then no page would hear of a wrong path (H11).
  if (isPreflight(context.req.raw))
    return new Response(null, { status: 204, headers: allowOf(METHODS.get(context.req.path)) });
  const methods = METHODS.get(context.req.path);
  if (methods === undefined) return problemResponse("not-found");
  const headers = allowOf(methods);
  if (context.req.method === "OPTIONS") return new Response(null, { status: 204, headers });
  if (!methods.includes(context.req.method)) return problemResponse("method-not-allowed", headers);
  return next();
});

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("Origin") && headers.has("Access-Control-Request-Method");
}

function allowOf(methods: readonly string[] = []): { readonly Allow: string } {
  return { Allow: [...methods, "OPTIONS"].join(", ") };
}

routes.get("/ws/events", async ({ req, env }) => {
  const loaded = checkedConfig(env);
  if (!loaded.ok) return problemResponse("config-invalid");
  const { headers } = req.raw;
  const input = {
    ...(await callerOf(req.raw, env, loaded.config, "accepted")),
    claim: crypto.randomUUID(),
    search: new URL(req.url).search,
    protocols: headers.get("Sec-WebSocket-Protocol"),
    upgrade: headers.get("Upgrade"),
  };
  const verdict = admit(input, loaded.config);
  // The types leave open which request has which `cf`; a caller's has a place, and a local one has none.
  const placement = placementFor(loaded.config.roomPlacement, req.raw.cf as CallerLocation | undefined);
  if (verdict.kind === "refused") return problemResponse(verdict.reason);
  if (await hasTooManyRequests(verdict.grant.id, env)) return problemResponse("too-many-requests");
  const answer = await openEvents(verdict, env, placement, loaded.config.compression);
  if (answer.status !== 401) return answer;
  // The ticket was spent, which nobody knew before (H8).
  const spent = await limitFailures({ kind: "invalid" }, req.raw, env);
  return spent.kind === "limited" ? problemResponse("too-many-failures") : answer;
});

/** What the holder of a credential may read, for pages that offer a choice (A11). */
routes.get("/v1/grant", async ({ req, env }) => {
  const loaded = checkedConfig(env);
  if (!loaded.ok) return problemResponse("config-invalid");
  const caller = admitCaller(await callerOf(req.raw, env, loaded.config, "ignored"), loaded.config);
  if (caller.kind === "refused") return problemResponse(caller.reason);
  const { subjects, expiresAtMs } = caller.grant;
  const expires_at = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
  return Response.json({ subjects, expires_at }, { headers: { "Cache-Control": "no-store" } });
});

/** How the rooms of a subject are (O4). */
routes.get("/v1/status", ({ req, env }) => {
  const loaded = checkedConfig(env);
  return loaded.ok ? answerStatusRequest(req.raw, env, loaded.config) : problemResponse("config-invalid");
});

/** A credential for half a minute, which may stand in an address (H8). */
routes.post("/v1/tickets", ({ req, env }) => {
  const loaded = checkedConfig(env);
  return loaded.ok ? answerTicketRequest(req.raw, env, loaded.config) : problemResponse("config-invalid");
});

/** The console's own settings (A11). Open: a page asks for them before it has a token. */
routes.get("/console.json", ({ env }) => {
  const loaded = checkedConfig(env);
  if (!loaded.ok) return problemResponse("config-invalid");
  return Response.json({ tokenUrl: loaded.config.consoleTokenUrl }, { headers: { "Cache-Control": "no-store" } });
});

routes.get("/healthz", ({ env }) =>
  Response.json({ status: "ok", version: versionOf(env) }, { headers: { "Cache-Control": "no-store" } }),
);

routes.get("/readyz", async ({ env }) => {
  const readiness = await readinessCheck.run(checkedConfig(env), () => env.READINESS.getByName(PROBER).report());
  if (!readiness.ready) return problemResponse("not-ready", {}, { ...readiness });
  return Response.json(readiness, { headers: { "Cache-Control": "no-store" } });
});

// The platform serves the console before it asks the Worker; this is for callers that reach the Worker directly.
routes.get("/", async ({ req, env }) => {
  const page = await env.ASSETS.fetch(req.raw);
  if (!page.ok && page.status !== 304) return problemResponse("not-found");
  const loaded = checkedConfig(env);
  return mayAskForTokens(page, loaded.ok ? loaded.config.consoleTokenUrl : null);
});

routes.notFound(() => problemResponse("not-found"));

routes.onError((error, { req }) => {
  logEvent("internal-error", { method: req.method, path: req.path, ...describeError(error) });
  return problemResponse("internal-error");
});

/** The console's policy lets it ask this origin alone, and the one that hands out its token. */
function mayAskForTokens(page: Response, tokenUrl: string | null): Response {
  const policy = page.headers.get("Content-Security-Policy");
  if (policy === null || tokenUrl === null || !URL.canParse(tokenUrl)) return page;
  const headers = new Headers(page.headers);
  const { origin } = new URL(tokenUrl);
  headers.set("Content-Security-Policy", policy.replace("connect-src 'self'", `connect-src 'self' ${origin}`));
  return new Response(page.body, { status: page.status, headers });
}

/** The Worker's fetch handler: the routes, with the headers of H11 on whatever they answer. */
export const app = {
  fetch: async (request: Request, env: Env, context: ExecutionContext): Promise<Response> => {
    const response = await routes.fetch(request, env, context);
    const loaded = configOf(env);
    const allowed = loaded.ok ? loaded.config.allowedOrigins : [];
    const origin = request.headers.get("Origin");
    const isOpenToAll = response.status >= 400 || request.method === "OPTIONS";
    const isReadable = isOpenToAll || originPasses(origin, new URL(request.url).origin, allowed);
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(corsHeaders(origin, isReadable))) headers.append(name, value);
    if (request.method === "OPTIONS" && origin !== null) {
      for (const [name, value] of Object.entries(PREFLIGHT_HEADERS)) headers.set(name, value);
    }
    const { status, statusText, webSocket } = response;
    waitForLeftOut(context);
    return new Response(response.body, { status, statusText, headers, webSocket });
  },
};

let waitedForUntilMs = 0;

/** A request's timers end with its answer, so one request of the minute is kept open for the lines it left out (O3). */
function waitForLeftOut(context: ExecutionContext): void {
  const dueInMs = leftOutDueInMs();
  const nowMs = systemRuntime.nowMs();
  if (dueInMs === null || nowMs < waitedForUntilMs) return;
  waitedForUntilMs = nowMs + dueInMs;
  context.waitUntil(systemRuntime.delay(dueInMs).then(tellLeftOut));
}

const reported = new WeakSet<ConfigResult>();

/** The configuration; a problem with it, and that it lets nobody in (A4), is logged once per isolate (O2). */
function checkedConfig(env: Env): ConfigResult {
  const loaded = configOf(env);
  if (reported.has(loaded)) return loaded;
  reported.add(loaded);
  if (!loaded.ok) logEvent("config-invalid", { problem: loaded.problem });
  else if (!hasCredential(loaded.config)) logEvent("auth-unconfigured");
  return loaded;
}
