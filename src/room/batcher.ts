/**
 * When the batch is sent (V7). A pause saves up batches that may be sent at once, at the end of the turn that brought
 * their first event; once they are spent there is one batch every BATCH_MS. So nothing waits longer than that, and on a
 * quiet stream nothing waits at all. Every frame to every client has a price: with more of them than that, a room of
 * hundreds would make its events wait for each other. A frame that is full waits for nothing: it would not get fuller.
 */
import { Timer } from "../shared/timer.ts";

/** Batches that may be sent at once after a pause. */
const MAX_SAVED = 4;

export class Batcher {
  readonly #batchMs: number;
  readonly #send: (nowMs: number) => void;
  readonly #timer = new Timer();
  #queued = false;
  #saved = MAX_SAVED;
  #savedAtMs = 0;

  constructor(batchMs: number, send: (nowMs: number) => void) {
    this.#batchMs = batchMs;
    this.#send = send;
  }

  /** Call for every event; `isFull` once there is enough for a frame. */
  schedule(isFull: boolean): void {
    if (this.#queued || (this.#timer.isArmed && !isFull)) return;
    this.#save(Date.now());
    const waitMs = (1 - this.#saved) * this.#batchMs;
    if (waitMs > 0 && !isFull) return this.#timer.arm(waitMs, () => this.#run());
    this.#timer.clear();
    this.#queued = true;
    queueMicrotask(() => this.#run());
  }

  #save(nowMs: number): void {
    if (this.#batchMs > 0) this.#saved = Math.min(MAX_SAVED, this.#saved + (nowMs - this.#savedAtMs) / this.#batchMs);
    this.#savedAtMs = nowMs;
  }

  #run(): void {
    const nowMs = Date.now();
    this.#queued = false;
    this.#save(nowMs);
    // Never below none: a timer may be a little early.
    this.#saved = Math.max(0, this.#saved - 1);
    this.#send(nowMs);
  }
}
