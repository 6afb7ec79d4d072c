/** EFFECTS: the clock, the timers, the chance and the log of this isolate. */
import { leftOutDueInMs, logEvent, tellLeftOut } from "./log.ts";
import { LogLimiter } from "./log-limiter.ts";
import type { LogFields } from "./log-line.ts";
import type { Runtime, SubjectFields, Timer } from "./runtime.ts";

class SystemTimer implements Timer {
  #handle: ReturnType<typeof setTimeout> | null = null;

  get isArmed(): boolean {
    return this.#handle !== null;
  }

  arm(afterMs: number, run: () => void): void {
    this.clear();
    this.#handle = setTimeout(
      () => {
        this.#handle = null;
        run();
      },
      Math.max(0, afterMs),
    );
  }

  clear(): void {
    if (this.#handle !== null) clearTimeout(this.#handle);
    this.#handle = null;
  }
}

/** A room that slept goes on with it, and the shards of a subject share it: their broker is the same. */
const limiter = new LogLimiter();

/** One for each object: what waits in it must be the object's own, or the platform would not let it. */
export class SystemRuntime implements Runtime {
  readonly #minuteEnd = new SystemTimer();
  #isAwake = false;

  nowMs(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  newId(): string {
    return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  }

  timer(): Timer {
    return new SystemTimer();
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
  }

  log(event: string, fields: LogFields = {}): void {
    logEvent(event, fields);
    this.#waitForMinuteEnd();
  }

  logSparingly(event: string, fields: SubjectFields, isDue = false): boolean {
    const reason = String(fields["why"] ?? "");
    const leftOut = limiter.admit(`${event} ${fields.subject}`, reason, Date.now(), isDue);
    if (leftOut === null) return false;
    this.log(event, leftOut === 0 ? fields : Object.assign({}, fields, { leftOut }));
    return true;
  }

  keepAwake(isAwake: boolean): void {
    this.#isAwake = isAwake;
    if (isAwake) this.#waitForMinuteEnd();
    else this.#minuteEnd.clear();
  }

  #waitForMinuteEnd(): void {
    const dueInMs = leftOutDueInMs();
    if (!this.#isAwake || dueInMs === null || this.#minuteEnd.isArmed) return;
    this.#minuteEnd.arm(dueInMs, () => {
      tellLeftOut();
      // A timer may be early.
      this.#waitForMinuteEnd();
    });
  }
}

/** For whoever has nothing to wait for: a request, a test. */
export const systemRuntime: Runtime = new SystemRuntime();
