/** How long an empty room keeps its upstream open (U4). */
import type { Runtime, Timer } from "../shared/runtime.ts";

/** So that the reload of an only page costs nothing. U4 allows 5 s. */
const LINGER_MS = 2_500;

export class Linger {
  readonly #timer: Timer;
  readonly #onOver: () => void;

  /** `onOver` finds out for itself whether the room is still empty. */
  constructor(runtime: Runtime, onOver: () => void) {
    this.#timer = runtime.timer();
    this.#onOver = onOver;
  }

  /** The room is empty. Harmless to call again. */
  start(): void {
    if (!this.#timer.isArmed) this.#timer.arm(LINGER_MS, this.#onOver);
  }
}
