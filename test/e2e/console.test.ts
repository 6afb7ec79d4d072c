import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cloudEvent } from "../support/cloud-event.ts";
import { CONSOLE_TOKEN, type ConsolePage } from "../support/browser/console-page.ts";
import { ConsoleStage } from "../support/browser/console-stage.ts";

/** One above 2^53, which a number of JavaScript cannot hold. */
const BIG = "9007199254740993";

let stage: ConsoleStage;

beforeAll(async () => {
  stage = await ConsoleStage.start();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const open = (width?: number): Promise<ConsolePage> => stage.open(width);
const publish = (subject: string, ...types: readonly string[]): Promise<number[]> =>
  stage.rig.publish(types.map((type) => ({ subject, data: cloudEvent({}, { type }) })));

describe("the console", () => {
  it("[H10] [W1] shows an event as it happens, every digit of it, under a strict policy", async () => {
    const policy = (await fetch(stage.relay.url)).headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain("unsafe");

    await using console = await open();
    const { page } = console;
    const addresses: string[] = [];
    page.on("request", (request) => addresses.push(request.url()));
    page.on("websocket", (socket) => addresses.push(socket.url()));
    await console.connect("cellos.events.big");
    await console.says("Live");
    const event = cloudEvent({ n: 0, cost: 1 }, { type: "com.example.big" });
    const data = JSON.stringify(event).replace('"n":0,"cost":1', `"n":${BIG},"cost":1.10`);
    const [seq] = await stage.rig.publish([{ subject: "cellos.events.big", data }]);
    await console.lists("com.example.big");

    await page.locator("#rows button").press("Enter");
    const json = page.getByLabel("The event as JSON");
    expect(await json.textContent()).toContain(`"n": ${BIG},\n    "cost": 1.10`);
    expect(await page.getByRole("heading", { name: `Event ${seq}` }).isVisible()).toBe(true);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: stage.relay.url });
    await page.locator("#copy").click();
    await console.says("Copied");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await json.textContent());
    await page.keyboard.press("Escape");
    expect(await json.isVisible()).toBe(false);
    expect((await console.exported()).lines).toEqual([`{"seq":${seq},"event":${data}}`]);

    expect([addresses.length > 0, addresses.filter((address) => address.includes(CONSOLE_TOKEN))]).toEqual([true, []]);
    expect(page.url()).toBe(`${stage.relay.url}/`);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    // The token is kept for this tab, in the one place for it.
    const kept = await page.evaluate(() => Object.entries(sessionStorage));
    expect(kept.filter(([, text]) => text.includes(CONSOLE_TOKEN)).map(([key]) => key)).toEqual(["cellos-relay.token"]);
    expect(console.faults).toEqual([]);
  });

  it("[H10] runs no inline and no foreign script, even if one gets into the page", async () => {
    await using console = await open();
    const refused = await console.page.evaluate(() => {
      const script = document.createElement("script");
      const attempts: Record<string, () => void> = {
        foreign: () => script.setAttribute("src", "https://foreign.example/a.js"),
        inline: () => (script.textContent = "window.ran = true"),
        markup: () => (document.body.innerHTML = "<b>markup</b>"),
        handler: () => document.body.setAttribute("onclick", "window.ran = true"),
      };
      const thrown = Object.entries(attempts).flatMap(([name, attempt]) => {
        try {
          attempt();
          return [];
        } catch {
          return [name];
        }
      });
      document.head.append(script);
      document.body.click();
      return { thrown, ran: "ran" in window };
    });
    expect(refused).toEqual({ thrown: ["foreign", "inline", "markup", "handler"], ran: false });
  });

  it("[H3] says in words why a connection does not open", async () => {
    await using console = await open();
    await console.connect("cellos.events.>", { token: "wrong" });
    await console.says("does not accept this token");
    await console.connect("elsewhere.>");
    await console.says("not for this subject");
    await console.connect("cellos.events..x");
    await console.says("Check the subject");
    await console.page.getByText("The line above says why, and what to do.").waitFor();
  });

  it("pauses with a count, filters by type, source and text, exports what is shown, and clears", async () => {
    const subject = "cellos.events.tools";
    await using console = await open();
    const { page } = console;
    await console.connect(subject);
    await console.says("Live");
    const send = (type: string, source: string, city: string): Promise<number[]> =>
      stage.rig.publish([{ subject, data: cloudEvent({ city }, { type, source }) }]);
    await send("com.example.a", "/red", "Bern");
    await send("com.example.b", "/red", "Oslo");
    await console.lists("com.example.b");
    await console.press("Pause");
    await send("com.example.a", "/blue", "Oslo");
    await page.getByRole("button", { name: "Resume (1 new)" }).waitFor();
    expect(await console.types()).toEqual(["com.example.b", "com.example.a"]);
    await console.press("Resume (1 new)");
    await page.getByText("/blue").waitFor();

    await page.getByLabel("Type", { exact: true }).fill("EXAMPLE.A");
    await page.getByText("2 of 3").waitFor();
    await page.getByLabel("Text", { exact: true }).fill("oslo");
    await page.getByText("1 of 3").waitFor();
    const { name, lines } = await console.exported();
    expect(name).toMatch(/^cellos\.events\.tools-[\dT-]+Z\.ndjson$/);
    expect(lines.map((line) => (JSON.parse(line) as { event: object }).event)).toMatchObject([{ source: "/blue" }]);
    await page.getByLabel("Source", { exact: true }).fill("red");
    await page.getByText("Nothing matches the filter").waitFor();
    for (const label of ["Type", "Source", "Text"]) await page.getByLabel(label, { exact: true }).fill("");
    await console.press("Clear");
    await page.getByText("List cleared").waitFor();
  });

  it("stands still under the reader, who moves by keyboard, and goes on at the top", async () => {
    const subject = "cellos.events.reader";
    await using console = await open();
    const { page } = console;
    await console.connect(subject);
    await console.says("Live");
    await stage.rig.publishMany(200, { subject });
    await console.received(200);
    const focusedSeq = (): Promise<string | null | undefined> =>
      page.evaluate(() => document.activeElement?.querySelector(".seq")?.textContent);
    await page.locator("#rows button").first().focus();
    const newest = Number(await focusedSeq());
    for (const key of ["End", "ArrowUp", "Home", "PageDown", "PageDown", "PageDown", "ArrowDown"])
      await page.keyboard.press(key);
    expect(Number(await focusedSeq())).toBe(newest - 31);
    const place = (): Promise<number | undefined> =>
      page.evaluate(() => document.activeElement?.getBoundingClientRect().top);
    const before = await place();
    await stage.rig.publishMany(50, { subject, from: 201 });
    await page.getByRole("button", { name: "Resume (50 new)" }).waitFor();
    expect([Number(await focusedSeq()), await place()]).toEqual([newest - 31, before]);
    await page.keyboard.press("Home");
    await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    expect(await console.numbers()).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
  });

  it("opens the row that was pressed, whatever comes before the release", async () => {
    const subject = "cellos.events.pressed";
    await using console = await open();
    const { page } = console;
    await console.connect(subject);
    await console.says("Live");
    const [seq] = await publish(subject, "com.example.pressed");
    await console.lists("com.example.pressed");
    await page.locator("#rows button").hover();
    await page.mouse.down();
    await publish(subject, "com.example.b", "com.example.c", "com.example.d");
    await console.received(4);
    await page.mouse.up();
    await page.getByRole("heading", { name: `Event ${seq}` }).waitFor();
    await console.lists("com.example.d");
  });

  it("[W4] resumes from an event that is chosen, and copies the cursor", async () => {
    const subject = "cellos.events.from-here";
    await using console = await open();
    const { page } = console;
    await console.connect(subject);
    await console.says("Live");
    const [, chosen, last] = await publish(subject, "com.example.a", "com.example.b", "com.example.c");
    await console.lists("com.example.c");
    await page.locator("#rows button").nth(1).click();
    await console.press("Resume from here");
    await console.says(`Resumed after ${chosen}.`);
    await console.lists("com.example.c");
    expect(await console.types()).toEqual(["com.example.c", "com.example.b", "com.example.a"]);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: stage.relay.url });
    await console.press("Copy the cursor");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(String(last));
  });

  it("copies where the browser gives the page no clipboard, as it does by plain HTTP", async () => {
    await using console = await open();
    const { page } = console;
    await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await page.reload();
    await console.connect("cellos.events.insecure");
    await console.says("Live");
    const [seq] = await publish("cellos.events.insecure", "com.example.a");
    await console.lists("com.example.a");
    await console.press("Copy the cursor");
    await console.says("Copied");
    await page.getByLabel("Text", { exact: true }).focus();
    await page.keyboard.press("Control+V");
    expect(await page.getByLabel("Text", { exact: true }).inputValue()).toBe(String(seq));
  });

  it("fits a phone: nothing is wider than the screen or moves under the finger, and the drawer covers the list", async () => {
    const subject = "cellos.events.phone";
    await using console = await open(360);
    const { page } = console;
    await console.connect(subject);
    await console.says("Live");
    await publish(subject, "com.example.a-type-with-a-name-longer-than-any-phone-is-wide.v1.happened");
    await console.lists("happened");
    await stage.rig.publishMany(30, { subject });
    await console.received(31);
    const top = (): Promise<number> => page.locator("#scroll").evaluate((list) => list.getBoundingClientRect().top);
    const before = await top();
    await page.locator("#scroll").evaluate((list) => list.scrollTo(0, 200));
    await page.getByText("Stands still while you read").waitFor();
    expect(await top()).toBe(before);
    await page.locator("#scroll").evaluate((list) => list.scrollTo(0, 0));
    await page.getByText("Stands still while you read").waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.locator("#rows button").first().click();
    const close = page.getByRole("button", { name: "Close" });
    expect(await close.evaluate((button) => button === document.activeElement)).toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });
});
