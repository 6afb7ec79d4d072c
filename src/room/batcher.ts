/**
 * When the batch is sent (V7): at the end of the turn that brought its first event while the stream is quiet,
 * otherwise when the last batch is BATCH_MS old. So nothing waits longer than that, and nothing waits without need.
 */
import { Timer } from "../shared/timer.ts";

export class Batcher {
  readonly #batchMs: number;
  readonly #send: (nowMs: number) => void;
  readonly #timer = new Timer();
  #queued = false;
  #sentAtMs = 0;

  constructor(batchMs: number, send: (nowMs: number) => void) {
    this.#batchMs = batchMs;
    this.#send = send;
  }

  /** Call for every event. */
  schedule(): void {
    if (this.#queued || this.#timer.isArmed) return;
    const waitMs = this.#sentAtMs + this.#batchMs - Date.now();
    if (waitMs > 0) return this.#timer.arm(waitMs, () => this.#run());
    this.#queued = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#queued = false;
    this.#sentAtMs = Date.now();
    this.#send(this.#sentAtMs);
  }
}
