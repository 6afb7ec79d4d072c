/**
 * A clock in the hands of the test: timers run one at a time, each followed by all its microtasks, as in the real
 * event loop. (Vitest's fake timers run several at once.)
 */
import { vi } from "vitest";

interface Armed {
  readonly id: number;
  readonly atMs: number;
  readonly run: () => void;
}

const realImmediate = setImmediate;

/** Resolves when no microtask is left. */
export function drained(): Promise<void> {
  return new Promise((resolve) => realImmediate(resolve));
}

export class ModelClock {
  nowMs = 1_700_000_000_000;
  #ids = 0;
  #armed: Armed[] = [];

  /** Takes the place of the timers and of Date.now() until `vi.unstubAllGlobals` and `vi.restoreAllMocks`. */
  install(): void {
    vi.stubGlobal("setTimeout", (run: () => void, afterMs = 0) => this.#arm(run, afterMs));
    vi.stubGlobal("clearTimeout", (id: number) => {
      this.#armed = this.#armed.filter((armed) => armed.id !== id);
    });
    vi.spyOn(Date, "now").mockImplementation(() => this.nowMs);
  }

  get armed(): number {
    return this.#armed.length;
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await drained();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      const { id, atMs, run } = next;
      this.#armed = this.#armed.filter((armed) => armed.id !== id);
      this.nowMs = Math.max(this.nowMs, atMs);
      run();
      await drained();
    }
    this.nowMs = endMs;
  }

  #arm(run: () => void, afterMs: number): number {
    this.#armed.push({ id: ++this.#ids, atMs: this.nowMs + Math.max(0, afterMs), run });
    return this.#ids;
  }

  #next(endMs: number): Armed | undefined {
    let first: Armed | undefined;
    for (const armed of this.#armed)
      if (armed.atMs <= endMs && (first === undefined || armed.atMs < first.atMs)) first = armed;
    return first;
  }
}
