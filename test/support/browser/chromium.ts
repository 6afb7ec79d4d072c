import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { existsSync } from "node:fs";
import { chromium, type BrowserContext } from "playwright-core";
import { spawn } from "node:child_process";
import { once } from "node:events";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** What a machine without a screen, a GPU or the Internet needs, and a container that runs as root. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A headless browser with a profile of its own, gone when it is disposed of. */
export class Chromium implements AsyncDisposable {
  readonly context: BrowserContext;
  readonly #profile: string;
  readonly #close: () => Promise<void>;

  private constructor(context: BrowserContext, profile: string, close = () => context.close()) {
    this.context = context;
    this.#profile = profile;
    this.#close = close;
  }

  static async launch(): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), "cellos-relay-chromium-"));
    const options = { executablePath: findBinary(), headless: true, args: FLAGS };
    return new Chromium(await chromium.launchPersistentContext(profile, options), profile);
  }

  /** As a person has it: a tab that is not in front is hidden. Playwright's own browsers tell every tab that it has the focus. */
  static async launchPlain(): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), "cellos-relay-chromium-"));
    const args = [...FLAGS, "--headless", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
    const child = spawn(findBinary(), args, { stdio: ["ignore", "ignore", "pipe"] });
    const exited = once(child, "exit");
    try {
      const browser = await chromium.connectOverCDP(await debuggerOf(child.stderr), { noDefaults: true });
      const [context] = browser.contexts();
      if (context === undefined) throw new Error("chromium has no context");
      return new Chromium(context, profile, async () => {
        const session = await browser.newBrowserCDPSession();
        await session.send("Browser.close");
        await exited;
      });
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function debuggerOf(stderr: AsyncIterable<unknown>): Promise<string> {
  let told = "";
  for await (const chunk of stderr) {
    told += String(chunk);
    const address = /DevTools listening on (ws:\S+)/.exec(told)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`chromium did not start: ${told}`);
}

function findBinary(): string {
  const { CHROMIUM, PATH = "" } = process.env;
  const places = PATH.split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  const found = CHROMIUM || places.find((path) => existsSync(path));
  if (found) return found;
  throw new Error("chromium was not found: `apt-get install chromium`, or set CHROMIUM to the path of one.");
}
