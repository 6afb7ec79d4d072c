/**
 * DOOR: what a connection brings, consumed one by one in the order it came, pongs and the end of the connection
 * included. So a slow handler holds back the pings, the relay sees it and pauses (B1), and no new connection
 * starts before everything the old one brought was handled.
 */
import { accept, type Accepted, type Position } from "./accept.ts";
import { Consumers, report } from "./consumers.ts";
import { CLOSE } from "../protocol/codes.ts";
import { RelayError, type Problem } from "./error.ts";
import { isMove, readFrame, type Frame, type Move } from "./frame.ts";
import type { Line } from "./line.ts";
import type { EventStreamOptions } from "./options.ts";
import type { Cursor, CursorStore } from "./storage.ts";

export interface IntakeHost {
  /** A frame was handled. */
  readonly onConsumed: Line["consumed"];
  /** A frame moved the cursor; a `welcome` is told before its events are handled, the others after. */
  onMoved(frame: Move): void;
  onLost(error: RelayError): void;
}

/** How a connection ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export class Intake<Event> {
  readonly consumers = new Consumers<Event>();
  readonly #options: EventStreamOptions;
  readonly #host: IntakeHost;
  #position: Position;
  #loaded: CursorStore | undefined;
  #savedSeq: number | null = null;
  #inbox: (string | Closed)[] = [];
  #pace: "idle" | "working" = "idle";
  #problem: Problem | undefined;
  #ackBytes = Infinity;

  constructor(options: EventStreamOptions, host: IntakeHost) {
    this.#options = options;
    this.#host = host;
    this.#position = { seq: options.since, epoch: options.epoch };
  }

  get cursor(): Cursor | null {
    const { seq, epoch } = this.#position;
    return seq === undefined ? null : { seq, epoch };
  }

  /** True while something that came is still to be handled: then a silent relay may be waiting for us. */
  get isBusy(): boolean {
    return this.#pace === "working";
  }

  /** Before the first connection: the store goes before `since`. */
  async load(): Promise<void> {
    const { store } = this.#options;
    if (store === this.#loaded) return;
    const kept = await store?.load();
    this.#loaded = store;
    if (kept) this.startAt(kept);
  }

  /** Goes on from here; nothing that was delivered before counts. */
  startAt(cursor: Cursor | null): void {
    this.#position = { ...cursor };
    this.#savedSeq = null;
  }

  /** Forgets what is not handled yet: it will come again. */
  drop(): void {
    this.#inbox = [];
    this.#problem = undefined;
    this.#ackBytes = Infinity;
  }

  take(arrived: string | Closed): void {
    this.#inbox.push(arrived);
    if (this.#pace === "idle") void this.#work();
  }

  async #work(): Promise<void> {
    this.#pace = "working";
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      if (typeof next === "string") await this.#consume(next, this.#inbox);
      else this.#host.onLost(new RelayError(next.reason || "lost", { code: next.code, problem: this.#problem }));
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
      return this.#host.onLost(new RelayError("unreadable", { cause }));
    }
    if (accepted === "gap") return this.#host.onLost(new RelayError("gap"));
    if (accepted === "reset") return this.#host.onLost(new RelayError(CLOSE.streamReset.reason, CLOSE.streamReset));
    if (frame.type === "problem") this.#problem = frame.problem;
    if (frame.type === "welcome") {
      this.#ackBytes = frame.ackBytes;
      this.#host.onMoved(frame);
    }
    if (accepted !== null) await this.#follow(accepted, inbox);
    if (inbox !== this.#inbox) return;
    if (isMove(frame) && frame.type !== "welcome") this.#host.onMoved(frame);
    this.#host.onConsumed(frame.type, text, this.#ackBytes);
  }

  async #follow({ fresh, position }: Exclude<Accepted, string>, inbox: unknown): Promise<void> {
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
