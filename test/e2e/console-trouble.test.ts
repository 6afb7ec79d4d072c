import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { CONSOLE_TOKEN, ConsolePage } from "../support/browser/console-page.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";
import { until } from "../support/until.ts";

let rig: Rig;
let relay: Relay;
let browser: Chromium;

beforeAll(async () => {
  browser = await Chromium.launch();
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
});
beforeEach(async () => {
  rig = await Rig.start();
  await rig.createStream();
});
afterEach(async () => {
  await relay.stop();
  await rig.stop();
});

/** The first of a test, or the next on the same address. */
async function start(vars: Readonly<Record<string, string>> = {}): Promise<void> {
  const port = relay === undefined ? undefined : Number(new URL(relay.url).port);
  relay = await startRelay({
    vars: { NATS_URL: rig.url, RELAY_API_TOKEN: CONSOLE_TOKEN, HEARTBEAT_SECONDS: "1", ...vars },
    ...(port === undefined ? {} : { port }),
  });
}

async function openLive(subject: string, since?: string): Promise<ConsolePage> {
  const console = await ConsolePage.open(browser, relay);
  await console.connect(subject, since === undefined ? {} : { since });
  await console.says("Live");
  return console;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** Waits for the last of them, then compares everything that is shown. */
async function shows(console: ConsolePage, numbers: readonly number[], received = numbers.length): Promise<void> {
  await console.received(received);
  expect(await console.numbers()).toEqual(numbers);
}

describe("the console in trouble", () => {
  it("[W4] goes on after the relay was restarted, and has missed nothing", async () => {
    const subject = "cellos.events.restart";
    await start();
    await using console = await openLive(subject);
    await rig.publishMany(3, { subject });
    await shows(console, upTo(3));
    await relay.stop();
    await console.says("Reconnecting");
    await console.page.getByText(/Retrying/).waitFor();
    await rig.publishMany(3, { subject, from: 4 });
    await start();
    // The browser would say so when the network is back; nobody has to wait for the countdown.
    await console.page.evaluate(() => globalThis.dispatchEvent(new Event("online")));
    await console.says("Resumed after");
    await shows(console, upTo(6));
    expect(console.faults).toEqual([]);
  });

  it("[B2] says that the relay has lost its broker, stays, and goes on with it", async () => {
    const subject = "cellos.events.broker";
    await start();
    await using console = await openLive(subject);
    await rig.publishMany(3, { subject });
    await shows(console, upTo(3));
    await rig.act("kill");
    await console.says("The relay has lost its broker");
    await rig.act("start");
    await rig.publishMany(3, { subject, from: 4 });
    await console.says("Receiving cellos.events.broker");
    await shows(console, upTo(6));
    expect((await console.timeline()).filter((moment) => moment.includes("Reconnecting"))).toEqual([]);
  });

  it("[H3] asks for a new token when the old one is refused, and goes on where it stopped", async () => {
    const subject = "cellos.events.expired";
    await start();
    await using console = await openLive(subject);
    await rig.publishMany(3, { subject });
    await shows(console, upTo(3));
    await relay.stop();
    await start({ RELAY_API_TOKEN: "renewed" });
    await console.says("Paste a new one and press Connect");
    await rig.publishMany(3, { subject, from: 4 });
    const token = console.page.getByLabel("Token", { exact: true });
    expect(await token.getAttribute("aria-invalid")).toBe("true");
    await token.fill("renewed");
    await console.press("Connect");
    await console.says("Resumed after 3.");
    await shows(console, upTo(6));
    expect(await console.timeline()).toContainEqual(expect.stringMatching(/Stopped.*HTTP 401/));
  });

  it("[W5] says that retention has passed the cursor, and goes on at the oldest event", async () => {
    const subject = "cellos.events.gone";
    await start();
    await using console = await openLive(subject);
    await rig.publishMany(3, { subject });
    await shows(console, upTo(3));
    await relay.stop();
    await rig.publishMany(7, { subject, from: 4 });
    await rig.purge(8);
    await start();
    await console.says("The oldest retained event is 8.");
    expect(await console.numbers()).toEqual(upTo(3));
    await console.press("Start at the oldest retained");
    await console.says("Live");
    await shows(console, [1, 2, 3, 8, 9, 10], 6);
    expect(await console.timeline()).toContainEqual(expect.stringContaining("Close code 4410 retention-exhausted"));
  });

  it("[W6] says that the stream is another one, and starts an empty list", async () => {
    const subject = "cellos.events.anew";
    await start();
    await using console = await openLive(subject);
    await rig.publishMany(3, { subject });
    await shows(console, upTo(3));
    await rig.deleteStream();
    await rig.createStream();
    await console.says("The stream was recreated or restored");
    await rig.publishMany(2, { subject, from: 11 });
    await console.press("Start live");
    await console.says("Live");
    await rig.publishMany(2, { subject, from: 21 });
    await shows(console, [21, 22], 5);
  });

  it("[B1] is let go when it does not read, says so, and comes back with nothing missed", async () => {
    const subject = "cellos.events.slow";
    await start({ SEND_TIMEOUT_SECONDS: "1", MAX_UNREAD_BYTES: String(64 * 1024) });
    await using console = await openLive(subject);
    const { page } = console;
    const gate = Promise.withResolvers<void>();
    await page.route("**/wedge", async (route) => {
      await gate.promise;
      await route.fulfill({ body: "" });
    });
    const asked = page.waitForRequest("**/wedge");
    // A request that is waited for in place: nothing else runs in the page meanwhile.
    const wedged = page.evaluate(() => {
      const request = new XMLHttpRequest();
      request.open("GET", "/wedge", false);
      request.send();
    });
    await asked;
    await rig.publishMany(2_000, { subject, padBytes: 1_000 });
    await until("the relay lets the page go", async () => (await rig.connections()).length === 0, 30_000);
    gate.resolve();
    await wedged;
    await shows(console, upTo(2_000));
    expect(await console.timeline()).toContainEqual(expect.stringContaining("Close code 4408 slow-consumer"));
    await console.says("Live");
  });
});
