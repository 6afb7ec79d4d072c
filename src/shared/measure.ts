/**
 * Time for durations and deadlines, out of a wall clock that may be set back. Pure.
 *
 * The platform has no other clock: `performance.now()` follows this one. A clock that was set forward looks like time that
 * has passed. One that was set back is seen at the next reading, and from then on the measure counts from the last one
 * before. What passed between those two is lost to it, unless a timer ended it: a timer waits by a clock of its own, so
 * it proves how much has passed.
 *
 * A fall of less than a second is held and not added up. One measure serves all objects of an isolate, and each of them
 * may have a clock that stands still between its own events: to go back and forth between two that differ by a
 * millisecond must not make time pass.
 */
import type { Timer } from "./runtime.ts";

const HELD_MS = 1_000;

export class Measure {
  readonly #wallMs: () => number;
  /** The latest reading since the clock was last set back. */
  #lastWallMs = -Infinity;
  #setBackMs = 0;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** Milliseconds since 1970, and all that the clock was set back by since the first reading. Never falls. */
  nowMs(): number {
    return this.#read(-Infinity);
  }

  /** As nowMs(), and where the clock turns out to be set back, at least `atMs`. */
  provenMs(atMs: number): number {
    return this.#read(atMs);
  }

  #read(provenMs: number): number {
    const wallMs = this.#wallMs();
    if (this.#lastWallMs - wallMs >= HELD_MS) {
      this.#setBackMs = Math.max(this.#lastWallMs + this.#setBackMs, provenMs) - wallMs;
      this.#lastWallMs = wallMs;
    } else this.#lastWallMs = Math.max(this.#lastWallMs, wallMs);
    return this.#lastWallMs + this.#setBackMs;
  }
}

/** Clocks have whole milliseconds: a timer that seems so much too early may be on time. */
const EARLY_MS = 1;

/** A timer that finds itself early waits for the rest. `start` waits by the platform's clock, and returns how to call it off. */
export class MeasuredTimer implements Timer {
  readonly #measure: Measure;
  readonly #start: (afterMs: number, run: () => void) => () => void;
  #callOff: (() => void) | null = null;

  constructor(measure: Measure, start: (afterMs: number, run: () => void) => () => void) {
    this.#measure = measure;
    this.#start = start;
  }

  get isArmed(): boolean {
    return this.#callOff !== null;
  }

  arm(afterMs: number, run: () => void): void {
    this.clear();
    const waitMs = Math.max(0, afterMs);
    this.#wait(waitMs, this.#measure.nowMs() + waitMs, run);
  }

  clear(): void {
    this.#callOff?.();
    this.#callOff = null;
  }

  #wait(waitMs: number, dueAtMs: number, run: () => void): void {
    this.#callOff = this.#start(waitMs, () => {
      this.#callOff = null;
      const restMs = dueAtMs - this.#measure.provenMs(dueAtMs);
      if (restMs > EARLY_MS) this.#wait(restMs, dueAtMs, run);
      else run();
    });
  }
}
