/** The relay as it would be deployed, in a directory of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "../../src/dev/child.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(ROOT, "node_modules/.bin");

export class Bundle implements AsyncDisposable {
  readonly script: string;
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.script = join(dir, "worker.js");
  }

  static async build(): Promise<Bundle> {
    const dir = await mkdtemp(join(tmpdir(), "cellos-relay-bundle-"));
    const env = {
      ...process.env,
      PATH: [BIN, process.env["PATH"]].join(delimiter),
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_WRITE_LOGS: "false",
    };
    const args = ["deploy", "--dry-run", "--outdir", dir];
    const wrangler = new Child("wrangler", join(BIN, "wrangler"), args, { cwd: ROOT, env, orphanSignal: "KILL" });
    const how = await wrangler.ended;
    if (how === "ended with code 0") return new Bundle(dir);
    await rm(dir, { recursive: true, force: true });
    throw wrangler.failure(how);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
