/** What a page of another origin is told when its relay does not let it in: the reason, and when to come back (H3, H11). */
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { ClientPage } from "../support/browser/client-page.ts";
import { Rig } from "../support/broker/rig.ts";
import { dial } from "../support/wire/dial.ts";
import { until } from "../support/until.ts";
import { startInTurn } from "../support/world.ts";
import type { Relay } from "../support/relay.ts";

const token = "right";
const parts = new AsyncDisposableStack();
let site: ClientPage;
let page: Page;
/** Lets pages of `site` in, and has one place for each subject. */
let small: Relay;
let closed: Relay;
let unset: Relay;
let invalid: Relay;
const lines: string[] = [];

beforeAll(async () => {
  const rig = parts.use(await Rig.start());
  await rig.createStream();
  site = parts.use(await ClientPage.serve());
  const common = { NATS_URL: rig.url, RELAY_API_TOKEN: token };
  const onePlace = { ALLOWED_ORIGINS: site.url, MAX_CLIENTS_PER_ROOM: "1", MAX_SHARDS: "1" };
  small = parts.use(await startInTurn({ ...common, ...onePlace }));
  closed = parts.use(await startInTurn(common));
  unset = parts.use(await startInTurn({ NATS_URL: rig.url }));
  const onLog = (line: string): void => void lines.push(line);
  invalid = parts.use(await startInTurn({ ...common, NATS_URL: rig.url.replace("ws:", "http:") }, onLog));
  const browser = parts.use(await Chromium.launch());
  page = await browser.context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => "client" in window);
}, 120_000);
afterAll(() => parts.disposeAsync());

interface Told {
  readonly kind: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
}

/** Where a stream of the page's first comes to rest. */
async function tellOf(
  url: string,
  options: { readonly token?: string; readonly subject?: string } = {},
): Promise<Told> {
  return page.evaluate(
    async (plan) => {
      const stream = new window.client.EventStream(plan);
      try {
        while (stream.state.kind === "connecting" || stream.state.kind === "replaying")
          await new Promise((resolve) => stream.addEventListener("statechange", resolve, { once: true }));
        const { state } = stream;
        const error = state.kind === "waiting" || state.kind === "closed" ? state.error : null;
        return {
          kind: state.kind,
          message: error?.message ?? "",
          status: error?.status,
          retryAfterMs: error?.retryAfterMs,
        };
      } finally {
        stream.close();
      }
    },
    { url, token, subject: "cellos.events.relay-side.>", ...options },
  );
}

