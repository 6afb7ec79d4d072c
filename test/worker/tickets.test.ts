/** Tickets at the door: how they are sold, what they admit, and the refusal that each wrong one gets. */
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { apiTokenId } from "../../src/grant/authenticate.ts";
import { checkTicket, sellTicket } from "../../src/ticket/tickets.ts";
import { inSeconds, secretToken } from "../support/tokens.ts";
import { TOKEN } from "../support/workerd.ts";
import { configure } from "./room-stub.ts";
import { AUTH, bearer, buy, knock, ticket, told, upgrade } from "./ticket-door.ts";

const SECRET = "a secret that is long enough for HS256";
configure({ JWT_SECRET: SECRET, JWT_HEADER: "X-Token" });

function configOf(settings: Record<string, string>): Config {
  const loaded = loadConfig(settings);
  if (!loaded.ok) throw new Error(loaded.problem);
  return loaded.config;
}

describe("POST /v1/tickets", () => {
  it("[H8] sells a ticket for 30 s", async () => {
    const response = await buy();
    expect(response.status).toBe(201);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const sold = (await response.json()) as Record<string, string>;
    expect(Object.keys(sold)).toEqual(["ticket", "expires_at"]);
    const lifeMs = Date.parse(sold["expires_at"] ?? "") - Date.now();
    expect(lifeMs).toBeGreaterThan(25_000);
    expect(lifeMs).toBeLessThanOrEqual(30_000);
    expect(sold["ticket"]).not.toContain(TOKEN);
    expect(atob((sold["ticket"] ?? "").split(".")[0]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")).not.toContain(
      TOKEN,
    );
  });

  it("[H8] [A3] sells none that outlives its token", async () => {
    const exp = inSeconds(10);
    const response = await buy(null, bearer(await secretToken(SECRET, { exp })));
    expect(await response.json()).toMatchObject({ expires_at: new Date(exp * 1_000).toISOString() });
  });

  it.each([
    ["no credential", null, {}, "", 401],
    ["a wrong token", null, bearer("wrong"), "", 401],
    ["a page of another origin", null, { ...AUTH, origin: "https://evil.example" }, "", 403],
    ["a malformed body", "{", AUTH, "", 400],
    ["a body that is no UTF-8", new Uint8Array([0x7b, 0x7d, 0xff]), AUTH, "", 400],
    ["a body that ends within a character", new Uint8Array([0x22, 0xe6, 0x9d]), AUTH, "", 400],
    ["a filter that is none", '{"subject":"a..b"}', AUTH, "", 400],
    ["a subject outside of the root", '{"subject":["cellos.events.a","other"]}', AUTH, "", 403],
    ["4 KiB", `{}${" ".repeat(4_094)}`, AUTH, "", 201],
    ["a byte more", `{}${" ".repeat(4_095)}`, AUTH, "", 413],
    ["1 MiB", "x".repeat(1 << 20), AUTH, "", 413],
    ["a ticket and a token", null, AUTH, "?ticket=x", 400],
    ["an empty ticket", null, {}, "?ticket=", 400],
  ])("[H8] [H3] answers %s", async (_name, body, headers, search, status) => {
    const response = await buy(body, headers, search);
    expect(response.status).toBe(status);
    if (status !== 201) expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect((await buy()).status).toBe(201);
  });

  it("[H2] [H8] names the type of a body that is too large", async () => {
    expect(await (await buy("x".repeat(5_000))).json()).toMatchObject({ type: "/problems/too-large", status: 413 });
  });

  it("[H8] sells none for a ticket, wherever it stands", async () => {
    const good = await ticket();
    expect((await buy(null, {}, `?ticket=${good}`)).status).toBe(401);
    expect((await buy(null, { "x-token": await secretToken(SECRET) }, `?ticket=${good}`)).status).toBe(401);
    expect((await buy(null, bearer(good))).status).toBe(401);
    expect(await upgrade(`?ticket=${good}`)).toBe(101);
  });

  it("[H8] sells a grant without filters nothing, and one with too many only what is named", async () => {
    expect((await buy(null, bearer(await secretToken(SECRET, { subjects: [] })))).status).toBe(403);
    const subjects = Array.from({ length: 50 }, (_, n) => `cellos.events.${"x".repeat(220)}${n}`);
    const long = bearer(await secretToken(SECRET, { subjects }));
    expect((await buy(null, long)).status).toBe(400);
    expect((await buy(JSON.stringify({ subject: subjects[7] }), long)).status).toBe(201);
  });
});

describe("a ticket in the address", () => {
  it("[H8] admits once; a plain GET spends nothing, and is not told that it is spent", async () => {
    const good = await ticket();
    expect(await told(`?ticket=${good}`)).toBe(426);
    expect(await upgrade(`?ticket=${good}`)).toBe(101);
    const again = await knock(`?ticket=${good}`);
    expect([again.status, again.headers.get("WWW-Authenticate")]).toEqual([401, 'Bearer error="invalid_token"']);
    expect(await again.json()).toMatchObject({ type: "/problems/unauthorized", status: 401 });
    expect(await upgrade(`?ticket=${good}&subject=cellos.events.elsewhere`)).toBe(401);
    expect(await told(`?ticket=${good}`)).toBe(426);
    expect(await upgrade(`?ticket=${await ticket()}`)).toBe(101);
  });

  it("[H8] [H3] is not spent by a refusal for another reason", async () => {
    const good = await ticket();
    const evil = { origin: "https://evil.example" };
    const refusals = [
      await upgrade(`?ticket=${good}`, evil),
      await upgrade(`?ticket=${good}&since=x`),
      await upgrade(`?ticket=${good}`, { "sec-websocket-protocol": "graphql-ws" }),
      await upgrade(`?ticket=${good}&subject=other`),
      await upgrade(`?ticket=${good}&ticket=${good}`),
      await upgrade(`?ticket=${good}`, AUTH),
    ];
    expect(refusals).toEqual([403, 400, 400, 403, 400, 400]);
    expect(await upgrade(`?ticket=${good}`, { "sec-websocket-protocol": "cellos.relay.v2" })).toBe(101);
  });

  it("[H8] [H3] is for the subjects that were named, which is told before the page and the query are looked at", async () => {
    const one = await ticket("cellos.events.a.>");
    const evil = { origin: "https://evil.example" };
    expect(await told(`?ticket=${one}`)).toBe(426);
    expect(await told(`?ticket=${one}&subject=cellos.events.a.b`)).toBe(426);
    expect(await told(`?ticket=${one}&subject=cellos.events.b`, evil)).toBe(401);
    expect(await told(`?ticket=${one}&subject=cellos.events.b&since=x`)).toBe(401);
    expect(await told(`?ticket=${one}&subject=a..b`, evil)).toBe(403);
    expect(await told(`?ticket=${one}&subject=a..b`)).toBe(400);
    expect(await told(`?ticket=${await ticket(["cellos.events.a", "cellos.events.b"])}`)).toBe(403);
  });

  it("[H8] is for what its token may read, where none were named", async () => {
    const narrow = await ticket(undefined, bearer(await secretToken(SECRET, { subjects: ["cellos.events.t.>"] })));
    expect(await told(`?ticket=${narrow}`)).toBe(426);
    expect(await told(`?ticket=${narrow}&subject=cellos.events.t.a`)).toBe(426);
    expect(await told(`?ticket=${narrow}&subject=cellos.events.>`)).toBe(403);
  });

  it("[H8] is no token", async () => {
    const good = await ticket();
    const encoded = btoa(good).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    expect(await told("", bearer(good))).toBe(401);
    expect(await told("", { "sec-websocket-protocol": `cellos.relay.v2, bearer.${encoded}` })).toBe(401);
    expect(await told("", { "x-token": good })).toBe(401);
    expect(await told(`?ticket=${TOKEN}`)).toBe(401);
    expect(await told(`?ticket=${await secretToken(SECRET)}`)).toBe(401);
    expect(await told(`?ticket=${good}`, { "x-token": "what a proxy hands on" })).toBe(426);
  });
});

describe("the key of tickets", () => {
  const API = { RELAY_API_TOKEN: TOKEN };
  const grantOf = async (token = TOKEN) => ({
    subjects: ["cellos.events.>"],
    expiresAtMs: null,
    id: await apiTokenId(token),
    mark: { kind: "api-token" as const },
  });
  const isGood = async (text: string, settings: Record<string, string>): Promise<boolean> =>
    (await checkTicket(env.TICKET_KEY, configOf(settings), text)) !== null;

  it("[H8] is of TICKET_SECRET, else of JWT_SECRET, else one that is kept; never of an API token", async () => {
    const T = "x".repeat(32);
    const J = "y".repeat(32);
    const settings = [
      { ...API },
      { ...API, JWT_SECRET: J },
      { ...API, TICKET_SECRET: T },
      { ...API, TICKET_SECRET: J },
      { ...API, TICKET_SECRET: T, JWT_SECRET: J },
    ];
    const sold = await Promise.all(
      settings.map(async (set) => (await sellTicket(env.TICKET_KEY, configOf(set), await grantOf(), null)).text),
    );
    const table = await Promise.all(sold.map((text) => Promise.all(settings.map((set) => isGood(text, set)))));
    expect(table).toEqual([
      [true, false, false, false, false],
      [false, true, false, true, false],
      [false, false, true, false, true],
      [false, true, false, true, false],
      [false, false, true, false, true],
    ]);
    expect(await isGood(sold[0] ?? "", { RELAY_API_TOKEN: `${TOKEN} other` })).toBe(true);
  });

  it("[H8] [A10] a ticket dies with the token that bought it", async () => {
    const { text } = await sellTicket(env.TICKET_KEY, configOf(API), await grantOf(), null);
    expect(await isGood(text, API)).toBe(true);
    expect(await isGood(text, { RELAY_API_TOKEN: "next" })).toBe(false);
    const jwt = { JWT_SECRET: SECRET };
    const mark = { kind: "jwt", sub: "alice", jti: "7" } as const;
    const signed = await sellTicket(env.TICKET_KEY, configOf(jwt), { ...(await grantOf()), mark }, null);
    expect(await isGood(signed.text, jwt)).toBe(true);
    for (const denied of ["alice", "7", "bob,alice"])
      expect(await isGood(signed.text, { ...jwt, JWT_DENY: denied })).toBe(false);
    expect(await isGood(signed.text, { ...jwt, JWT_DENY: "bob" })).toBe(true);
  });

  it("[H8] a ticket is late on the millisecond", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const { text, expiresAtMs } = await sellTicket(env.TICKET_KEY, configOf(API), await grantOf(), null);
      vi.setSystemTime(expiresAtMs - 1);
      expect(await isGood(text, API)).toBe(true);
      vi.setSystemTime(expiresAtMs);
      expect(await isGood(text, API)).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });
});
