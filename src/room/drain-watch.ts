/**
 * Looks after sockets that were closed and have not drained (B7): in a room without clients nobody else does. It keeps no
 * room awake, since a queue that is not empty does (WS-5).
 */
import type { Runtime, Timer } from "../shared/runtime.ts";

const EVERY_MS = 1_000;

export class DrainWatch {
  readonly #timer: Timer;
  readonly #look: () => boolean;

  /** `look` says whether there is still something to look after. */
  constructor(runtime: Runtime, look: () => boolean) {
    this.#timer = runtime.timer();
    this.#look = look;
  }

  /** A socket was closed. Harmless to call again. */
  start(): void {
    if (this.#timer.isArmed) return;
    this.#timer.arm(EVERY_MS, () => {
      if (this.#look()) this.start();
    });
  }
}
