import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { existsSync } from "node:fs";
import { chromium, type BrowserContext } from "playwright-core";

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

  private constructor(context: BrowserContext, profile: string) {
    this.context = context;
    this.#profile = profile;
  }

  static async launch(): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), "cellos-relay-chromium-"));
    const options = { executablePath: findBinary(), headless: true, args: FLAGS };
    return new Chromium(await chromium.launchPersistentContext(profile, options), profile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function findBinary(): string {
  const { CHROMIUM, PATH = "" } = process.env;
  const places = PATH.split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  const found = CHROMIUM || places.find((path) => existsSync(path));
  if (found) return found;
  throw new Error("chromium was not found: `apt-get install chromium`, or set CHROMIUM to the path of one.");
}
