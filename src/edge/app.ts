/** EFFECTS: the HTTP surface of the relay: H1 to H11. */
import { Hono } from "hono";
import { configOf, type ConfigResult } from "../config/config.ts";
import { leftOutDueInMs, logEvent, tellLeftOut } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import { openConnection } from "../upstream/nats-connection.ts";
import { probeBroker } from "../upstream/probe.ts";
import { admit } from "./admission.ts";
import { authenticate } from "./authenticate.ts";
import { presentedCredential } from "./credentials.ts";
import { openEvents } from "./forward.ts";
import { corsHeaders, PREFLIGHT_HEADERS } from "./origin.ts";
import { problemResponse } from "./problem.ts";
import { checkReadiness } from "./readiness.ts";
import { placementFor, type CallerLocation } from "../placement/region.ts";

/** Methods of each path besides OPTIONS. HEAD stands apart from GET: hono would run an upgrade for it. */
const METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  ["/", ["GET", "HEAD"]],
  ["/ws/events", ["GET"]],
  ["/healthz", ["GET", "HEAD"]],
  ["/readyz", ["GET", "HEAD"]],
]);

const routes = new Hono<{ Bindings: Env }>();

routes.use(async (context, next) => {
  const methods = METHODS.get(context.req.path);
  if (methods === undefined) return problemResponse("not-found");
  const allow = [...methods, "OPTIONS"].join(", ");
  if (context.req.method === "OPTIONS") return new Response(null, { status: 204, headers: { Allow: allow } });
  if (!methods.includes(context.req.method)) return problemResponse("method-not-allowed", { Allow: allow });
  return next();
});

routes.get("/ws/events", async ({ req, env }) => {
  const loaded = checkedConfig(env);
  if (!loaded.ok) return problemResponse("config-invalid");
  const { headers } = req.raw;
  const url = new URL(req.url);
  const protocols = headers.get("Sec-WebSocket-Protocol");
  const authentication = await authenticate(
    presentedCredential(headers.get("Authorization"), protocols),
    loaded.config,
  );
  const input = {
    authentication,
    origin: headers.get("Origin"),
    ownOrigin: url.origin,
    search: url.search,
    protocols,
    upgrade: headers.get("Upgrade"),
  };
  const verdict = admit(input, loaded.config);
  // The types leave open which request has which `cf`; a caller's has a place, and a local one has none.
  const placement = placementFor(loaded.config.roomPlacement, req.raw.cf as CallerLocation | undefined);
  if (verdict.kind === "refused") return problemResponse(verdict.reason);
  return openEvents(verdict, env, placement, loaded.config.compression);
});

routes.get("/healthz", () => Response.json({ status: "ok" }, { headers: { "Cache-Control": "no-store" } }));

routes.get("/readyz", async ({ env }) => {
  const readiness = await checkReadiness(checkedConfig(env), (config) => probeBroker(config, openConnection));
  if (!readiness.ready) return problemResponse("not-ready", {}, { ...readiness });
  return Response.json(readiness, { headers: { "Cache-Control": "no-store" } });
});

// The platform serves the console before it asks the Worker; this is for callers that reach the Worker directly.
routes.get("/", async ({ req, env }) => {
  const page = await env.ASSETS.fetch(req.raw);
  return page.ok || page.status === 304 ? page : problemResponse("not-found");
});

routes.notFound(() => problemResponse("not-found"));

routes.onError((error, { req }) => {
  logEvent("internal-error", { method: req.method, path: req.path, ...describeError(error) });
  return problemResponse("internal-error");
});

/** The Worker's fetch handler: the routes, with the headers of H11 on whatever they answer. */
export const app = {
  fetch: async (request: Request, env: Env, context: ExecutionContext): Promise<Response> => {
    const response = await routes.fetch(request, env, context);
    const loaded = configOf(env);
    const allowed = loaded.ok ? loaded.config.allowedOrigins : [];
    const cors = corsHeaders(request.headers.get("Origin"), new URL(request.url).origin, allowed);
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(cors)) headers.append(name, value);
    if (request.method === "OPTIONS" && "Access-Control-Allow-Origin" in cors) {
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

/** The configuration; a problem with it is logged once per isolate (O2). */
function checkedConfig(env: Env): ConfigResult {
  const loaded = configOf(env);
  if (!loaded.ok && !reported.has(loaded)) {
    reported.add(loaded);
    logEvent("config-invalid", { problem: loaded.problem });
  }
  return loaded;
}
