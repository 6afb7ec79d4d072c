import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Chromium } from "../support/browser/chromium.ts";
import { ConsolePage } from "../support/browser/console-page.ts";
import { ScriptedRelay, type ScriptedConnection } from "../support/wire/scripted-relay.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIST = join(ROOT, "dist/console");
const MIME: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const ODD_CHARS = 600 * 1024;
/** What pretty.ts shows of an event at most, and the mark that there is more. */
const MAX_SHOWN_CHARS = 100_001;
/** Three elements or texts for a line with a key and a value, and one between. */
const MAX_SHOWN_NODES = 40_000;
const MAX_ROW_CHARS = 2_000;

let browser: Chromium;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(ROOT, "src/dev/build.mjs")]);
  browser = await Chromium.launch();
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
});

/** The console, and behind it a relay that sends whatever a test wants. */
async function stage(): Promise<
  AsyncDisposable & {
    readonly console: ConsolePage;
    readonly relay: ScriptedRelay;
    readonly connection: ScriptedConnection;
  }
> {
  await using parts = new AsyncDisposableStack();
  const relay = parts.use(await ScriptedRelay.start());
  const server = createServer(({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://console");
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    response.setHeader("content-type", MIME[extname(name)] ?? "text/plain");
    readFile(join(DIST, name)).then(
      (file) => response.end(file),
      () => response.writeHead(404).end(),
    );
  });
  server.on("upgrade", ({ url, rawHeaders }, socket) => {
    const { port, hostname } = new URL(relay.url);
    const upstream = connect(Number(port), hostname);
    const lines = Array.from(
      { length: rawHeaders.length / 2 },
      (_, at) => `${rawHeaders[2 * at]}: ${rawHeaders[2 * at + 1]}\r\n`,
    );
    upstream.write(`GET ${url} HTTP/1.1\r\n${lines.join("")}\r\n`);
    upstream.pipe(socket).pipe(upstream);
    for (const end of [upstream, socket]) end.on("error", () => end.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  parts.defer(async () => {
    server.closeAllConnections();
    await once(server.close(), "close");
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const console = parts.use(await ConsolePage.open(browser, { url }));
  await console.page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
  await console.connect("cellos.events.odd");
  const connection = await relay.connection(1);
  connection.welcome();
  await console.says("Live");
  const held = parts.move();
  return { console, relay, connection, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const events = (prev: number, items: Readonly<Record<number, string>>): string =>
  `{"type":"events","prev":${prev},"events":[${Object.entries(items)
    .map(([seq, event]) => `{"seq":${seq},"event":${event}}`)
    .join(",")}]}`;
const typed = (type: string): string => JSON.stringify({ type });
const nested = (levels: number, core: string): string => "[".repeat(levels) + core + "]".repeat(levels);
const repeated = (unit: string): string => unit.repeat(ODD_CHARS / unit.length);
const listOf = (unit: string): string => `[${repeated(`${unit},`).slice(0, -1)}]`;

it("[W17] [V10] stays connected and goes on behind an event that it cannot read", async () => {
  await using parts = await stage();
  const { console, relay, connection } = parts;
  const warned: string[] = [];
  console.page.on("console", (message) => void (message.type() === "warning" && warned.push(message.text())));
  const unreadable = [
    nested(3_500, "1.5"),
    nested(ODD_CHARS / 2, ""),
    nested(ODD_CHARS / 2, "1.5"),
    nested(129, "1"),
    `${'{"a":'.repeat(100_000)}1.5${"}".repeat(100_000)}`,
    "[".repeat(ODD_CHARS),
    `"${"[".repeat(ODD_CHARS)}`,
    '{"a":nope}',
  ];
  for (const [index, event] of unreadable.entries()) {
    const seq = 3 * index;
    connection.send(
      events(seq, { [seq + 1]: typed(`before.n${index}`), [seq + 2]: event, [seq + 3]: typed(`after.n${index}`) }),
    );
    await console.lists(`after.n${index}`);
  }
  const last = 3 * unreadable.length;
  connection.send(
    events(last, { [last + 1]: nested(128, "1.50"), [last + 2]: event128(), [last + 3]: typed("the.end") }),
  );
  await console.lists("the.end");
  await console.received(2 * unreadable.length + 3);
  const seqs = (await console.exported()).lines.map((line) => Number(/^\{"seq":(\d+)/.exec(line)?.[1]));
  expect(seqs).toEqual([
    ...unreadable.flatMap((_, index) => [3 * index + 1, 3 * index + 3]),
    last + 1,
    last + 2,
    last + 3,
  ]);
  expect(warned.filter((text) => text.includes("cellos-relay"))).toEqual([
    expect.stringContaining("event 2 cannot be read"),
  ]);
  expect([relay.connections.length, await console.page.locator("#cursor").textContent()]).toEqual([
    1,
    String(last + 3),
  ]);
  expect((await console.timeline()).filter((moment) => moment.includes("Reconnecting"))).toEqual([]);
  expect(console.faults).toEqual([]);
});

const event128 = (): string => `${'{"a":'.repeat(128)}9007199254740993${"}".repeat(128)}`;

it("[W17] shows the beginning of an event of any shape, and the next event", async () => {
  await using parts = await stage();
  const { console, connection } = parts;
  const { page } = console;
  const odd: Readonly<Record<string, string>> = {
    "brackets in a string": JSON.stringify({ data: repeated("[") }),
    "a long type": JSON.stringify({
      type: repeated("["),
      source: repeated("["),
      time: repeated("("),
      id: repeated("1"),
    }),
    "a key of 1 MB": JSON.stringify({ ["[".repeat(1_000_000)]: 1 }),
    "100,000 keys": JSON.stringify(
      Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])),
    ).replaceAll(/:(\d+)/g, ":$1.50"),
    "empty lists": listOf("[]"),
    "lists of a number": listOf("[1]"),
    "deep lists": listOf(nested(120, "")),
    numbers: listOf("1.50"),
    "90 KB of lists": `[${"[1],".repeat(22_500).slice(0, -1)}]`,
    escapes: JSON.stringify({ data: repeated('"') }),
    "joined letters": JSON.stringify({ type: "\u0628".repeat(200_000), data: "\u0628".repeat(200_000) }),
    "two directions": JSON.stringify({ type: "a\u0628".repeat(100_000), data: "a\u0628".repeat(100_000) }),
    "combining marks": JSON.stringify({ data: "\u0301".repeat(200_000) }),
  };
  let seq = 0;
  for (const [name, event] of Object.entries(odd)) {
    connection.send(events(seq, { [seq + 1]: event, [seq + 2]: typed(`below.n${seq}`) }));
    await console.lists(`below.n${seq}`);
    await page.locator("#rows button").nth(1).click();
    await page.getByRole("heading", { name: `Event ${seq + 1}` }).waitFor();
    const shown = await page.evaluate(() => {
      const json = document.querySelector("#json");
      const walker = document.createTreeWalker(json as Node);
      let nodes = 0;
      while (walker.nextNode() !== null) nodes += 1;
      return {
        nodes,
        chars: json?.textContent.length ?? 0,
        rowChars: document.querySelectorAll("#rows button")[1]?.textContent.length ?? 0,
      };
    });
    expect(shown.nodes, name).toBeLessThan(MAX_SHOWN_NODES);
    expect(shown.chars, name).toBeLessThanOrEqual(MAX_SHOWN_CHARS);
    expect(shown.rowChars, name).toBeLessThan(MAX_ROW_CHARS);
    expect(await page.locator("#more").textContent(), name).toContain(event.length.toLocaleString("en-US"));
    connection.send(events(seq + 2, { [seq + 3]: typed(`beside.n${seq}`) }));
    await console.lists(`beside.n${seq}`);
    await page.locator("#copy").click();
    await until(
      `the copy of ${name}`,
      async () => (await page.evaluate(() => navigator.clipboard.readText())) === event,
    );
    seq += 3;
  }
  await page.getByLabel("Text", { exact: true }).fill("[[[[[[[[[[[[[[[[[[x");
  await page.getByText("Nothing matches the filter").waitFor();
  await page.getByLabel("Text", { exact: true }).fill("beside.n0");
  await console.lists("beside.n0");
  await console.says("Live");
  expect(console.faults).toEqual([]);
});

it("copies a large event where the browser gives the page no clipboard", async () => {
  await using parts = await stage();
  const { console, connection } = parts;
  const { page } = console;
  const event = listOf("[1]");
  connection.send(events(0, { 1: event }));
  await page.locator("#rows button").click();
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true }));
  await page.locator("#copy").click();
  await console.says("Copied");
  await page.evaluate(() => Reflect.deleteProperty(navigator, "clipboard"));
  expect((await page.evaluate(() => navigator.clipboard.readText())) === event).toBe(true);
});
