import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { ConsoleStage } from "../support/browser/console-stage.ts";

const HIDDEN_SECONDS = 61;

let stage: ConsoleStage;

beforeAll(async () => {
  stage = await ConsoleStage.start(() => Chromium.launchPlain());
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

it(
  "a console whose tab was hidden for a minute has missed nothing, and was never away",
  { timeout: 120_000 },
  async () => {
    const subject = "cellos.events.hidden";
    await using console = await stage.open(1280, 4_000);
    const { page } = console;
    const look = (): Promise<string> => page.evaluate(() => document.visibilityState);
    await console.connect(subject);
    await console.says("Live");
    await stage.rig.publishMany(1, { subject });
    await console.received(1);

    const front = await stage.browser.context.newPage();
    await front.bringToFront();
    await page.waitForFunction(() => document.visibilityState === "hidden", null, { polling: 100 });
    for (let second = 1; second <= HIDDEN_SECONDS; second += 1) {
      await setTimeout(1_000);
      await stage.rig.publishMany(1, { subject, from: second + 1 });
    }
    expect(await look()).toBe("hidden");
    expect(await page.locator("#received").textContent()).toBe("1");

    await page.bringToFront();
    await console.received(HIDDEN_SECONDS + 1);
    expect(await look()).toBe("visible");
    const seqs = await page.locator("#rows .seq").allTextContents();
    expect(seqs.map(Number)).toEqual(
      Array.from({ length: HIDDEN_SECONDS + 1 }, (_, index) => HIDDEN_SECONDS + 1 - index),
    );
    expect(await console.timeline()).toHaveLength(2);
    await front.close();
  },
);
