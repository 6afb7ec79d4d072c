import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { startRelay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const TOKEN = "docs-token";
const SUBJECT = "cellos.events.docs";

/** The page as a newcomer copies it. */
function documentedPage(): string {
  const document = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8");
  return /```html\n(<!doctype html>.*?)```/s.exec(document)?.[1] ?? "";
}

test("[W4] the page of docs/client.md works when it is pasted, on an origin of its own", async () => {
  await using server = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html").end(documentedPage());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using rig = await Rig.start();
  await rig.createStream();
  await using relay = await startRelay({
    vars: { NATS_URL: rig.url, RELAY_API_TOKEN: TOKEN, ALLOWED_ORIGINS: origin },
  });
  await using browser = await Chromium.launch();
  const page = await browser.context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => void dialog.accept(TOKEN));
  const publish = (type: string): Promise<number[]> =>
    rig.publish([{ subject: SUBJECT, data: cloudEvent({}, { type }) }]);

  await page.goto(`${origin}/?relay=${relay.url}`);
  await page.getByText("live", { exact: true }).waitFor();
  await publish("com.example.first");
  await page.getByText("com.example.first").waitFor();
  await page.goto("about:blank");
  await publish("com.example.while-away");
  await page.goto(`${origin}/?relay=${relay.url}`);
  await page.getByText("com.example.while-away").waitFor();
  await publish("com.example.last");
  await page.getByText("com.example.last").waitFor();

  expect(await page.locator("li").allTextContents()).toEqual(["com.example.last", "com.example.while-away"]);
  expect(faults).toEqual([]);
});
