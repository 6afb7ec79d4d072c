/** Notices that a consumer says nothing although it has a pull, of which the broker owes idle heartbeats (JS-13). */
import type { Runtime, Timer } from "../shared/runtime.ts";
import { Patience } from "./patience.ts";

/** Missed heartbeats after which the consumer is doubted: never sooner than what a link may need for one flush of the broker. */
const MISSED_HEARTBEATS = 2.5;
const LEAST_MISSED_MS = 3_000;

export class Watchdog {
  readonly #runtime: Runtime;
  readonly #limitMs: number;
  readonly #received: () => number;
  readonly #onMissed: () => void;
  readonly #timer: Timer;
  #lastMs = 0;

  /** `received`: bytes that the connection has brought so far; `onMissed` is called with nothing armed. */
  constructor(runtime: Runtime, idleHeartbeatMs: number, received: () => number, onMissed: () => void) {
    this.#runtime = runtime;
    this.#limitMs = Math.max(idleHeartbeatMs * MISSED_HEARTBEATS + 500, LEAST_MISSED_MS);
    this.#received = received;
    this.#onMissed = onMissed;
    this.#timer = runtime.timer();
  }

  /** A frame came, or may take as long from now on as any. */
  saw(): void {
    this.#lastMs = this.#runtime.nowMs();
  }

  /** A pull is at the broker. */
  watch(): void {
    if (!this.#timer.isArmed) this.#arm();
  }

  /** Nothing is expected. */
  rest(): void {
    this.#timer.clear();
  }

  #arm(): void {
    const patience = new Patience(this.#received());
    this.#timer.arm(this.#limitMs, () => this.#look(patience));
  }

  #look(patience: Patience): void {
    if (this.#runtime.nowMs() - this.#lastMs < this.#limitMs) return this.#arm();
    const moreMs = patience.more(this.#received());
    if (moreMs === 0) this.#onMissed();
    else this.#timer.arm(moreMs, () => this.#look(patience));
  }
}
