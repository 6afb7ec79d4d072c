/** One Worker and its Durable Objects in a bare workerd: no development proxy in between, as in production. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Child } from "../../src/dev/child.ts";
import { freePort } from "../../src/dev/free-port.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const WORKERD = join(ROOT, "node_modules/.bin/workerd");
const READY_TIMEOUT_MS = 20_000;
const POLL_MS = 10;

export interface DurableObjectBinding {
  readonly name: string;
  readonly className: string;
}

export interface WorkerOptions {
  /** A module that needs no other. */
  readonly script: string;
  /** Its Durable Objects. */
  readonly objects: readonly DurableObjectBinding[];
  readonly vars?: Readonly<Record<string, string>>;
  /** Opens the runtime's inspector. */
  readonly inspect?: boolean;
}

export class WorkerdProcess implements AsyncDisposable {
  readonly port: number;
  /** Address of the inspector, when asked for. */
  readonly inspector: string | null;
  readonly #dir: string;
  #child: Child | null = null;

  private constructor(dir: string, port: number, inspector: string | null) {
    this.#dir = dir;
    this.port = port;
    this.inspector = inspector;
  }

  static async start(options: WorkerOptions): Promise<WorkerdProcess> {
    const dir = await mkdtemp(join(tmpdir(), "cellos-relay-bench-"));
    const inspector = options.inspect === true ? `127.0.0.1:${await freePort()}` : null;
    const worker = new WorkerdProcess(dir, await freePort(), inspector);
    try {
      await mkdir(join(dir, "storage"));
      await cp(options.script, join(dir, "worker.js"));
      await writeFile(join(dir, "config.capnp"), config(options, worker.port, await compatibility()));
      await worker.start();
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
    return worker;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it, at the same port and with the same storage as before. */
  async start(): Promise<void> {
    const args = ["serve", "config.capnp"];
    if (this.inspector !== null) args.push(`--inspector-addr=${this.inspector}`);
    const child = new Child("workerd", WORKERD, args, { cwd: this.#dir, orphanSignal: "KILL" });
    this.#child = child;
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!(await accepts(this.port))) {
      if (!child.running || Date.now() > deadline) throw child.failure("did not come up");
      await delay(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    await this.#child?.stop("SIGKILL");
  }

  /** What it last wrote: the Worker's log, or why it failed. */
  tail(): string {
    return this.#child?.tail() ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The Durable Objects the project deploys. */
export async function deployedObjects(): Promise<DurableObjectBinding[]> {
  const toml = await readFile(join(ROOT, "wrangler.toml"), "utf8");
  const blocks = toml.matchAll(/^\[\[durable_objects\.bindings\]\]\nname = "(.*)"\nclass_name = "(.*)"$/gm);
  const objects = [...blocks].map(([, name = "", className = ""]) => ({ name, className }));
  if (objects.length === 0) throw new Error("wrangler.toml binds no Durable Object.");
  return objects;
}

interface Compatibility {
  readonly date: string;
  readonly flags: string;
}

/** As the project deploys. */
async function compatibility(): Promise<Compatibility> {
  const toml = await readFile(join(ROOT, "wrangler.toml"), "utf8");
  const date = /^compatibility_date = (".*")$/m.exec(toml)?.[1];
  const flags = /^compatibility_flags = (\[.*\])$/m.exec(toml)?.[1];
  if (date === undefined || flags === undefined) throw new Error("wrangler.toml names no compatibility.");
  return { date, flags };
}

function config({ objects, vars = {} }: WorkerOptions, port: number, { date, flags }: Compatibility): string {
  const texts = Object.entries(vars).map(
    ([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`,
  );
  const bindings = [
    ...objects.map(({ name, className }) => `(name = "${name}", durableObjectNamespace = "${className}")`),
    `(name = "ASSETS", service = "none")`,
    ...texts,
  ];
  const namespaces = objects.map(
    ({ className }) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "none", network = (allow = [])),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "storage", disk = (path = "storage", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${date},
  compatibilityFlags = ${flags},
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "storage"),
);
`;
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("connect", () => resolve(true));
  socket.on("error", () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}
