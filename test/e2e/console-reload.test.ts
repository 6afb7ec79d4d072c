import { setInterval } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { CONSOLE_TOKEN } from "../support/browser/console-page.ts";
import { ConsoleStage } from "../support/browser/console-stage.ts";

let stage: ConsoleStage;

beforeAll(async () => {
  stage = await ConsoleStage.start();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** From the next load on, every load leaves behind what it had shown when it ended: its own export. */
async function noteWhatIsShown(page: Page): Promise<void> {
  await page.addInitScript(() => {
    addEventListener("pagehide", () => {
      let shown = "";
      globalThis.Blob = class extends Blob {
        constructor(parts: BlobPart[] = [], options?: BlobPropertyBag) {
          super(parts, options);
          shown = parts.map(String).join("");
        }
      };
      HTMLAnchorElement.prototype.click = () => {};
      document.getElementById("export")?.click();
      localStorage.setItem("shown", `${localStorage.getItem("shown") ?? ""}${shown}`);
    });
  });
}

async function whatWasShown(page: Page): Promise<number[]> {
  const text = await page.evaluate(() => localStorage.getItem("shown") ?? "");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => (JSON.parse(line) as { event: { data: { n: number } } }).event.data.n);
}

describe("a reload of the console", () => {
  it("[W4] under way resumes by itself: no event is missed, none is shown twice", async () => {
    const subject = "cellos.events.reload";
    await using console = await stage.open();
    const { page } = console;
    await noteWhatIsShown(page);
    await page.reload();
    await console.connect(subject, { remember: true });
    await console.says("Live");
    let isDone = false;
    let published = 0;
    const publishing = (async () => {
      for await (const _ of setInterval(10)) {
        if (isDone) break;
        await stage.rig.publishMany(5, { subject, from: published + 1 });
        published += 5;
      }
    })();
    const hasSome = page.locator("#received").filter({ hasText: /^([1-9]\d\d|\d+,\d+)$/ });
    for (let reload = 1; reload <= 5; reload += 1) {
      await hasSome.waitFor();
      await page.reload();
      await console.says("Resumed after");
    }
    await hasSome.waitFor();
    isDone = true;
    await publishing;
    const { lastSeq } = await stage.rig.streamState();
    await console.lists(String(lastSeq));
    await page.reload();
    await console.says("Resumed after");
    expect(await whatWasShown(page)).toEqual(Array.from({ length: published }, (_, index) => index + 1));
    expect(page.url()).toBe(`${stage.relay.url}/`);
  });

  it("[W4] shows again what a pause held back: nobody has seen it", async () => {
    const subject = "cellos.events.reload-paused";
    await using console = await stage.open();
    const { page } = console;
    await console.connect(subject, { remember: true });
    await console.says("Live");
    await stage.rig.publishMany(2, { subject });
    await console.received(2);
    await console.press("Pause");
    await stage.rig.publishMany(2, { subject, from: 3 });
    await page.getByRole("button", { name: "Resume (2 new)" }).waitFor();
    await page.reload();
    await console.received(2);
    expect(await console.numbers()).toEqual([3, 4]);
  });

  it("[W4] [A11] goes on in its tab with a token that is not remembered, which another tab does not know", async () => {
    const subject = "cellos.events.reload-forgotten";
    await using console = await stage.open();
    const { page } = console;
    await console.connect(subject);
    await console.says("Live");
    await stage.rig.publishMany(2, { subject });
    await console.received(2);
    await page.reload();
    await stage.rig.publishMany(2, { subject, from: 3 });
    await console.says("Resumed after");
    await console.received(2);
    expect(await console.numbers()).toEqual([3, 4]);
    expect(await page.evaluate((token) => JSON.stringify(localStorage).includes(token), CONSOLE_TOKEN)).toBe(false);

    await using other = await stage.open();
    await other.says("Not connected");
    expect(await other.page.getByLabel("Token", { exact: true }).inputValue()).toBe("");
    expect(await other.page.getByLabel("Remember").isChecked()).toBe(false);
  });

  it("[W4] after a disconnect offers to go on", async () => {
    const subject = "cellos.events.reload-left";
    await using console = await stage.open();
    const { page } = console;
    await console.connect(subject);
    await console.says("Live");
    await stage.rig.publishMany(2, { subject });
    await console.received(2);
    const cursor = await page.locator("#cursor").textContent();
    await console.press("Disconnect");
    await console.says("You disconnected");
    await page.reload();
    await stage.rig.publishMany(2, { subject, from: 3 });
    await console.says(`Press Connect to go on after ${cursor}.`);
    expect(await page.getByLabel("Subject", { exact: true }).inputValue()).toBe(subject);
    expect(await page.getByLabel("Start after").inputValue()).toBe(cursor);
    await console.press("Connect");
    await console.received(2);
    expect(await console.numbers()).toEqual([3, 4]);
  });

  it("remembers by choice, and forgets when the choice is taken back", async () => {
    await using console = await stage.open();
    const { page } = console;
    await console.connect("cellos.events.remember", { remember: true });
    await console.says("Live");
    await console.press("Disconnect");
    await console.says("You disconnected");
    await page.reload();
    await console.says("Not connected");
    expect(await page.getByLabel("Token", { exact: true }).inputValue()).toBe(CONSOLE_TOKEN);
    await page.getByLabel("Remember").uncheck();
    expect(await page.evaluate((token) => JSON.stringify(localStorage).includes(token), CONSOLE_TOKEN)).toBe(false);
  });
});
