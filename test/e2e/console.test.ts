import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Chromium } from "../support/chromium.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { Rig } from "../support/rig.ts";

const TOKEN = "console-token";
/** Below the limit of a test, so that a failure names the step that hung. */
const STEP_TIMEOUT_MS = 20_000;
/** One above 2^53, which a number of JavaScript cannot hold. */
const BIG = "9007199254740993";

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

const relayOf = (port?: number): Promise<Relay> =>
  startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: TOKEN }, ...(port === undefined ? {} : { port }) });

/** The console in a tab of its own, as a person sees it. */
class Console implements AsyncDisposable {
  readonly page: Page;
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    page.on("pageerror", (error) => this.faults.push(error.message));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.faults.push(message.text());
    });
  }

  static async open(relay: Relay, width = 1280): Promise<Console> {
    const opened = new Console(await browser.context.newPage());
    await opened.page.setViewportSize({ width, height: 740 });
    await opened.page.goto(relay.url);
    return opened;
  }

  async connect(subject: string, { token = TOKEN, since = "" } = {}): Promise<void> {
    await this.page.getByLabel("Token", { exact: true }).fill(token);
    await this.page.getByLabel("Subject").fill(subject);
    await this.page.getByLabel("Start after").fill(since);
    await this.page.getByRole("button", { name: "Connect", exact: true }).click();
  }

  async says(text: string): Promise<void> {
    await this.page.getByRole("status").filter({ hasText: text }).waitFor();
  }

  /** Waits until an event of this type is listed. */
  async lists(type: string): Promise<void> {
    await this.page.getByRole("listitem").filter({ hasText: type }).waitFor();
  }

  types(): Promise<string[]> {
    return this.page.locator("#rows .type").allTextContents();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }
}

const publish = (subject: string, ...types: readonly string[]): Promise<number[]> =>
  rig.publish(types.map((type) => ({ subject, data: cloudEvent({}, { type }) })));

describe("the console", () => {
  it("[H10] [W1] shows an event as it happens, every digit of it, under a strict policy", async () => {
    await using relay = await relayOf();
    const answer = await fetch(relay.url);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");

    await using console = await Console.open(relay);
    const { page } = console;
    await console.connect("cellos.events.big");
    await console.says("Connected");
    const data = JSON.stringify(cloudEvent({ n: 0 }, { type: "com.example.big" })).replace('"n":0', `"n":${BIG}`);
    const [seq] = await rig.publish([{ subject: "cellos.events.big", data }]);
    await console.lists("com.example.big");

    await page.getByRole("listitem").getByRole("button").press("Enter");
    expect(await page.getByLabel("The event as JSON").textContent()).toContain(`"n": ${BIG}`);
    expect(await page.getByRole("heading", { name: `Event ${seq}` }).isVisible()).toBe(true);
    await page.keyboard.press("Escape");
    expect(await page.getByLabel("The event as JSON").isVisible()).toBe(false);

    expect(page.url()).toBe(`${relay.url}/`);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    expect(console.faults).toEqual([]);
  });

  it("[W4] goes on after the relay was gone, and has missed nothing", async () => {
    const subject = "cellos.events.resume";
    const first = await relayOf();
    await using console = await Console.open(first);
    await console.connect(subject);
    await console.says("Connected");
    await publish(subject, "com.example.one");
    await console.lists("com.example.one");
    await first.stop();
    await console.says("Reconnecting");
    await publish(subject, "com.example.two");
    await using _second = await relayOf(Number(new URL(first.url).port));
    await console.lists("com.example.two");
    expect(await console.types()).toEqual(["com.example.two", "com.example.one"]);
  });

  it("[H3] says in words why a connection does not open", async () => {
    await using relay = await relayOf();
    await using console = await Console.open(relay);
    await console.connect("cellos.events.>", { token: "wrong" });
    await console.says("does not accept this token");
    await console.connect("elsewhere.>");
    await console.says("may not read this subject");
    await console.connect("cellos.events..x");
    await console.says("Check the subject");
  });

  it("[W5] says that a cursor is gone, and starts from the oldest retained event", async () => {
    const subject = "cellos.events.gone";
    await using own = await Rig.start();
    await own.createStream();
    const send = (type: string): Promise<number[]> => own.publish([{ subject, data: cloudEvent({}, { type }) }]);
    await send("com.example.purged");
    await send("com.example.purged");
    const [kept] = await send("com.example.kept");
    await own.purge(kept);

    await using relay = await startRelay({ vars: { NATS_URL: own.url, RELAY_API_TOKEN: TOKEN } });
    await using console = await Console.open(relay);
    await console.connect(subject, { since: "1" });
    await console.says(`The oldest retained event is ${kept}`);
    await console.page.getByRole("button", { name: "Start from the oldest retained" }).click();
    await console.lists("com.example.kept");
  });

  it("pauses, counts, filters and clears", async () => {
    const subject = "cellos.events.tools";
    await using relay = await relayOf();
    await using console = await Console.open(relay);
    const { page } = console;
    await console.connect(subject);
    await console.says("Connected");
    await publish(subject, "com.example.a", "com.example.b");
    await console.lists("com.example.b");
    await page.getByRole("button", { name: "Pause" }).click();
    await publish(subject, "com.example.c");
    await page.getByRole("button", { name: "Resume (1 new)" }).waitFor();
    expect(await console.types()).toEqual(["com.example.b", "com.example.a"]);
    await page.getByRole("button", { name: "Resume (1 new)" }).click();
    await console.lists("com.example.c");
    await page.getByLabel("Filter by type or source").fill("EXAMPLE.A");
    await page.getByText("1 of 3").waitFor();
    expect(await console.types()).toEqual(["com.example.a"]);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("List cleared").waitFor();
  });

  it("fits a phone: nothing is wider than the screen, and the detail covers the list", async () => {
    const subject = "cellos.events.phone";
    await using relay = await relayOf();
    await using console = await Console.open(relay, 360);
    const { page } = console;
    await console.connect(subject);
    await console.says("Connected");
    await publish(subject, "com.example.a-type-with-a-name-longer-than-any-phone-is-wide.v1.happened");
    await console.lists("happened");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.getByRole("listitem").getByRole("button").click();
    expect(
      await page.getByRole("button", { name: "Close" }).evaluate((button) => button === document.activeElement),
    ).toBe(true);
  });
});
