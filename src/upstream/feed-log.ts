/** What the log tells of a room's upstream (O3): trouble sparingly, and its end whenever the trouble was told. */
import { logSparingly } from "../shared/log-limiter.ts";

export class FeedLog {
  readonly #subject: string;
  #isTroubleTold = false;

  constructor(subject: string) {
    this.#subject = subject;
  }

  lost(why: string): void {
    if (logSparingly("upstream-lost", { subject: this.#subject, why })) this.#isTroubleTold = true;
  }

  failed(attempt: number, why: string): void {
    if (logSparingly("upstream-failed", { subject: this.#subject, attempt, why })) this.#isTroubleTold = true;
  }

  /** The first pull was accepted. */
  opened(cursor: number, last: number): void {
    logSparingly("upstream-open", { subject: this.#subject, cursor, last }, this.#isTroubleTold);
    this.#isTroubleTold = false;
  }
}
