/** A pull consumer of the model's broker (JS-1, JS-2, JS-7, JS-12). */
import { ModelMessage } from "./message.ts";
import { textOf, type ModelStream } from "./stream.ts";

interface Pull {
  left: number;
  readonly reply: string;
  leftBytes: number;
  readonly idleHeartbeatMs: number;
  readonly expiresAtMs: number;
  quietSinceMs: number;
}

export interface ConsumerHost {
  nowMs(): number;
  /** After so many messages a consumer says nothing more, no heartbeat either. */
  silentAfter(): number;
  send(reply: string, message: ModelMessage): void;
}

const NANOS = 1_000_000;

export class ModelConsumer {
  readonly startSeq: number;
  readonly #stream: ModelStream;
  readonly #host: ConsumerHost;
  #next: number;
  #delivered = 0;
  #pulls: Pull[] = [];
  #passed = 0;
  /** By an operator: nothing is delivered, and heartbeats go on. */
  isPaused = false;

  constructor(wanted: number, stream: ModelStream, host: ConsumerHost) {
    this.#stream = stream;
    this.#host = host;
    this.startSeq = Math.max(wanted, stream.firstSeq);
    this.#next = this.startSeq;
  }

  get pending(): number {
    return this.#stream.pending(this.#next - 1) + this.#passed;
  }

  /** What its pulls may still bring. */
  get askedBytes(): number {
    return this.#pulls.reduce((sum, { leftBytes }) => sum + leftBytes, 0);
  }

  get #isSilent(): boolean {
    return this.#delivered >= this.#host.silentAfter();
  }

  pull(reply: string, asked: { batch: number; expires: number; idle_heartbeat: number; max_bytes?: number }): void {
    const nowMs = this.#host.nowMs();
    this.#pulls.push({
      left: asked.batch,
      reply,
      leftBytes: asked.max_bytes ?? Infinity,
      idleHeartbeatMs: asked.idle_heartbeat / NANOS,
      expiresAtMs: nowMs + asked.expires / NANOS,
      quietSinceMs: nowMs,
    });
    this.deliver();
  }

  /** Sends what is there to the pulls that wait, in turn (JS-21). */
  deliver(): void {
    if (this.isPaused || this.#isSilent) return;
    const stream = this.#stream;
    this.#next = Math.max(this.#next, stream.firstSeq);
    while (this.#next <= stream.lastSeq) {
      const entry = stream.entry(this.#next);
      if (entry === undefined || entry.kind === "other") {
        this.#next++;
        continue;
      }
      const pull = this.#pulls[0];
      if (pull === undefined || this.#isSilent) return;
      if (entry.bytes > pull.leftBytes) {
        this.#end(pull, 409, "Message Size Exceeds MaxBytes");
        continue;
      }
      pull.leftBytes -= entry.bytes;
      this.#next++;
      const at = { seq: entry.seq, dseq: ++this.#delivered, pending: this.pending };
      pull.quietSinceMs = this.#host.nowMs();
      this.#pulls.shift();
      if (--pull.left > 0) this.#pulls.push(pull);
      this.#host.send(pull.reply, ModelMessage.event(at, textOf(entry, stream.epoch)));
    }
  }

  /** Heartbeats and expiries, as time passes. */
  tick(): void {
    // What was removed before it was delivered is passed without a word.
    this.deliver();
    if (this.#isSilent) return;
    const nowMs = this.#host.nowMs();
    for (const pull of [...this.#pulls]) {
      if (nowMs >= pull.expiresAtMs) this.#end(pull, 408, "Request Timeout");
      else if (nowMs - pull.quietSinceMs >= pull.idleHeartbeatMs) {
        pull.quietSinceMs = nowMs;
        const counts = { "Nats-Last-Consumer": this.#delivered, "Nats-Last-Stream": this.#next - 1 };
        this.#host.send(pull.reply, ModelMessage.status(100, "Idle Heartbeat", counts));
      }
    }
  }

  /** As 2.9 does to every consumer when a subject is purged: what it had to deliver it still counts (JS-26). */
  passOver(): void {
    this.#passed += this.pending;
    this.#next = this.#stream.lastSeq + 1;
  }

  /** The consumer is no more: every waiting pull is told. */
  delete(): void {
    for (const pull of [...this.#pulls]) this.#end(pull, 409, "Consumer Deleted");
  }

  #end(pull: Pull, code: number, description: string): void {
    this.#pulls = this.#pulls.filter((waiting) => waiting !== pull);
    this.#host.send(pull.reply, ModelMessage.status(code, description, { "Nats-Pending-Messages": pull.left }));
  }
}
