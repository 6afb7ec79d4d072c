/**
 * When the batch is sent (V7): at the end of the turn that brought its first event, as long as that is not often,
 * otherwise when the last batch is BATCH_MS old. So nothing waits longer than that, and on a quiet stream nothing
 * waits at all: a few events close together spend what the pauses between them have saved.
 */
import { Timer } from "../shared/timer.ts";

/** Batches that may be sent at once after a pause. */
const MAX_SAVED = 4;

export class Batcher {
  readonly #batchMs: number;
  readonly #send: (nowMs: number) => void;
  readonly #timer = new Timer();
  #queued = false;
  #sentAtMs = 0;
  #saved = MAX_SAVED;
  #savedAtMs = 0;

  constructor(batchMs: number, send: (nowMs: number) => void) {
    this.#batchMs = batchMs;
    this.#send = send;
  }

  /** Call for every event. */
  schedule(): void {
    if (this.#queued || this.#timer.isArmed) return;
    const nowMs = Date.now();
    if (this.#batchMs > 0) this.#saved = Math.min(MAX_SAVED, this.#saved + (nowMs - this.#savedAtMs) / this.#batchMs);
    this.#savedAtMs = nowMs;
    const waitMs = this.#sentAtMs + this.#batchMs - nowMs;
    if (waitMs > 0 && this.#saved < 1) return this.#timer.arm(waitMs, () => this.#run());
    this.#saved = Math.max(0, this.#saved - 1);
    this.#queued = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#queued = false;
    this.#sentAtMs = Date.now();
    this.#send(this.#sentAtMs);
  }
}
