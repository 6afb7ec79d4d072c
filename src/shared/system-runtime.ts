/** EFFECTS: the clock, the timers, the chance and the log of this isolate. */
import { leftOutDueInMs, logEvent, tellLeftOut } from "./log.ts";
import { LogLimiter } from "./log-repeats.ts";
import type { LogFields } from "./log-line.ts";
import { Measure, MeasuredTimer } from "./measure.ts";
import type { Runtime, SubjectFields, Timer } from "./runtime.ts";

/** One for the isolate, so that its objects agree. */
const isolateMeasure = new Measure(() => Date.now());

function start(afterMs: number, run: () => void): () => void {
  const handle = setTimeout(run, afterMs);
  return () => clearTimeout(handle);
}

/** A room that slept goes on with it, and the shards of a subject share it: their broker is the same. */
const limiter = new LogLimiter();

/** One for each object: what waits in it must be the object's own, or the platform would not let it. */
export class SystemRuntime implements Runtime {
  readonly #measure: Measure;
  readonly #minuteEnd: Timer;
  readonly #about: LogFields;
  #isAwake = false;

  /** `about` stands in every line that is logged through it. */
  constructor(measure = isolateMeasure, about: LogFields = {}) {
    this.#measure = measure;
    this.#about = about;
    this.#minuteEnd = this.timer();
  }

  nowMs(): number {
    return this.#measure.nowMs();
  }

  wallMs(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  newId(): string {
    return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  }

  timer(): Timer {
    return new MeasuredTimer(this.#measure, start);
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.timer().arm(ms, resolve));
  }

  log(event: string, fields: LogFields = {}): void {
    logEvent(event, Object.assign({}, this.#about, fields));
    this.#waitForMinuteEnd();
  }

  logSparingly(event: string, fields: SubjectFields, isDue = false): boolean {
    const reason = String(fields["reason"] ?? "");
    const leftOut = limiter.admit(`${event} ${fields.subject}`, reason, this.nowMs(), isDue);
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
