/** The console with signed tokens: pasted, and from an address that hands them out (A11). */
import { setInterval } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { CONSOLE_TOKEN, ConsolePage } from "../support/browser/console-page.ts";
import { PageServer } from "../support/browser/page-server.ts";
import { Rig } from "../support/broker/rig.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { inSeconds, secretToken, type Claims } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const SECRET = "a secret that is long enough for HS256";

let rig: Rig;
let browser: Chromium;
let plain: Relay;
let relay: Relay;
let server: PageServer;
/** What the address answers; null when the browser is not signed in there. */
let claims: Claims | null;
let handedOut = 0;

const tokenFor = (more: Claims = {}): Promise<string> =>
  secretToken(SECRET, { sub: "alice", subjects: ["cellos.events.acme.>"], ...more });

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  browser = await Chromium.launch();
  server = await PageServer.start(async ({ headers }, response) => {
    response.setHeader("Access-Control-Allow-Origin", headers.origin ?? "");
    response.setHeader("Access-Control-Allow-Credentials", "true");
    if (claims === null || !/session=alice/.test(headers.cookie ?? "")) return response.writeHead(401).end();
    handedOut += 1;
    return response.end(JSON.stringify({ token: await tokenFor({ exp: inSeconds(8), ...claims }) }));
  });
  const vars = { NATS_URL: rig.url, RELAY_API_TOKEN: CONSOLE_TOKEN, JWT_SECRET: SECRET, JWT_DENY: "mallory" };
  plain = await startRelay({ vars });
  relay = await startRelay({ vars: { ...vars, CONSOLE_TOKEN_URL: `${server.origin}/token` } });
  await browser.context.addCookies([{ name: "session", value: "alice", url: server.origin }]);
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  for (const each of [plain, relay]) await each.stop();
  await rig.stop();
});

describe("a pasted token", () => {
  it("[A11] [A2] shows what it may read and until when, and only that tenant's events", async () => {
    await using console = await ConsolePage.open(browser, plain);
    await console.connect("cellos.events.acme.>", { token: await tokenFor() });
    await console.says("Live");
    await console.page.getByText(/^This token may read cellos\.events\.acme\.>, until \d\d:\d\d:\d\d\.$/).waitFor();
    await rig.publishMany(3, { subject: "cellos.events.other.a" });
    await rig.publishMany(3, { subject: "cellos.events.acme.a" });
    await console.received(3);
    expect(await console.numbers()).toEqual([1, 2, 3]);
    expect(console.faults).toEqual([]);
  });

  it("[H3] [A2] is told not to be for another subject", async () => {
    await using console = await ConsolePage.open(browser, plain);
    await console.connect("cellos.events.other.>", { token: await tokenFor() });
    await console.says("Not for this subject");
    await console.says("Ask for a wider grant");
  });

  it("[A3] is told to have expired; it was kept for the tab, and nowhere else", async () => {
    await using console = await ConsolePage.open(browser, plain);
    const { page } = console;
    const token = await tokenFor({ exp: inSeconds(4) });
    await console.connect("cellos.events.acme.>", { token });
    await console.says("Live");
    const places = await page.evaluate(
      (secret) => [localStorage, sessionStorage].map((storage) => JSON.stringify(storage).includes(secret)),
      token,
    );
    expect(places).toEqual([false, true]);
    await console.says("Expired");
    await console.says("Paste a new one");
    expect(await page.getByLabel("Token", { exact: true }).getAttribute("aria-invalid")).toBe("true");
  });
});

describe("an address that hands out tokens", () => {
  it("[A11] [V8] signs in by cookie, and renews without a gap", async () => {
    claims = {};
    handedOut = 0;
    const subject = "cellos.events.acme.renewed";
    await using console = await ConsolePage.open(browser, relay);
    await console.page.getByLabel("Subject", { exact: true }).fill(subject);
    // The page has heard of the address when it asks for no token any more.
    await console.page.locator("#token:not([required])").waitFor();
    await console.press("Connect");
    await console.says("Live");
    let published = 0;
    for await (const _ of setInterval(50)) {
      await rig.publishMany(2, { subject, from: published + 1 });
      published += 2;
      if (handedOut >= 4) break;
    }
    await console.received(published);
    expect(await console.numbers()).toEqual(Array.from({ length: published }, (_, index) => index + 1));
    const words = await console.timeline();
    expect(words.filter((moment) => !/Live|Connecting/.test(moment))).toEqual([]);
    expect(words).toHaveLength(2);
    expect(console.faults).toEqual([]);
    expect(await console.page.evaluate(() => JSON.stringify([sessionStorage, localStorage]))).not.toContain("eyJ");
  });

  it("[A11] goes on by itself after a reload", async () => {
    claims = { exp: inSeconds(600) };
    await using console = await ConsolePage.open(browser, relay);
    await console.page.getByLabel("Subject", { exact: true }).fill("cellos.events.acme.>");
    await console.page.locator("#token:not([required])").waitFor();
    await console.press("Connect");
    await console.says("Live");
    await console.page.reload();
    await console.says("Resumed after");
    await console.page.getByText(/^This token may read cellos\.events\.acme\.>, until/).waitFor();
  });

  it("[V8] [C] a renewal that is refused is told as such", async () => {
    claims = {};
    await using console = await ConsolePage.open(browser, relay);
    await console.page.getByLabel("Subject", { exact: true }).fill("cellos.events.acme.>");
    await console.page.locator("#token:not([required])").waitFor();
    await console.press("Connect");
    await console.says("Live");
    claims = { jti: "mallory" };
    await console.says("does not accept this token");
    const words = await console.timeline();
    expect(words.some((moment) => moment.includes("Close code 4401 token-refused"))).toBe(true);
    expect(words.some((moment) => moment.includes("The relay refused the token"))).toBe(true);
  });

  it("[V8] [C] the token of a smaller grant is told not to be for the subject", async () => {
    claims = {};
    await using console = await ConsolePage.open(browser, relay);
    await console.page.getByLabel("Subject", { exact: true }).fill("cellos.events.acme.>");
    await console.page.locator("#token:not([required])").waitFor();
    await console.press("Connect");
    await console.says("Live");
    claims = { subjects: ["cellos.events.acme.a"] };
    await console.says("The new token is not for this subject");
    await console.says("Not for this subject");
  });

  it("[A11] says so when the address gives no token, and goes on when it does", async () => {
    claims = null;
    await using console = await ConsolePage.open(browser, relay);
    await console.page.getByLabel("Subject", { exact: true }).fill("cellos.events.acme.>");
    await console.page.locator("#token:not([required])").waitFor();
    await console.press("Connect");
    await console.says("No token came from the address");
    claims = {};
    await until("it is live", async () => {
      await console.page
        .getByRole("button", { name: "Retry now" })
        .click({ timeout: 500 })
        .catch(() => {});
      return console.page.getByText("Live", { exact: true }).isVisible();
    });
  });
});
