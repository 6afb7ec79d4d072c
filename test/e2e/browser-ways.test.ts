/** The three ways for a browser to authenticate: the examples of docs/credentials.md, as they stand there, in Chromium. */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { PageServer } from "../support/browser/page-server.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { Rig } from "../support/broker/rig.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { inSeconds, secretToken, type Claims } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const SECRET = "a secret that is long enough for HS256";
const API_TOKEN = "of-the-server";

/** The code blocks of the section, in their order. */
function documented(): string[] {
  const document = readFileSync(new URL("../../docs/credentials.md", import.meta.url), "utf8");
  const [, section = ""] = /^## Three ways for a browser to authenticate\n(.*?)^## /ms.exec(document) ?? [];
  return Array.from(section.matchAll(/^```js\n(.*?)^```/gms), ([, code = ""]) => code);
}

let rig: Rig;
let browser: Chromium;
let relay: Relay;
let server: PageServer;
/** What the server of the page does, as each test says. */
let answers: Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>;
let script: string;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  browser = await Chromium.launch();
  server = await PageServer.start((request, response) => {
    const answer = answers[request.url ?? ""];
    if (answer !== undefined) return answer(request, response);
    const imports = JSON.stringify({ imports: { "cellos-relay/client": `${relay.url}/client/index.js` } });
    const page = `<!doctype html><link rel="icon" href="data:," /><script type="importmap">${imports}</script><script type="module">${script}</script>`;
    return response.writeHead(request.url === "/" ? 200 : 404, { "Content-Type": "text/html" }).end(page);
  });
  const settings = { JWT_SECRET: SECRET, JWT_HEADER: "X-User-Token", ALLOWED_ORIGINS: server.origin };
  relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: API_TOKEN, ...settings } });
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await relay.stop();
  await rig.stop();
});

interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** What the example printed. */
  readonly printed: string[];
  readonly addresses: string[];
}

/** The example in a page of its own. */
async function open(example: string): Promise<Opened> {
  script = example.replaceAll("https://relay.example", relay.url);
  const page = await browser.context.newPage();
  const printed: string[] = [];
  const addresses: string[] = [];
  page.on("console", (message) => printed.push(message.text()));
  page.on("pageerror", (error) => printed.push(`fault: ${error.message}`));
  page.on("websocket", (socket) => addresses.push(socket.url()));
  await page.goto(server.origin);
  await until("it has connected", () => addresses.length > 0);
  return { page, printed, addresses, [Symbol.asyncDispose]: () => page.close() };
}

const publish = (subject: string, type: string): Promise<number[]> =>
  rig.publish([{ subject, data: cloudEvent({}, { type }) }]);

/** The page gets what its tenant may read, and nothing else. */
async function shows({ printed }: Opened, tenant: string): Promise<void> {
  await until("the page is live", async () => {
    await publish("cellos.events.other.a", "com.example.other");
    await publish(`cellos.events.${tenant}.a`, "com.example.probe");
    return printed.some((line) => line.endsWith("com.example.probe"));
  });
  const [seq] = await publish(`cellos.events.${tenant}.a`, "com.example.last");
  await until("the last event came", () => printed.includes(`${seq} com.example.last`));
  expect(printed.filter((line) => !/^\d+ com\.example\.(?:probe|last)$/.test(line))).toEqual([]);
}

const tokenOf = (tenant: string, claims: Claims = {}): Promise<string> =>
  secretToken(SECRET, { sub: tenant, subjects: [`cellos.events.${tenant}.>`], ...claims });

test("[V1] [V8] a page with a token, which the client renews on the open connection", async () => {
  const [example = ""] = documented();
  let asked = 0;
  answers = {
    "/token": async (_request, response) => {
      asked += 1;
      response.end(JSON.stringify({ token: await tokenOf("one", { exp: inSeconds(8), jti: String(asked) }) }));
    },
  };
  await using opened = await open(example);
  await shows(opened, "one");
  await until("it asked for a third token", () => asked >= 3, 30_000);
  await shows(opened, "one");
  expect(opened.addresses).toEqual([`${relay.wsUrl}/ws/events`]);
});

test("[H8] a page with a ticket that its server bought", async () => {
  const [, ofServer = "", example = ""] = documented();
  process.env["RELAY_TOKEN"] = API_TOKEN;
  const source = ofServer.replaceAll("https://relay.example", relay.url);
  // The module is text of the document, so nothing is known of it.
  const module = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
    buyTicket(user: { tenant: string }): Promise<string>;
  };
  answers = {
    "/ticket": async (request, response) =>
      request.method === "POST" && response.end(await module.buyTicket({ tenant: "two" })),
  };
  await using opened = await open(example);
  await shows(opened, "two");
  expect(opened.addresses).toHaveLength(1);
  const [address = ""] = opened.addresses;
  expect(address).toMatch(/\/ws\/events\?ticket=[\w-]+\.[\w-]+$/);
  expect(address).not.toContain(API_TOKEN);

  // Whoever finds the address in a log has nothing.
  const spent = await opened.page.evaluate(
    (url) =>
      new Promise((resolve) => new WebSocket(url, ["cellos.relay.v2"]).addEventListener("close", resolve)).then(
        () => "closed",
      ),
    address,
  );
  expect(spent).toBe("closed");
  const status = await fetch(address.replace("ws", "http"));
  expect(status.status).toBe(426);
});

test("[A2] a page behind a proxy that knows the user, and hands on the next token at the next connection", async () => {
  const [, , , example = ""] = documented();
  answers = {};
  let handedOn = 0;
  server.proxyTo(relay.url, async ({ headers }) => {
    handedOn += 1;
    return /session=alice/.test(headers.cookie ?? "")
      ? `X-User-Token: ${await tokenOf("three", { exp: inSeconds(8) })}`
      : "X-None: 1";
  });
  await browser.context.addCookies([{ name: "session", value: "alice", url: server.origin }]);
  await using opened = await open(example);
  await shows(opened, "three");
  await until("it has connected again", () => handedOn >= 2, 30_000);
  await shows(opened, "three");
});
