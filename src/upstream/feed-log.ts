/** What the log tells of a room's upstream (O3): trouble sparingly, and its end whenever the trouble was told. */
import type { Runtime } from "../shared/runtime.ts";

export class FeedLog {
  readonly #runtime: Runtime;
  readonly #subject: string;
  #isTroubleTold = false;

  constructor(runtime: Runtime, subject: string) {
    this.#runtime = runtime;
    this.#subject = subject;
  }

  lost(why: string): void {
    if (this.#runtime.logSparingly("upstream-lost", { subject: this.#subject, why })) this.#isTroubleTold = true;
  }

  failed(attempt: number, why: string): void {
    if (this.#runtime.logSparingly("upstream-failed", { subject: this.#subject, attempt, why }))
      this.#isTroubleTold = true;
  }

  /** What the stream holds could not be compared with what was read. */
  unverified(why: string): void {
    this.#runtime.logSparingly("history-unverified", { subject: this.#subject, why });
  }

  /** The first pull was accepted. */
  opened(cursor: number, last: number): void {
    this.#runtime.logSparingly("upstream-open", { subject: this.#subject, cursor, last }, this.#isTroubleTold);
    this.#isTroubleTold = false;
  }
}
