/**
 * When the batch is sent (V7). A pause saves up batches that may be sent soon; once they are spent there is one every
 * BATCH_MS. So nothing waits longer than that, and on a quiet stream nothing waits at all. Every frame to every client
 * has a price: with more of them than that, a room of hundreds would make its events wait for each other. A frame that is
 * full waits for nothing: it would not get fuller.
 *
 *   quiet ──event, one saved──▶ queued ──end of turn: send──▶ resting ──timer, nothing came──▶ quiet
 *     └──event, none saved──▶ resting ──frame full──▶ queued      └──timer, something waits: send──▶ resting
 *
 * After a batch there is a rest that only a timer ends. A timer comes when the room has read what had arrived, however
 * long the sending took; a clock alone would let a room whose sends take longer than BATCH_MS send event by event.
 */
import type { Runtime, Timer } from "../../shared/runtime.ts";

/** Batches that may be sent soon after a pause. */
const MAX_SAVED = 4;
/** Between two of those. */
const BREATH_MS = 1;
/** A timer may be late by so much at any time; what it is late beyond that, the room was busy. */
const LATE_MS = 1;

export class Batcher {
  readonly #runtime: Runtime;
  readonly #batchMs: number;
  readonly #send: (nowMs: number) => void;
  readonly #rest: Timer;
  #queued = false;
  #waiting = false;
  /** What was saved; a batch costs BATCH_MS of it. */
  #savedMs: number;
  #quietSinceMs = 0;

  constructor(runtime: Runtime, batchMs: number, send: (nowMs: number) => void) {
    this.#runtime = runtime;
    this.#rest = runtime.timer();
    this.#batchMs = batchMs;
    this.#savedMs = batchMs * MAX_SAVED;
    this.#send = send;
  }

  /** Call for every event; `isFull` once there is enough for a frame. */
  schedule(isFull: boolean): void {
    this.#waiting = true;
    if (this.#queued || (this.#rest.isArmed && !isFull)) return;
    if (!this.#rest.isArmed) {
      this.#save(this.#runtime.nowMs() - this.#quietSinceMs);
      if (this.#savedMs < this.#batchMs && !isFull) return this.#restFor(this.#batchMs - this.#savedMs);
    }
    this.#rest.clear();
    this.#queued = true;
    this.#runtime.soon(() => this.#run());
  }

  #save(ms: number): void {
    this.#savedMs = Math.min(MAX_SAVED * this.#batchMs, this.#savedMs + Math.max(0, ms));
  }

  #restFor(ms: number): void {
    if (ms === 0) return;
    const sinceMs = this.#runtime.nowMs();
    this.#rest.arm(ms, () => {
      this.#save(Math.min(this.#runtime.nowMs() - sinceMs, ms + LATE_MS));
      if (this.#waiting) this.#run();
      else this.#quietSinceMs = this.#runtime.nowMs();
    });
  }

  #run(): void {
    this.#queued = false;
    this.#waiting = false;
    this.#savedMs = Math.max(0, this.#savedMs - this.#batchMs);
    this.#restFor(Math.max(this.#batchMs - this.#savedMs, Math.min(BREATH_MS, this.#batchMs)));
    this.#send(this.#runtime.nowMs());
  }
}
