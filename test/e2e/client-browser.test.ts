import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as client from "../../src/client/index.ts";
import { Chromium } from "../support/browser/chromium.ts";
import { ClientPage } from "../support/browser/client-page.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const token = "t";
const STEP_TIMEOUT_MS = 20_000;
let rig: Rig;
let relay: Relay;
let browser: Chromium;
let site: ClientPage;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  site = await ClientPage.serve();
  relay = await startRelay({
    vars: { NATS_URL: rig.url, RELAY_API_TOKEN: token, HEARTBEAT_SECONDS: "1", ALLOWED_ORIGINS: site.url },
  });
  browser = await Chromium.launch();
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await relay.stop();
  await site[Symbol.asyncDispose]();
  await rig.stop();
});

async function openPage(): Promise<Page> {
  const page = await browser.context.newPage();
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  await page.goto(site.url);
  await page.waitForFunction(() => "client" in window);
  return page;
}

interface Plan {
  readonly url: string;
  readonly token: string;
  readonly subject: string;
  readonly key: string;
  readonly shared: boolean | { readonly workerUrl: string };
}

/** Starts a stream in the page that writes every number it is given to localStorage, beside its cursor. */
async function listen(page: Page, subject: string, more: Partial<Plan> = {}): Promise<void> {
  const plan: Plan = { url: relay.url, token, subject, key: subject, shared: false, ...more };
  await page.evaluate(({ key, ...options }) => {
    const store = window.client.cursorIn(localStorage, `${key} cursor`);
    const stream = new window.client.EventStream<{ data: { n: number } }>({ ...options, store });
    stream.subscribe(({ event }) => {
      localStorage.setItem(`${key} seen`, `${localStorage.getItem(`${key} seen`) ?? ""} ${event.data.n}`);
    });
    window.stream = stream;
  }, plan);
}

const reaches = async (page: Page, kind: client.StreamState["kind"]): Promise<void> => {
  await page.waitForFunction((wanted) => window.stream.state.kind === wanted, kind);
};
const seen = (page: Page, key: string): Promise<string> =>
  page.evaluate((name) => (localStorage.getItem(`${name} seen`) ?? "").trim(), key);
const upTo = (last: number): string => Array.from({ length: last }, (_, index) => index + 1).join(" ");
const has = async (page: Page, key: string, last: number): Promise<void> => {
  await page.waitForFunction(({ name, n }) => (localStorage.getItem(`${name} seen`) ?? "").endsWith(` ${n}`), {
    name: key,
    n: last,
  });
  expect(await seen(page, key)).toBe(upTo(last));
};

describe("the client in a bare page", () => {
  test("[W4] reloads under way: nothing is missed, nothing is shown twice", async () => {
    const subject = "cellos.events.page.reload";
    const page = await openPage();
    await listen(page, subject);
    await reaches(page, "live");
    const publishing = rig.publishMany(5_000, { subject });
    for (let reload = 0; reload < 3; reload += 1) {
      await page.waitForFunction(({ name, least }) => (localStorage.getItem(`${name} seen`) ?? "").length > least, {
        name: subject,
        least: 2_000 * (reload + 1),
      });
      await page.reload();
      await page.waitForFunction(() => "client" in window);
      await listen(page, subject);
    }
    await publishing;
    await has(page, subject, 5_000);
    await rig.publishMany(10, { subject, from: 5_001 });
    await has(page, subject, 5_010);
    await page.close();
  });

  test("[H3] [H11] a wrong token is told, across origins", async () => {
    const page = await openPage();
    await listen(page, "cellos.events.page.refused", { token: "wrong" });
    await reaches(page, "closed");
    const told = await page.evaluate(() => {
      const { state } = window.stream;
      return state.kind === "closed" && [state.error?.status, state.error?.problem?.type];
    });
    expect(told).toEqual([401, "/problems/unauthorized"]);
    await page.close();
  });

  test("the line is cut: goes on at once when the browser is back online", async () => {
    const subject = "cellos.events.page.offline";
    const page = await openPage();
    await listen(page, subject);
    await reaches(page, "live");
    await rig.publishMany(10, { subject });
    await has(page, subject, 10);
    await relay.stop();
    await reaches(page, "waiting");
    await rig.publishMany(10, { subject, from: 11 });
    relay = await startRelay({
      port: Number(new URL(relay.url).port),
      vars: { NATS_URL: rig.url, RELAY_API_TOKEN: token, HEARTBEAT_SECONDS: "1", ALLOWED_ORIGINS: site.url },
    });
    await page.evaluate(() => globalThis.dispatchEvent(new globalThis.Event("online")));
    await has(page, subject, 20);
    await page.close();
  });
});

describe("one socket for all tabs", () => {
  test("a tab that closes disturbs no other", async () => {
    const subject = "cellos.events.page.shared";
    const sockets: string[] = [];
    const tabs = [await openPage(), await openPage()] as const;
    for (const [index, tab] of tabs.entries()) {
      tab.on("websocket", (socket) => sockets.push(socket.url()));
      await listen(tab, subject, { shared: true, key: `${subject} ${index}` });
      await reaches(tab, "live");
    }
    await rig.publishMany(100, { subject });
    await has(tabs[0], `${subject} 0`, 100);
    await has(tabs[1], `${subject} 1`, 100);
    await tabs[1].evaluate(() => {
      window.stream.addEventListener("statechange", () => (document.title = "disturbed"));
    });
    await tabs[0].close();
    await rig.publishMany(100, { subject, from: 101 });
    await has(tabs[1], `${subject} 1`, 200);
    expect(await tabs[1].title()).toBe("A bare page");
    expect(sockets).toEqual([]);
    await tabs[1].close();
  });

  test("a tab that reloads goes on where it stopped", async () => {
    const subject = "cellos.events.page.shared-reload";
    const [stays, reloads] = [await openPage(), await openPage()];
    await listen(stays, subject, { shared: true, key: `${subject} stays` });
    await listen(reloads, subject, { shared: true, key: `${subject} reloads` });
    await reaches(stays, "live");
    await reaches(reloads, "live");
    const publishing = rig.publishMany(3_000, { subject });
    await reloads.waitForFunction((key) => (localStorage.getItem(key) ?? "").length > 1_000, `${subject} reloads seen`);
    await reloads.reload();
    await reloads.waitForFunction(() => "client" in window);
    await listen(reloads, subject, { shared: true, key: `${subject} reloads` });
    await publishing;
    await has(reloads, `${subject} reloads`, 3_000);
    await has(stays, `${subject} stays`, 3_000);
    await stays.close();
    await reloads.close();
  });

  test("without its script every tab has a socket of its own", async () => {
    const subject = "cellos.events.page.alone";
    const page = await openPage();
    await listen(page, subject, { shared: { workerUrl: `${site.url}/client/missing.js` } });
    await reaches(page, "live");
    await rig.publishMany(10, { subject });
    await has(page, subject, 10);
    await page.close();
  });
});
