/**
 * DOOR: what a connection brings, consumed one by one in the order it came, pongs and the end of the connection
 * included. So a slow handler holds back the pings, the relay sees it and pauses (B1), and no new connection
 * starts before everything the old one brought was handled.
 */
import { accept, startAt, type Accepted, type NumberedEvent, type Position } from "./accept.ts";
import { Consumers, report } from "./consumers.ts";
import type { Problem } from "./error.ts";
import { isMove, readFrame, type Frame, type Move } from "./frame.ts";
import type { Line } from "./line.ts";
import type { EventStreamOptions } from "./options.ts";
import type { Loss } from "./state.ts";
import type { Cursor } from "./storage.ts";

export interface IntakeHost {
  /** A frame was handled. */
  readonly onConsumed: Line["consumed"];
  /** A frame moved the cursor; a `welcome` is told before its events are handled, the others after. */
  onMoved(frame: Move): void;
  onLost(loss: Loss): void;
}

export class Intake<Event> {
  readonly consumers = new Consumers<Event>();
  readonly #options: EventStreamOptions;
  readonly #host: IntakeHost;
  #position: Position;
  #origin: "unread" | "given" = "unread";
  #savedSeq: number | null = null;
  #inbox: (string | Loss)[] = [];
  #pace: "idle" | "working" = "idle";
  #problem: Problem | null = null;
  #ackBytes = Infinity;

  constructor(options: EventStreamOptions, host: IntakeHost) {
    this.#options = options;
    this.#host = host;
    const { since, epoch } = options;
    this.#position = startAt(since === undefined ? null : { seq: since, epoch });
  }

  get cursor(): Cursor | null {
    const { seq, epoch } = this.#position;
    if (seq === null) return null;
    return epoch === null ? { seq } : { epoch, seq };
  }

  /** True while something that came is still to be handled: then a silent relay may be waiting for us. */
  get isBusy(): boolean {
    return this.#pace === "working";
  }

  /** Before the first connection: the store goes before `since`. */
  async load(): Promise<void> {
    if (this.#origin === "given") return;
    const kept = await this.#options.store?.load();
    if (kept) this.startAt(kept);
    this.#origin = "given";
  }

  /** Goes on from here; nothing that was delivered before counts. */
  startAt(cursor: Cursor | null): void {
    this.#position = startAt(cursor);
    this.#savedSeq = null;
  }

  /** Forgets what is not handled yet: it will come again. */
  drop(): void {
    this.#inbox = [];
    this.#problem = null;
    this.#ackBytes = Infinity;
  }

  take(arrived: string | Loss): void {
    this.#inbox.push(arrived);
    if (this.#pace === "idle") void this.#work();
  }

  async #work(): Promise<void> {
    this.#pace = "working";
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      if (typeof next === "string") await this.#consume(next, this.#inbox);
      else this.#host.onLost(next.kind === "closed" ? { ...next, problem: this.#problem } : next);
    }
    this.#pace = "idle";
  }

  /** `inbox` is another one after a drop: then this frame is nobody's any more. */
  async #consume(text: string, inbox: unknown): Promise<void> {
    let frame: Frame;
    let accepted: Accepted | null;
    try {
      frame = readFrame(text, this.#options.parse ?? JSON.parse);
      accepted = isMove(frame) ? accept(this.#position, frame) : null;
    } catch (cause) {
      return this.#host.onLost({ kind: "unreadable", cause });
    }
    if (accepted !== null && accepted.kind !== "next") return this.#host.onLost(accepted);
    if (frame.type === "problem") this.#problem = frame.problem;
    if (frame.type === "welcome") {
      this.#ackBytes = Number(frame.ackBytes);
      this.#host.onMoved(frame);
    }
    if (accepted !== null) await this.#follow(accepted.fresh, accepted.position, inbox);
    if (inbox !== this.#inbox) return;
    if (isMove(frame) && frame.type !== "welcome") this.#host.onMoved(frame);
    this.#host.onConsumed(frame.type, text, this.#ackBytes);
  }

  async #follow(fresh: readonly NumberedEvent[], position: Position, inbox: unknown): Promise<void> {
    for (const { seq, event } of fresh) {
      const vacancy = this.consumers.vacancy;
      if (vacancy !== null) await vacancy;
      if (inbox !== this.#inbox) break;
      const handling = this.consumers.deliver({ seq, event: event as Event });
      // What was handled before is saved before anything is waited for: the page may be reloaded meanwhile.
      if (handling !== null) await Promise.all([this.#save(), handling]);
      this.#position = { ...this.#position, seq };
    }
    if (inbox === this.#inbox) this.#position = position;
    await this.#save();
  }

  /** Never rejects: a store that fails is reported, and the cursor lives as long as the page. */
  async #save(): Promise<void> {
    const { cursor } = this;
    if (cursor === null || cursor.seq === this.#savedSeq) return;
    this.#savedSeq = cursor.seq;
    try {
      await this.#options.store?.save(cursor);
    } catch (error) {
      report(error);
    }
  }
}
