import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { CONSOLE_TOKEN, ConsolePage } from "../support/browser/console-page.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const NEEDS_NAME = [
  "button",
  "textbox",
  "searchbox",
  "checkbox",
  "image",
  "list",
  "region",
  "status",
  "DisclosureTriangle",
];

let rig: Rig;
let browser: Chromium;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  browser = await Chromium.launch();
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await rig.stop();
});

const relayOf = (): Promise<Relay> => startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: CONSOLE_TOKEN } });

/** What a screen reader has no name for, and how many things it was asked about. */
async function nameless(page: Page): Promise<{ readonly asked: number; readonly nameless: string[] }> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  const asked = nodes.filter(({ role, ignored }) => !ignored && NEEDS_NAME.includes(String(role?.value)));
  const found = asked.filter(({ name, role }) => role?.value !== "status" && String(name?.value ?? "") === "");
  return {
    asked: asked.length,
    nameless: found.map(({ role, backendDOMNodeId }) => `${role?.value} ${backendDOMNodeId}`),
  };
}

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement } = document;
    return activeElement?.id || activeElement?.textContent?.trim() || String(activeElement?.tagName);
  });

describe("the console without a mouse or without eyes", () => {
  it("has a name for everything that can be used or looked at", async () => {
    await using relay = await relayOf();
    await using console = await ConsolePage.open(browser, relay);
    const { page } = console;
    const before = await nameless(page);
    expect(before.nameless).toEqual([]);
    expect(before.asked).toBeGreaterThanOrEqual(5);
    const subject = "cellos.events.named";
    await console.connect(subject);
    await console.says("Live");
    await rig.publishMany(30, { subject });
    await console.received(30);
    await console.timeline();
    await page.locator("#rows button").first().click();
    const during = await nameless(page);
    expect(during.nameless).toEqual([]);
    expect(during.asked).toBeGreaterThan(before.asked + 15);
    const row = page.locator("#rows li").first();
    expect([await row.getAttribute("aria-posinset"), await row.getAttribute("aria-setsize")]).toEqual(["1", "30"]);
    expect(await page.getByRole("img", { name: /^Events a second over the last minute/ }).count()).toBe(1);
  });

  it("keeps the focus on what follows when what had it goes", async () => {
    await using relay = await relayOf();
    await using console = await ConsolePage.open(browser, relay);
    const { page } = console;
    const subject = "cellos.events.focus";
    await page.getByLabel("Subject", { exact: true }).fill(subject);
    await page.getByLabel("Token", { exact: true }).fill(CONSOLE_TOKEN);
    await page.keyboard.press("Enter");
    await console.says("Live");
    expect(await focused(page)).toBe("disconnect");
    await page.keyboard.press("Enter");
    await console.says("You disconnected");
    expect(await focused(page)).toBe("token");
    await page.keyboard.press("Enter");
    await console.says("Live");

    await rig.publishMany(3, { subject });
    await console.received(3);
    await page.locator("#rows button").first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Close" }).focus();
    await page.keyboard.press("Escape");
    expect(await focused(page)).toContain("started");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Close" }).focus();
    await page.getByRole("button", { name: "Clear" }).evaluate((button) => (button as HTMLButtonElement).click());
    await page.waitForFunction(() => document.activeElement?.id === "rows");

    await relay.stop();
    await console.says("Reconnecting");
    await page.getByRole("button", { name: "Retry now" }).press("Enter");
    await page.waitForFunction(() => document.activeElement?.id === "disconnect");
  });

  it("does not move for who asked for that, and is dark for who likes it dark", async () => {
    await using relay = await relayOf();
    await using console = await ConsolePage.open(browser, relay);
    const { page } = console;
    const look = (): Promise<string[]> =>
      page.evaluate(() => [
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.getElementById("chip") ?? document.body, "::before").animationName,
      ]);
    await relay.stop();
    await console.connect("cellos.events.look");
    await console.says("Reconnecting");
    const [light, moving] = await look();
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    const [dark, still] = await look();
    expect([moving, still]).toEqual(["pulse", "none"]);
    expect(dark).not.toBe(light);
  });
});
