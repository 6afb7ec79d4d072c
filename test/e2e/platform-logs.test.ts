/** What the platform gets of a request beside the relay's own lines: a tail worker sees it as a log pipeline would. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Child } from "../../src/dev/child.ts";
import { freePort } from "../../src/dev/free-port.ts";
import { dial } from "../support/wire/dial.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TOKEN = "hunter2-in-the-handshake";
const BEARER = `bearer.${Buffer.from(TOKEN).toString("base64url")}`;

const TAIL = `export default {
  fetch: () => new Response("tail"),
  tail: (events) => {
    for (const { event, logs } of events)
      if (event?.request) console.log("TAILED " + JSON.stringify({ headers: event.request.headers, logs }));
  },
};`;

interface Tailed {
  readonly headers: Readonly<Record<string, string>>;
  readonly logs: readonly { readonly message: unknown }[];
}

test("[A6] [O3] [WD-12] the platform hides Authorization and shows Sec-WebSocket-Protocol; no line of the relay has either", async () => {
  const own = await readFile(join(ROOT, "wrangler.toml"), "utf8");
  // With it a line for every request would hold these headers.
  expect(own).toMatch(/^\[observability\.logs\]\nenabled = true\ninvocation_logs = false$/m);
  const dir = await mkdtemp(join(tmpdir(), "cellos-relay-tail-"));
  const config = join(dir, "relay.toml");
  await writeFile(
    config,
    [
      `tail_consumers = [{ service = "tail" }]`,
      own
        .replace(`main = "src/worker.ts"`, `main = ${JSON.stringify(join(ROOT, "src/worker.ts"))}`)
        .replace(`directory = "./dist/console"`, `directory = ${JSON.stringify(join(ROOT, "dist/console"))}`)
        .replace(/^\[build\]\n(?:.+\n)+/m, ""),
    ].join("\n"),
  );
  await writeFile(join(dir, "tail.js"), TAIL);
  await writeFile(join(dir, "tail.toml"), `name = "tail"\nmain = "tail.js"\ncompatibility_date = "2026-10-23"\n`);
  const port = await freePort();
  const flags = ["--local", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0", "--persist-to", dir];
  flags.push("--show-interactive-dev-session=false", "--var", `RELAY_API_TOKEN:${TOKEN}`);
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
  const configs = ["-c", config, "-c", join(dir, "tail.toml")];
  const wrangler = join(ROOT, "node_modules/.bin/wrangler");
  const child = new Child("wrangler", wrangler, ["dev", ...configs, ...flags], {
    cwd: ROOT,
    env,
    orphanSignal: "TERM",
  });
  const printed: string[] = [];
  child.onLine((line) => printed.push(line));
  try {
    await until(
      "the relay answers",
      () =>
        fetch(`http://127.0.0.1:${port}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      50_000,
    );
    await fetch(`http://127.0.0.1:${port}/ws/events`, { headers: { authorization: `Bearer ${TOKEN}` } });
    // Without a broker it is closed at once, and its invocation ends.
    const { socket } = await dial(`ws://127.0.0.1:${port}/ws/events`, { protocols: ["cellos.relay.v2", BEARER] });
    await socket.closed();
    const tailed = (): Tailed[] =>
      printed.flatMap((line) =>
        line.includes("TAILED ") ? [JSON.parse(line.slice(line.indexOf("{"))) as Tailed] : [],
      );
    const handshake = await until("the handshake was tailed", () =>
      tailed().find(({ headers }) => "sec-websocket-protocol" in headers),
    );
    expect(handshake.headers["sec-websocket-protocol"]).toContain(BEARER);
    const plain = await until("the plain GET was tailed", () =>
      tailed().find(({ headers }) => "authorization" in headers),
    );
    expect(plain.headers["authorization"]).toBe("REDACTED");
    const ownLines = (): string[] => [
      ...tailed().flatMap(({ logs }) => logs.map(({ message }) => JSON.stringify(message))),
      ...printed.filter((line) => line.includes('"event":') && !line.includes("TAILED")),
    ];
    await until("the relay has said why", () => ownLines().some((line) => line.includes("join-failed")));
    for (const line of ownLines()) for (const secret of [TOKEN, BEARER]) expect(line).not.toContain(secret);
  } finally {
    await child.stop("SIGTERM");
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
});
