import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import { freePort } from "./free-port.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(ROOT, "node_modules/.bin");
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** Offline, quiet, and nothing left behind in the user's home. */
const QUIET = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
};

/** wrangler goes on waiting for an edit after a failed build; this start does not. */
const FAILED = "[ERROR]";

export interface RelayProcessOptions {
  /** Settings and secrets of the Worker; they travel in a private file, not in the process list. */
  readonly vars: Readonly<Record<string, string>>;
  readonly port?: number | undefined;
  /** Gets what the Worker logs, line by line; without it nothing is logged. */
  readonly onLog?: (line: string) => void;
  /** Gives up waiting for the start. */
  readonly signal?: AbortSignal;
}

/** `wrangler dev` as a child: the whole relay, front door and all, with storage of its own that goes when it stops. */
export class RelayProcess implements AsyncDisposable {
  readonly url: string;
  readonly child: Child;
  readonly #dir: string;

  private constructor(child: Child, dir: string, port: number) {
    this.child = child;
    this.#dir = dir;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Resolves when /healthz answers; rejects with the last lines of wrangler if that does not come. */
  static async start({ vars, port, onLog, signal }: RelayProcessOptions): Promise<RelayProcess> {
    const chosen = port ?? (await freePort());
    const dir = await mkdtemp(join(tmpdir(), "cellos-relay-dev-"));
    const secrets = join(dir, "vars");
    await writeFile(secrets, envFile(vars), { mode: 0o600 });
    const args = ["dev", "--local", "--ip", "127.0.0.1", "--port", String(chosen), "--inspector-port", "0"];
    args.push("--persist-to", dir, "--env-file", secrets, "--show-interactive-dev-session=false");
    args.push(`--log-level=${onLog === undefined ? "warn" : "log"}`);
    const env = { ...process.env, ...QUIET, PATH: [BIN, process.env["PATH"]].join(delimiter) };
    const child = new Child("wrangler", join(BIN, "wrangler"), args, { cwd: ROOT, env, orphanSignal: "TERM" });
    if (onLog !== undefined) child.onLine(onLog);
    const relay = new RelayProcess(child, dir, chosen);
    try {
      await relay.#healthy(signal);
    } catch (error) {
      await relay.stop();
      throw error;
    }
    return relay;
  }

  async stop(): Promise<void> {
    await this.child.stop("SIGTERM");
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #healthy(signal?: AbortSignal): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (this.child.running && Date.now() < deadline && !this.child.tail().includes(FAILED)) {
      signal?.throwIfAborted();
      const answer = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
      if (answer?.ok) return;
      await delay(POLL_MS);
    }
    throw this.child.failure(this.child.running ? "did not come up" : await this.child.ended);
  }
}

/**
 * In a dotenv file single quotes and backticks take everything literally but themselves, and a `$`: wrangler expands
 * variables everywhere.
 */
function envFile(vars: Readonly<Record<string, string>>): string {
  const lines = Object.entries(vars).map(([name, value]) => {
    const quote = ["'", "`"].find((candidate) => !value.includes(candidate));
    if (quote === undefined) throw new Error(`${name} has both kinds of quotes in it (' and \`): not supported here.`);
    return `${name}=${quote}${value.replaceAll("$", "\\$")}${quote}`;
  });
  return `${lines.join("\n")}\n`;
}
