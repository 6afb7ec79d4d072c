/** What the log tells of a room's upstream (O3): trouble sparingly, and its end whenever the trouble was told. */
import type { Runtime } from "../shared/runtime.ts";
import { diagnose, placeOf, type Diagnosis, type Place } from "./causes.ts";
import type { FeedOptions } from "./feed-ports.ts";
import type { UpstreamError } from "./jetstream-api.ts";
import { UpstreamRecord } from "./upstream-record.ts";

export class FeedLog {
  /** For those who ask how the room is (O4). */
  readonly record: UpstreamRecord;
  readonly #runtime: Runtime;
  readonly #subject: string;
  readonly #place: Place;
  #isTroubleTold = false;
  /** When the outage began; null while there is none. */
  #outSinceMs: number | null = null;
  #trouble: Diagnosis | null = null;

  constructor(runtime: Runtime, { filter, nats, stream }: Pick<FeedOptions, "filter" | "nats" | "stream">) {
    this.#runtime = runtime;
    this.record = new UpstreamRecord(runtime.wallMs());
    this.#subject = filter;
    this.#place = placeOf(nats, stream);
  }

  /** The last failure, until the upstream is open again; before the first one, that there is no answer. */
  get trouble(): Diagnosis {
    return this.#trouble ?? diagnose({ cause: "timeout", message: "no answer in time" }, this.#place);
  }

  lost(why: string): void {
    this.#outSinceMs ??= this.#runtime.nowMs();
    if (this.#runtime.logSparingly("upstream-lost", { subject: this.#subject, reason: why }))
      this.#isTroubleTold = true;
  }

  /** `attempt`: how many in a row had failed before. */
  failed(attempt: number, error: UpstreamError): void {
    this.#outSinceMs ??= this.#runtime.nowMs();
    const { cause, sentence } = this.#note(error);
    if (
      this.#runtime.logSparingly("upstream-failed", {
        subject: this.#subject,
        attempt: attempt + 1,
        cause,
        reason: sentence,
      })
    )
      this.#isTroubleTold = true;
  }

  /** A question was refused while the consumer goes on. */
  refused(error: UpstreamError): void {
    this.#note(error);
  }

  #note(error: UpstreamError): Diagnosis {
    this.record.failed(error.cause);
    return (this.#trouble = diagnose(error, this.#place));
  }

  /** What the stream holds could not be compared with what was read. */
  unverified(why: string): void {
    this.#runtime.logSparingly("history-unverified", { subject: this.#subject, reason: why });
  }

  /** The first pull was accepted. `outageMs`: since the upstream was lost, or could not be opened at first. */
  opened(cursor: number, last: number): void {
    const outage = this.#outSinceMs === null ? {} : { outageMs: this.#runtime.nowMs() - this.#outSinceMs };
    const fields = Object.assign({ subject: this.#subject, cursor, last }, outage);
    this.#runtime.logSparingly("upstream-open", fields, this.#isTroubleTold);
    this.closed();
  }

  /** Nobody needs the upstream any more, or it is open: an outage is over. */
  closed(): void {
    this.#isTroubleTold = false;
    this.#outSinceMs = null;
    this.#trouble = null;
  }
}
