/**
 * How many bytes the pulls that share a budget may have under way (P20). Pure.
 *
 * What was asked for is what the broker may have to queue: all of it at once, when it has a backlog. A broker cuts off a
 * client that does not take what is queued within its write deadline (10 s), or for which more is queued than its
 * `max_pending` (64 MB), and everything else it says waits behind it. So that is bounded here, by a number and not by a
 * measured rate: a link that is fast until it is slow has been asked for too much by then.
 *
 * One pull is always allowed, be it as large as it must (JS-9), or nothing would ever come.
 */

/** What a consumer may have under way: two pulls of a broker whose `max_payload` is the usual 1 MiB. */
const CONSUMER_BYTES = 2.25 * 1024 * 1024;

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

export class PullBudget {
  readonly #limitBytes: number;
  #taken = 0;
  /** In order of arrival: a large pull is not passed by small ones for ever. */
  readonly #waiting = new Set<Waiter>();

  constructor(limitBytes = CONSUMER_BYTES) {
    this.#limitBytes = limitBytes;
  }

  /** What is under way. */
  get takenBytes(): number {
    return this.#taken;
  }

  /** Calls `grant` once the bytes are taken: at once, or when others have given back enough. The result calls that off. */
  take(bytes: number, grant: () => void): () => void {
    const waiter = { bytes, grant };
    this.#waiting.add(waiter);
    this.#serve();
    return () => {
      if (this.#waiting.delete(waiter)) this.#serve();
    };
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
    this.#serve();
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      if (this.#taken > 0 && this.#taken + waiter.bytes > this.#limitBytes) return;
      this.#waiting.delete(waiter);
      this.#taken += waiter.bytes;
      waiter.grant();
    }
  }
}
