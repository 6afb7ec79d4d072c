import { accessSync, constants, existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "./child.ts";

const READY = "Server is ready";
const READY_TIMEOUT_MS = 15_000;
const PORT_RETRY_MS = 100;
const PORTS_POLL_MS = 5;

/** Debian puts the binary where the PATH of an ordinary user does not look. */
const ALSO_LOOK_IN = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"];

export interface NatsServerOptions {
  /** Path of the binary; default: NATS_SERVER of the environment, else the PATH. */
  readonly binary?: string;
  /** Lines for the server's own configuration: `max_payload: 64KB`, `authorization { … }`. */
  readonly extraConfig?: string;
  /** More members of its `jetstream` block: `limits { … }`. A second block would take the place of the first. */
  readonly jetstream?: string;
}

interface Ports {
  readonly client: number;
  readonly websocket: number;
  readonly monitor: number;
}

const ANY_PORT: Ports = { client: -1, websocket: -1, monitor: -1 };

/**
 * A real nats-server of our own: JetStream in a throw-away directory, a WebSocket listener without TLS, ports chosen by
 * the OS at the first start and kept over every later one, so that a restart is seen as one by its clients.
 */
export class NatsServer implements AsyncDisposable {
  readonly #binary: string;
  /** Holds its configuration and, below `jetstream`, its streams; goes with dispose(). */
  readonly dir: string;
  #extraConfig: string;
  readonly #jetstream: string;
  #ports = ANY_PORT;
  #child: Child | undefined;

  private constructor(binary: string, { extraConfig = "", jetstream = "" }: NatsServerOptions, dir: string) {
    this.#binary = binary;
    this.#extraConfig = extraConfig;
    this.#jetstream = jetstream;
    this.dir = dir;
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const binary = options.binary ?? findBinary();
    const dir = await mkdtemp(join(tmpdir(), "cellos-relay-nats-"));
    const server = new NatsServer(binary, options, dir);
    try {
      await server.start();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#ports.websocket}`;
  }

  get port(): number {
    return this.#ports.websocket;
  }

  /** For tools that speak plain NATS, such as the `nats` command. */
  get clientUrl(): string {
    return `nats://127.0.0.1:${this.#ports.client}`;
  }

  get monitorUrl(): string {
    return `http://127.0.0.1:${this.#ports.monitor}`;
  }

  /** The running process; undefined while stopped. */
  get child(): Child | undefined {
    return this.#child?.running ? this.#child : undefined;
  }

  /** Starts the server, or does nothing if it runs; later starts find the same ports and the same streams. */
  async start(): Promise<void> {
    if (this.child !== undefined) return;
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      await writeFile(this.#configPath, this.#config());
      const child = new Child("nats-server", this.#binary, ["-c", this.#configPath], { orphanSignal: "KILL" });
      this.#child = child;
      try {
        await child.waitFor(READY, READY_TIMEOUT_MS);
        this.#ports = await this.#readPorts(child);
        return;
      } catch (error) {
        await child.stop("SIGKILL");
        // A socket of somebody else may hold a port that we held before; that passes.
        if (!child.tail().includes("address already in use") || Date.now() > deadline) throw error;
        await delay(PORT_RETRY_MS);
      }
    }
  }

  async stop(): Promise<void> {
    await this.child?.stop("SIGTERM");
  }

  /** kill -9: no goodbye to clients, no flush of the store. */
  async kill(): Promise<void> {
    await this.child?.stop("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Replaces the extra configuration and, if the server runs, has it read again (SIGHUP). */
  async reconfigure(extraConfig: string): Promise<void> {
    this.#extraConfig = extraConfig;
    await writeFile(this.#configPath, this.#config());
    this.child?.signal("SIGHUP");
  }

  /** Freezes the process: connections stay open and nothing answers. */
  pause(): void {
    this.child?.signal("SIGSTOP");
  }

  resume(): void {
    this.child?.signal("SIGCONT");
  }

  /** Kills the server and removes its directory. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  get #configPath(): string {
    return join(this.dir, "nats.conf");
  }

  #config(): string {
    return [
      `host: 127.0.0.1`,
      `port: ${this.#ports.client}`,
      `http: "127.0.0.1:${this.#ports.monitor}"`,
      `ports_file_dir: ${JSON.stringify(this.dir)}`,
      `jetstream { store_dir: ${JSON.stringify(join(this.dir, "jetstream"))}, ${this.#jetstream} }`,
      `websocket { host: 127.0.0.1, port: ${this.#ports.websocket}, no_tls: true }`,
      this.#extraConfig,
      "",
    ].join("\n");
  }

  /** The ports file appears, and fills, a little after the server has said that it is ready. */
  async #readPorts(child: Child): Promise<Ports> {
    const file = join(this.dir, `nats-server_${child.pid}.ports`);
    for (const deadline = Date.now() + READY_TIMEOUT_MS; ; await delay(PORTS_POLL_MS)) {
      const text = await readFile(file, "utf8").catch(() => "");
      if (text.endsWith("}")) {
        const found: unknown = JSON.parse(text);
        return { client: port(found, "nats"), websocket: port(found, "websocket"), monitor: port(found, "monitoring") };
      }
      if (!child.running || Date.now() > deadline) throw child.failure("told no ports");
    }
  }
}

function port(found: unknown, listener: string): number {
  const urls: unknown = Object(found)[listener];
  if (!Array.isArray(urls)) throw new Error(`nats-server opened no ${listener} listener.`);
  return Number(new URL(String(urls[0])).port);
}

function findBinary(): string {
  const { NATS_SERVER, PATH = "" } = process.env;
  if (NATS_SERVER) {
    if (existsSync(NATS_SERVER)) return NATS_SERVER;
    throw new Error(`NATS_SERVER is ${NATS_SERVER}, and there is no such file.`);
  }
  const places = [...PATH.split(delimiter), ...ALSO_LOOK_IN].map((dir) => join(dir, "nats-server"));
  const found = places.find(isExecutable);
  if (found !== undefined) return found;
  throw new Error("nats-server was not found: `apt-get install nats-server`, or set NATS_SERVER to the path of one.");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
