import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, createServer, preview } from "vite";
import { freePort } from "../../src/dev/free-port.ts";
import { Chromium } from "../support/browser/chromium.ts";
import { ScriptedRelay } from "../support/wire/scripted-relay.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
let dir: string;
let app: string;

/** `npm run pack:client`, and an application that has installed nothing but the tarball, without a network. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cellos-relay-package-"));
  app = join(dir, "app");
  const { stdout } = await run("npm", ["run", "--silent", "pack:client", "--", "--silent", "--pack-destination", dir], {
    cwd: ROOT,
  });
  await run("mkdir", [app]);
  await write("package.json", JSON.stringify({ name: "app", private: true, type: "module" }));
  const tarball = join(dir, stdout.trim().split("\n").at(-1) ?? "");
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: app });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const write = (name: string, text: string): Promise<void> => writeFile(join(app, name), text);

describe("the package", () => {
  test("comes alone", async () => {
    const installed = await readdir(join(app, "node_modules"));
    expect(installed.filter((name) => !name.startsWith("."))).toEqual(["cellos-relay"]);
  });

  test("works in Node", async () => {
    await write(
      "main.js",
      `import { CLOSE, EventStream, RelayError, cursorIn } from "cellos-relay/client";
       const stream = new EventStream({ url: "http://127.0.0.1:9", token: "t", store: cursorIn({ getItem: () => null, setItem() {} }, "k") });
       stream.close();
       for await (const item of stream) console.log(item);
       console.log(stream.state.kind, CLOSE.streamReset.code, RelayError.name.length > 0);`,
    );
    const main = await run(process.execPath, ["main.js"], { cwd: app });
    expect(main.stdout).toBe("closed 4410 true\n");
  });

  test.each(["bundler", "nodenext"])("has types for moduleResolution %s", async (moduleResolution) => {
    await write(
      "main.ts",
      `import { EventStream, type CloudEvent, type StreamItem } from "cellos-relay/client";
       const stream = new EventStream<CloudEvent<{ n: number }>>({ url: "https://relay.example", token: async () => "t" });
       stream.subscribe(({ seq, event }) => console.log(seq.toFixed(), event.data?.n.toFixed()));
       stream.addEventListener("statechange", ({ detail }) => detail.kind === "waiting" && detail.retryAtMs.toFixed());
       export const item: StreamItem<{ n: string }> = { seq: 1, event: { n: "1" } };
       stream.close();`,
    );
    const compilerOptions = {
      module: moduleResolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution,
      target: "es2022",
      lib: ["es2022", "dom"],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    await write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", app]);
  });

  test("works in Vite, served and bundled, shared worker included", async () => {
    await symlink(join(ROOT, "node_modules/vite"), join(app, "node_modules/vite"));
    await write("index.html", `<!doctype html><script type="module" src="/page.js"></script>`);
    await write(
      "page.js",
      `import { EventStream } from "cellos-relay/client";
       globalThis.stream = new EventStream({ url: location.hash.slice(1), token: "t", shared: true });`,
    );
    const common = { root: app, configFile: false, logLevel: "error" } as const;
    const server = await createServer({ ...common, server: { host: "127.0.0.1", port: await freePort() } });
    await server.listen();
    await build(common);
    const built = await preview({ ...common, preview: { host: "127.0.0.1", port: await freePort() } });
    await using relay = await ScriptedRelay.start();
    await using browser = await Chromium.launch();
    try {
      for (const [index, site] of [server, built].entries()) {
        const page = await browser.context.newPage();
        const sockets: string[] = [];
        page.on("websocket", (socket) => sockets.push(socket.url()));
        await page.goto(`${site.resolvedUrls?.local[0] ?? ""}#${relay.url}`);
        (await relay.connection(index + 1)).welcome();
        await page.waitForFunction(() => window.stream.state.kind === "live");
        expect(sockets.filter((url) => url.startsWith(relay.url))).toEqual([]);
        await page.close();
      }
    } finally {
      await server.close();
      await built.close();
    }
  });
});
