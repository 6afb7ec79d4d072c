/** What the Worker makes of credentials: grants, what a page may ask, and rate limits. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { inSeconds, secretToken } from "../support/tokens.ts";
import { get } from "../support/workerd.ts";
import { configure } from "./room-stub.ts";

const SECRET = "a secret that is long enough for HS256";
configure({ JWT_SECRET: SECRET, JWT_DENY: "mallory", CONSOLE_TOKEN_URL: "/token" });

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const PAGE = { origin: "https://evil.example" };

/** A rate limit that lets so many through, and remembers what it was asked. */
function limiter(allowed: number): RateLimit & { readonly keys: string[] } {
  const keys: string[] = [];
  return { keys, limit: async ({ key }) => ({ success: keys.push(key) <= allowed }) };
}

function bind(limiters: Pick<Env, "AUTH_LIMITER" | "REQUEST_LIMITER">): void {
  Object.assign(env, { AUTH_LIMITER: undefined, REQUEST_LIMITER: undefined, ...limiters });
}
beforeEach(() => bind({}));

describe("/v1/grant", () => {
  it("[A11] says what an API token may read, and that it does not expire", async () => {
    const response = await get("/v1/grant");
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({ subjects: ["cellos.events.>"], expires_at: null });
  });

  it("[A11] [A2] says what a signed token may read, and until when", async () => {
    const exp = inSeconds(90);
    const token = await secretToken(SECRET, { exp, subjects: ["cellos.events.a.>", "other.>"] });
    const response = await get("/v1/grant", bearer(token));
    expect(await response.json()).toEqual({
      subjects: ["cellos.events.a.>", "other.>"],
      expires_at: new Date(exp * 1_000).toISOString(),
    });
    const nothing = await get("/v1/grant", bearer(await secretToken(SECRET, { subjects: [] })));
    expect([nothing.status, await nothing.json()]).toMatchObject([200, { subjects: [] }]);
  });

  it("[A11] [H3] makes the checks up to the origin, in their order", async () => {
    const token = await secretToken(SECRET);
    const statuses = await Promise.all([
      get("/v1/grant", { authorization: "" }),
      get("/v1/grant", { ...bearer("wrong"), ...PAGE }),
      get("/v1/grant", bearer(await secretToken(SECRET, { sub: "mallory" }))),
      get("/v1/grant", { ...bearer(token), ...PAGE }),
      get("/v1/grant?since=x&subject=*..", bearer(token)),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 401, 403, 200]);
  });
});

describe("/console.json", () => {
  it("[A11] tells anybody where the console gets its token", async () => {
    const response = await get("/console.json", { authorization: "" });
    expect([response.status, await response.json()]).toEqual([200, { tokenUrl: "/token" }]);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });
});

describe("AUTH_LIMITER", () => {
  const fail = (headers: Record<string, string> = {}): Promise<Response> =>
    get("/ws/events", { ...bearer("wrong"), "CF-Connecting-IP": "2001:db8::7", ...headers });

  it("[A9] answers 429 instead of 401 once an address has failed too often, and never to who has a valid credential", async () => {
    const auth = limiter(2);
    bind({ AUTH_LIMITER: auth });
    const answers = [await fail(), await fail(), await fail({ "CF-Connecting-IP": "2001:db8::8" })];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 429]);
    expect(answers[2]?.headers.get("Retry-After")).toBe("60");
    expect(await answers[2]?.json()).toMatchObject({ type: "/problems/too-many-requests", status: 429 });
    expect(auth.keys).toEqual(Array.from({ length: 3 }, () => "2001:db8:0:0::/64"));
    expect((await get("/ws/events", { "CF-Connecting-IP": "2001:db8::7" })).status).toBe(426);
    expect(auth.keys).toHaveLength(3);
  });

  it("[A9] does not count a request without a credential, or without an address", async () => {
    const auth = limiter(0);
    bind({ AUTH_LIMITER: auth });
    expect((await get("/ws/events", { authorization: "Basic x" })).status).toBe(401);
    const { status } = await fail({ authorization: "Basic x" });
    expect(status).toBe(429);
    expect((await fail({ "CF-Connecting-IP": "" })).status).toBe(401);
    expect(auth.keys).toHaveLength(1);
  });

  it("[A9] refuses nobody when it fails", async () => {
    bind({
      AUTH_LIMITER: { limit: () => Promise.reject(new Error("no")) },
      REQUEST_LIMITER: { limit: () => Promise.reject(new Error("no")) },
    });
    expect((await fail()).status).toBe(401);
    expect((await get("/ws/events")).status).toBe(426);
  });
});

describe("REQUEST_LIMITER", () => {
  it("[A9] [H3] counts requests of a grant, after its subject and before the upgrade", async () => {
    const requests = limiter(2);
    bind({ REQUEST_LIMITER: requests });
    const token = bearer(await secretToken(SECRET, { jti: "1" }));
    const again = bearer(await secretToken(SECRET, { jti: "2", exp: inSeconds(30) }));
    const statuses: number[] = [];
    for (const [path, headers] of [
      ["/ws/events?subject=other", token],
      ["/ws/events?since=x", token],
      ["/ws/events", token],
      ["/v1/grant", token],
      ["/ws/events", again],
      ["/ws/events", token],
    ] as const)
      statuses.push((await get(path, headers)).status);
    expect(statuses).toEqual([403, 400, 426, 200, 426, 429]);
    expect(new Set(requests.keys).size).toBe(1);
    const refused = await get("/ws/events", token);
    expect(refused.headers.get("Retry-After")).toBe("60");
    expect(await refused.json()).toMatchObject({ type: "/problems/too-many-requests" });
  });
});
