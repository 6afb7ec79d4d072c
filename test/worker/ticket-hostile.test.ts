/** Tickets that are not good, each with the refusal that it gets, and a good one that still admits. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import { sellTicket } from "../../src/ticket/tickets.ts";
import { TOKEN } from "../support/workerd.ts";
import { configure } from "./room-stub.ts";
import { AUTH, bearer, knock, ticket, told, upgrade } from "./ticket-door.ts";

configure({ JWT_SECRET: "a secret that is long enough for HS256" });

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("a hostile ticket", () => {
  interface Body {
    readonly v: number;
    readonly id: string;
    readonly expiresAtMs: number;
    readonly isBound: boolean;
    readonly grant: Record<string, unknown>;
  }
  const decode = (text: string): Body =>
    JSON.parse(atob(text.split(".")[0]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")) as Body;
  const encode = (body: unknown): string =>
    btoa(JSON.stringify(body)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const altered = (change: (body: Body) => unknown) => (good: string) =>
    `${encode(change(decode(good)))}.${good.split(".")[1]}`;

  it.each<[string, (good: string) => string]>([
    ["an altered version", altered((body) => ({ ...body, v: 2 }))],
    ["an altered id", altered((body) => ({ ...body, id: "AAAAAAAAAAAAAAAAAAAAAA" }))],
    ["a later end", altered((body) => ({ ...body, expiresAtMs: body.expiresAtMs + 1 }))],
    ["a wider reach", altered((body) => ({ ...body, isBound: false }))],
    ["other subjects", altered((body) => ({ ...body, grant: { ...body.grant, subjects: [">"] } }))],
    ["a later end of the grant", altered((body) => ({ ...body, grant: { ...body.grant, expiresAtMs: 9e15 } }))],
    ["another holder", altered((body) => ({ ...body, grant: { ...body.grant, id: "0" } }))],
    ["another mark", altered((body) => ({ ...body, grant: { ...body.grant, mark: { kind: "jwt" } } }))],
    ["a member more", altered((body) => ({ ...body, x: 1 }))],
    ["the same in another order", altered(({ v, ...body }) => ({ ...body, v }))],
    ["an empty body", (good) => `.${good.split(".")[1]}`],
    ["no signature", (good) => good.split(".")[0] ?? ""],
    ["an empty signature", (good) => `${good.split(".")[0]}.`],
    ["a signature of zeros", (good) => `${good.split(".")[0]}.${"A".repeat(43)}`],
    ["a character less", (good) => good.slice(0, -1)],
    ["a character more", (good) => `${good}A`],
    ["half of it", (good) => good.slice(0, good.length / 2)],
    ["it twice", (good) => `${good}.${good}`],
    ["padding", (good) => `${good}%3D`],
    // The last character carries two bits that are not part of the signature.
    [
      "bits that a lenient reader drops",
      (good) => good.slice(0, -1) + ALPHABET[ALPHABET.indexOf(good.at(-1) ?? "") ^ 1],
    ],
    ["the alphabet of base64", (good) => `${good.split(".")[0]}.${"%2B%2F".repeat(21)}A`],
    ["hexadecimal", (good) => Array.from(good, (letter) => letter.charCodeAt(0).toString(16)).join("")],
    ["a space before it", (good) => `%20${good}`],
    ["a line break behind it", (good) => `${good}%0A`],
    ["a zero behind it", (good) => `${good}%00`],
    ["characters of full width", (good) => encodeURIComponent(good.replace(".", "．"))],
    ["twice percent-encoded", (good) => good.replace(".", "%252E")],
    ["100 KB", () => "A".repeat(100_000)],
    ["100 KB with a signature", (good) => `${"A".repeat(100_000)}.${good.split(".")[1]}`],
    ["the word null", () => "null"],
    ["markup", () => "%3Cscript%3E"],
  ])("[H8] is refused for %s, and the good one still admits", async (_name, spoil) => {
    const good = await ticket("cellos.events.hostile");
    const bad = spoil(good);
    expect(await told(`?ticket=${bad}`)).toBe(401);
    const response = await knock(`?ticket=${bad}`);
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain(bad);
    expect(await upgrade(`?ticket=${good}`)).toBe(101);
  });

  it.each([
    ["an empty one", "?ticket=", {}, 400],
    ["one without a value", "?ticket", {}, 400],
    ["two of them", "?ticket=GOOD&ticket=GOOD", {}, 400],
    ["two, one by another spelling", "?ticket=GOOD&%74icket=GOOD", {}, 400],
    ["a good one before a bad one", "?ticket=GOOD&ticket=x", {}, 400],
    ["one that is no UTF-8", "?ticket=%ff", {}, 400],
    ["one beside a good token", "?ticket=GOOD", AUTH, 400],
    ["one beside a bad token", "?ticket=GOOD", bearer("wrong"), 400],
    ["one beside another scheme", "?ticket=GOOD", { authorization: "Basic x" }, 400],
    ["a bad one beside a good token", "?ticket=x", AUTH, 400],
    ["one beside a subprotocol", "?ticket=GOOD", { "sec-websocket-protocol": "cellos.relay.v2, bearer.YQ" }, 400],
  ])("[H8] is a mistake as %s", async (_name, search, headers, status) => {
    const good = await ticket();
    expect(await told(search.replaceAll("GOOD", good), headers)).toBe(status);
    expect(await upgrade(search.replaceAll("GOOD", good), headers)).toBe(status);
    expect(await upgrade(`?ticket=${good}`)).toBe(101);
  });

  it("[H8] is unreadable where another relay sold it", async () => {
    const grant = { subjects: ["cellos.events.>"], expiresAtMs: null, id: "x", mark: { kind: "api-token" } } as const;
    const other = loadConfig({ RELAY_API_TOKEN: TOKEN, TICKET_SECRET: "the secret of another relay, long enough" });
    if (!other.ok) throw new Error(other.problem);
    const { text } = await sellTicket(env.TICKET_KEY, other.config, grant, null);
    expect(await told(`?ticket=${text}`)).toBe(401);
    expect(await told(`?ticket=${await ticket()}`)).toBe(426);
  });
});