describe("a page of another origin", () => {
  test("[H3] [H11] [B2] a full relay: that it is full, and when to come back", async () => {
    const subject = "cellos.events.full.>";
    const { socket } = await dial(`${small.wsUrl}/ws/events?subject=${subject}`, { token });
    await socket.type("welcome").catch(() => null);
    expect(await tellOf(small.url, { subject })).toEqual({
      kind: "waiting",
      message: "refused 503 There is no room for another connection now; try again later.",
      status: 503,
      retryAfterMs: 1_000,
    });
    socket.close(1000);
    await until("the place is free again", async () => (await tellOf(small.url, { subject })).kind === "live");
  });

  test("[H11] [A5] an origin that is not listed", async () => {
    expect(await tellOf(closed.url)).toMatchObject({
      kind: "closed",
      message:
        "refused 403 Pages of this origin may not use the relay; its operator can add the origin to ALLOWED_ORIGINS.",
    });
  });

  test("[H6] [H11] a wrong path", async () => {
    expect(await tellOf(`${small.url}/ws/event`)).toMatchObject({
      kind: "closed",
      message: "refused 404 There is nothing here; events are at /ws/events.",
    });
  });

  test.each(["wrong", "wrong token", "wrong\n"])("[H11] a token that is wrong: %j", async (wrong) => {
    expect(await tellOf(small.url, { token: wrong })).toMatchObject({ kind: "closed", status: 401 });
  });

  test("[A1] [V1] a token with the line feed of the file it was read from is the token", async () => {
    for (const text of [`${token}\n`, `${token}\r\n`, ` ${token} `])
      expect(await tellOf(small.url, { token: text, subject: "cellos.events.lf.>" })).toMatchObject({ kind: "live" });
  });

  test("[H3] a token that no header takes", async () => {
    expect(await tellOf(small.url, { token: "wrong\ntoken" })).toMatchObject({
      kind: "waiting",
      message: "unreachable  The token holds characters that no header takes, so why it failed is not known",
    });
  });

  test.each([
    [{ subject: "elsewhere.>" }, 403],
    [{ subject: "cellos..x" }, 400],
  ])("[H3] [H11] %j: %i", async (options, status) => {
    expect(await tellOf(small.url, options)).toMatchObject({ kind: "closed", status });
  });

  test("[A4] [H11] a relay without a credential", async () => {
    const told = await tellOf(unset.url);
    expect(told).toMatchObject({ kind: "waiting", status: 503 });
    expect(told.message).toContain("its operator must set RELAY_API_TOKEN");
  });

  test("[O2] [O8] [H9] [O3] a setting that makes no sense: named by /readyz and in the log, and no cause of the broker's", async () => {
    const told = await tellOf(invalid.url);
    expect(told).toMatchObject({ kind: "waiting", status: 503 });
    expect(told.message).toContain("/readyz names each setting to correct");
    const ready = (await (await fetch(`${invalid.url}/readyz`)).json()) as {
      cause: unknown;
      checks: { config: string };
    };
    expect([ready.cause, ready.checks.config]).toEqual([null, expect.stringMatching(/^NATS_URL must /)]);
    const line = await until("the setting is in the log", () => lines.find((one) => one.includes("config-invalid")));
    expect(JSON.parse(line)).toMatchObject({ severity: "error", problem: ready.checks.config });
  });

  test("[H3] a proxy that lets no WebSocket through", async () => {
    await using proxy = await withoutUpgrades(small);
    expect(await tellOf(proxy.url, { subject: "cellos.events.blocked.>" })).toMatchObject({
      kind: "waiting",
      message: "unreachable 426 The relay answers, but a WebSocket cannot be opened: something on the way may block it",
    });
  });

  test("[H3] nobody at the address", async () => {
    expect(await tellOf("http://127.0.0.1:9")).toMatchObject({ kind: "waiting", message: "unreachable" });
  });
});

test("[H3] a plain GET is told capacity as an upgrade is, and takes no place", async () => {
  const url = `${small.url}/ws/events?subject=cellos.events.look.>`;
  const look = (): Promise<number> =>
    fetch(url, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
  expect([await look(), await look(), await look()]).toEqual([426, 426, 426]);
  const { socket } = await dial(url.replace("http", "ws"), { token });
  expect(await look()).toBe(503);
  socket.close(1000);
  await until("the place is free again", async () => (await look()) === 426);
});

test("[H9] one probe serves all who ask within 5 s", async () => {
  await using rig = await Rig.start();
  await rig.createStream();
  await using relay = await startInTurn({ NATS_URL: rig.url, RELAY_API_TOKEN: token });
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${relay.url}/readyz`)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const names = (await rig.apiCalls()).map(({ subject }) => subject.split(".").slice(2, 5).join("."));
  expect(names.filter((name) => !name.startsWith("CONSUMER.MSG.NEXT"))).toEqual([
    "STREAM.INFO.CELLOS_EVENTS",
    "CONSUMER.CREATE.CELLOS_EVENTS",
    "CONSUMER.DELETE.CELLOS_EVENTS",
  ]);
  expect(names).toHaveLength(4);
  await until("the connection is gone", async () => (await rig.connections()).length === 0);
  expect(await rig.consumers()).toEqual([]);
});

async function withoutUpgrades(relay: Relay): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = "/" } = incoming;
    request(`${relay.url}${url}`, { method: method ?? "GET", headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    }).end();
  });
  server.on("upgrade", (_, socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
