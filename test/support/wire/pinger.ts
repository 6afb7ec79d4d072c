/** When a client says `ping` (V9): after so many bytes or a heartbeat, and the next one only after `pong`. Pure. */
export class Pinger {
  /** `welcome` says it in v2. */
  ackBytes: number;
  /** False: it says nothing of its own accord. */
  acks: boolean;
  readonly #waits: boolean;
  #bytes = 0;
  #heartbeat = false;
  #unanswered = 0;

  /** `waits`: for `pong`, as v2 must. Of v1 any ping proves all that was sent (B1). */
  constructor(ackBytes: number, acks = true, waits = true) {
    this.ackBytes = ackBytes;
    this.acks = acks;
    this.#waits = waits;
  }

  /** Bytes came. True: say `ping` now. */
  onBytes(bytes: number, isHeartbeat: boolean): boolean {
    this.#bytes += bytes;
    this.#heartbeat ||= isHeartbeat;
    return this.#due();
  }

  /** `pong` came. True: say `ping` again; null: nobody had asked for it. */
  onPong(): boolean | null {
    if (this.#unanswered === 0) return null;
    this.#unanswered -= 1;
    return this.#due();
  }

  /** Said, for whatever reason. */
  onPing(): void {
    if (this.#waits) this.#unanswered += 1;
    this.#heartbeat = false;
    this.#bytes = 0;
  }

  #due(): boolean {
    if (!this.acks || this.#unanswered > 0 || (!this.#heartbeat && this.#bytes < this.ackBytes)) return false;
    this.onPing();
    return true;
  }
}
