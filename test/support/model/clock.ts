/**
 * A clock in the hands of the test, and with it the runtime of a room: timers run one at a time, each followed by all its
 * microtasks, as in the real event loop. (Vitest's fake timers run several at once.)
 */
import { LogLimiter } from "../../../src/shared/log-repeats.ts";
import { logLine, type LogFields } from "../../../src/shared/log-line.ts";
import { Measure, MeasuredTimer } from "../../../src/shared/measure.ts";
import type { Runtime } from "../../../src/shared/runtime.ts";

interface Armed {
  readonly atMs: number;
  readonly run: () => void;
}

/** Resolves when no microtask is left. */
export function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** So many heartbeats of a room, each with all that comes of it. */
export async function passBeats(clock: ModelClock, everyMs: number, beat: () => void, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    clock.nowMs += everyMs;
    beat();
    await drained();
  }
}

export class ModelClock {
  /** Time as it passes, whatever any clock says. */
  nowMs = 1_700_000_000_000;
  #setBackMs = 0;
  /** What chance says each time. */
  random = 0.5;
  /** Log lines, as they would be printed. */
  readonly lines: string[] = [];
  readonly runtime: Runtime;
  readonly #limiter = new LogLimiter();
  readonly #armed = new Set<Armed>();
  #ids = 0;

  constructor() {
    const measure = new Measure(() => this.wallMs);
    const start = (afterMs: number, run: () => void): (() => void) => this.after(afterMs, run);
    const timer = (): MeasuredTimer => new MeasuredTimer(measure, start);
    this.runtime = {
      nowMs: () => measure.nowMs(),
      wallMs: () => this.wallMs,
      random: () => this.random,
      newId: () => (++this.#ids).toString(16).padStart(16, "0"),
      timer,
      soon: (run) => queueMicrotask(run),
      delay: (ms) => new Promise((resolve) => timer().arm(ms, resolve)),
      log: (event, fields = {}) => this.#log(event, fields),
      keepAwake: () => {},
      logSparingly: (event, fields, isDue = false) => {
        const leftOut = this.#limiter.admit(
          `${event} ${fields.subject}`,
          String(fields["reason"] ?? ""),
          measure.nowMs(),
          isDue,
        );
        if (leftOut !== null) this.#log(event, fields);
        return leftOut !== null;
      },
    };
  }

  /** The clock that can be set. */
  get wallMs(): number {
    return this.nowMs - this.#setBackMs;
  }

  setBack(ms: number): void {
    this.#setBackMs += ms;
  }

  setForward(ms: number): void {
    this.#setBackMs -= ms;
  }

  get armed(): number {
    return this.#armed.size;
  }

  /** Nothing that waits will run. */
  forget(): void {
    this.#armed.clear();
  }

  /** Runs once this time has passed; returns how to call it off. */
  after(ms: number, run: () => void): () => void {
    const armed = { atMs: this.nowMs + Math.max(0, ms), run };
    this.#armed.add(armed);
    return () => void this.#armed.delete(armed);
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await drained();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#armed.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
      await drained();
    }
    this.nowMs = endMs;
  }

  #log(event: string, fields: LogFields): void {
    this.lines.push(logLine(event, fields));
  }

  #next(endMs: number): Armed | undefined {
    let first: Armed | undefined;
    for (const armed of this.#armed)
      if (armed.atMs <= endMs && (first === undefined || armed.atMs < first.atMs)) first = armed;
    return first;
  }
}
