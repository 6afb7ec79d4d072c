import { unstable_startWorker } from "wrangler";
import { freePort } from "../../src/dev/free-port.ts";
import { RelayProcess, type RelayProcessOptions } from "../../src/dev/relay-process.ts";

export interface Relay extends AsyncDisposable {
  readonly url: string;
  readonly wsUrl: string;
  stop(): Promise<void>;
}

export interface RelayOptions extends RelayProcessOptions {
  /** "worker": wrangler's API in this process, fast. "cli": a `wrangler dev` of its own, as a user starts it. */
  readonly way?: "worker" | "cli";
}

/** The real front door, assets included, on a port of its own. */
export async function startRelay({ way = "worker", ...options }: RelayOptions): Promise<Relay> {
  const { url, stop } = way === "cli" ? await startProcess(options) : await startInProcess(options);
  return { url, wsUrl: url.replace("http", "ws"), stop, [Symbol.asyncDispose]: stop };
}

async function startProcess(options: RelayProcessOptions): Promise<Pick<Relay, "url" | "stop">> {
  const relay = await RelayProcess.start(options);
  return { url: relay.url, stop: () => relay.stop() };
}

async function startInProcess({ vars, port, onLog }: RelayProcessOptions): Promise<Pick<Relay, "url" | "stop">> {
  if (onLog !== undefined) hearLog(onLog);
  const chosen = port ?? (await freePort());
  const bindings = Object.entries(vars).map(([name, value]) => [name, { type: "plain_text", value }] as const);
  const worker = await unstable_startWorker({
    config: "wrangler.toml",
    bindings: Object.fromEntries(bindings),
    dev: {
      server: { hostname: "127.0.0.1", port: chosen },
      inspector: false,
      watch: false,
      persist: false,
      logLevel: onLog === undefined ? "error" : "log",
    },
  });
  await worker.ready;
  return { url: `http://127.0.0.1:${chosen}`, stop: () => worker.dispose() };
}

const listeners = new Set<(line: string) => void>();
const writeLine = console.log;

/** The relays of this process print on its console: every listener hears all of them, and wrangler's own words go nowhere. */
function hearLog(listener: (line: string) => void): void {
  listeners.add(listener);
  console.log = (...values: unknown[]) => {
    const [line] = values;
    if (typeof line !== "string") return writeLine(...values);
    for (const hears of listeners) for (const one of line.split("\n")) hears(one);
  };
}
