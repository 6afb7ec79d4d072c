import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";

const TAIL_CHARS = 16_384;
const LAST_WORDS_MS = 250;
const DEFAULT_GRACE_MS = 8_000;

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What the kernel sends the child when this process dies without cleaning up (Linux with setpriv). */
  readonly orphanSignal: "KILL" | "TERM";
}

let setpriv: boolean | undefined;

/** One child process: its last output, its end, and a stop that cannot hang. */
export class Child {
  readonly name: string;
  /** Resolves when the process is gone, with how it ended in words. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #output: readonly Readable[];
  #tail = "";
  #running = true;

  constructor(name: string, command: string, args: readonly string[], options: ChildOptions) {
    this.name = name;
    setpriv ??= spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;
    const guarded = setpriv ? ["setpriv", "--pdeathsig", options.orphanSignal, command, ...args] : [command, ...args];
    this.#process = spawn(guarded[0] ?? command, guarded.slice(1), {
      // A group of its own: Ctrl-C in a terminal then reaches this program alone, which stops the child in order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: options.env,
      cwd: options.cwd,
    });
    this.#output = [this.#process.stdout, this.#process.stderr].filter((stream) => stream !== null);
    for (const stream of this.#output) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#tail = (this.#tail + stripVTControlCharacters(text)).slice(-TAIL_CHARS);
      });
    }
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    const end = (how: string): void => {
      this.#running = false;
      resolve(how);
    };
    this.#process.on("error", (error) => end(`could not be started (${error.message})`));
    this.#process.on("exit", (code, signal) => {
      this.#running = false;
      const how = signal === null ? `ended with code ${code}` : `ended by ${signal}`;
      // Last words arrive after the exit, up to "close"; which never comes if a grandchild keeps the pipe open.
      const timer = setTimeout(end, LAST_WORDS_MS, how);
      this.#process.on("close", () => {
        clearTimeout(timer);
        end(how);
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#running;
  }

  /** The last lines the child wrote, for an error message. */
  tail(lines = 20): string {
    return this.#tail.trimEnd().split("\n").slice(-lines).join("\n");
  }

  /** Hands over what the child writes from now on, line by line. */
  onLine(onLine: (line: string) => void): void {
    for (const stream of this.#output) createInterface({ input: stream }).on("line", onLine);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#running) this.#process.kill(signal);
  }

  /** Asks the child to end, then makes sure that it and its whole group are gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM", graceMs = DEFAULT_GRACE_MS): Promise<void> {
    this.signal(signal);
    this.signal("SIGCONT");
    const timer = setTimeout(() => this.#killGroup(), graceMs);
    await this.ended;
    clearTimeout(timer);
    this.#killGroup();
  }

  /** Resolves when `text` appears in the output; rejects with the last lines if the child ends or time is up. */
  async waitFor(text: string, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#tail.includes(text)) resolve();
    };
    const timer = setTimeout(() => reject(this.failure(`did not say "${text}" within ${timeoutMs} ms`)), timeoutMs);
    void this.ended.then((how) => reject(this.failure(how)));
    for (const stream of this.#output) stream.on("data", look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      for (const stream of this.#output) stream.off("data", look);
    }
  }

  failure(how: string): Error {
    const last = this.tail();
    return new Error(`${this.name} ${how}.${last === "" ? "" : ` Its last lines:\n${last}`}`);
  }

  #killGroup(): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // ESRCH: the group is gone, which is what was wanted.
    }
  }
}
