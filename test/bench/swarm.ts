/** The benchmark's hand on its client process. One request at a time. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Dial, Goal, Opened, Report, SwarmMessage, SwarmRequest } from "./swarm-messages.ts";

const SCRIPT = fileURLToPath(new URL("swarm-process.ts", import.meta.url));

export class Swarm implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #pending: PromiseWithResolvers<Opened | Report | null> | null = null;
  #reached = 0;
  #moved: () => void = () => {};

  private constructor(child: ChildProcess) {
    this.#process = child;
    // A child that could not be started never exits.
    this.#ended = once(child, "exit").catch(() => {});
    child.on("message", (message: SwarmMessage) => this.#receive(message));
    child.on("exit", () => this.#fail("The client process has ended."));
    child.on("error", (error) => this.#fail(`The client process: ${error.message}`));
  }

  static start(): Swarm {
    return new Swarm(fork(SCRIPT, { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
  }

  async open(dial: Dial): Promise<Opened> {
    return (await this.#ask({ kind: "open", dial })) as Opened;
  }

  async begin(goal: Goal): Promise<void> {
    this.#reached = 0;
    await this.#ask({ kind: "begin", goal });
  }

  async report(): Promise<Report> {
    return (await this.#ask({ kind: "report" })) as Report;
  }

  async cut(): Promise<void> {
    await this.#ask({ kind: "cut" });
  }

  async unwedge(timeoutMs: number): Promise<void> {
    await this.#ask({ kind: "unwedge", timeoutMs });
  }

  /** True once every client has `marks` events; false when `timeoutMs` pass first. */
  async reached(marks: number, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (this.#reached < marks) {
      const left = deadline - Date.now();
      if (left <= 0 || !this.#process.connected) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#moved = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  async #ask(request: SwarmRequest): Promise<Opened | Report | null> {
    if (!this.#process.connected) throw new Error("The client process has ended.");
    this.#pending = Promise.withResolvers();
    this.#process.send(request);
    return this.#pending.promise;
  }

  #receive(message: SwarmMessage): void {
    if (message.kind === "reached") {
      this.#reached = message.marks;
      this.#moved();
    } else if (message.kind === "answer") {
      this.#pending?.resolve(message.value);
    } else {
      this.#fail(message.why);
    }
  }

  #fail(why: string): void {
    this.#pending?.reject(new Error(why));
    this.#moved();
  }
}
