/**
 * When the room's heart beats (W8): from a timer while the upstream keeps the room awake anyway, and from the
 * alarm that backs it; two beats are never closer than half a period, whoever asks.
 */
import type { Runtime, Timer } from "../shared/runtime.ts";

export class HeartbeatTimer {
  readonly #runtime: Runtime;
  readonly #periodMs: number;
  readonly #beat: (nowMs: number) => void;
  readonly #timer: Timer;
  #lastMs = 0;

  constructor(runtime: Runtime, periodMs: number, beat: (nowMs: number) => void) {
    this.#runtime = runtime;
    this.#timer = runtime.timer();
    this.#periodMs = periodMs;
    this.#beat = beat;
  }

  /** A beat is due, says the timer or the alarm. */
  tick(): void {
    const nowMs = this.#runtime.nowMs();
    if (nowMs - this.#lastMs < this.#periodMs / 2) return;
    this.#lastMs = nowMs;
    this.#beat(nowMs);
  }

  /** Keeps the timer for the next beat, or lets it go so that the room can sleep. */
  keep(awake: boolean): void {
    this.#timer.clear();
    if (!awake) return;
    this.#lastMs ||= this.#runtime.nowMs();
    this.#timer.arm(this.#lastMs + this.#periodMs - this.#runtime.nowMs(), () => {
      this.tick();
      // It came too early, or the alarm was first: the next beat has a timer all the same.
      if (!this.#timer.isArmed) this.keep(true);
    });
  }
}
