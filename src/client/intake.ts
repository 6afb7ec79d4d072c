/**
 * EFFECTS: what a connection brings, consumed one by one in the order it came, pongs and the end of the connection
 * included. So a slow handler holds back the pings, the relay sees it and pauses (B1), and no new connection
 * starts before everything the old one brought was handled.
 */
import { AUTH_UNAVAILABLE, CLOSE } from "../protocol/codes.ts";
import { accept, type Accepted, type Position } from "./wire/accept.ts";
import { Consumers, report } from "./consumers.ts";
import { isTooDeep } from "./wire/depth.ts";
import { RelayError, type Problem } from "./wire/error.ts";
import { readFrame, UNREADABLE, type Frame } from "./wire/frame.ts";
import type { Line } from "./wire/line.ts";
import type { EventStreamOptions } from "./options.ts";
import type { Cursor, CursorStore } from "./storage.ts";

export interface IntakeHost {
  /** A frame, after its events were handled. */
  onFrame(frame: Frame): void;
  /** The same, for whoever acknowledges it. */
  readonly onConsumed: Line["consumed"];
  onLost(error: RelayError): void;
}

/** How a connection ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/**
 * A close follows a problem at once. But the relay's runtime may keep the connection of a client that never said anything,
 * and some libraries wait for its end. Whoever comes back is told again, and let go.
 */
const CLOSE_WAIT_MS = 2_000;
/** The close that a problem announces: mostly the problem's type is the beginning of its reason. */
export function closeOf({ type = "" }: Problem): Closed {
  if (type.endsWith("/unauthorized")) return CLOSE.tokenRefused;
  const closes = Object.values(CLOSE);
  const told = closes.find(({ reason }) => type && `/problems/ws/${reason.replaceAll(" ", "-")}`.startsWith(type));
  return told ?? { code: 1006, reason: "" };
}

export class Intake<Event> {
  readonly consumers = new Consumers<Event>();
  /** Events that could not be read. */
  skipped = 0;
  readonly #options: EventStreamOptions;
  readonly #host: IntakeHost;
  #position: Position;
  #loaded: CursorStore | undefined;
  #savedSeq: number | null = null;
  #inbox: (string | Closed)[] = [];
  #isBusy = false;
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
    return this.#isBusy;
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
    // The next connection starts its own chain.
    this.#position = { ...this.cursor };
    this.#problem = undefined;
    this.#ackBytes = Infinity;
  }

  take(arrived: string | Closed): void {
    this.#inbox.push(arrived);
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      if (typeof next === "string") await this.#consume(next, this.#inbox);
      else this.#host.onLost(new RelayError(next.reason || "lost", { code: next.code, problem: this.#problem }));
    }
    this.#isBusy = false;
  }

  /** `inbox` is another one after a drop: then this frame is nobody's any more. */
  async #consume(text: string, inbox: unknown): Promise<void> {
    let frame: Frame;
    let accepted: Accepted;
    try {
      frame = readFrame(text, this.#options.parse ?? JSON.parse);
      accepted = accept(this.#position, frame);
    } catch (cause) {
      return this.#host.onLost(new RelayError("unreadable", { cause }));
    }
    if (accepted instanceof RelayError) return this.#host.onLost(accepted);
    if (frame.type === "problem" && frame.problem.type !== AUTH_UNAVAILABLE.type) {
      this.#problem = frame.problem;
      setTimeout(() => inbox === this.#inbox && this.take(closeOf(frame.problem)), CLOSE_WAIT_MS);
    }
    if (frame.type === "welcome") this.#ackBytes = frame.ackBytes;
    for (const { seq, event, subject, time } of accepted.fresh) {
      const { vacancy } = this.consumers;
      // After a drop nobody may come any more; before one it may take long, and what was handled is kept meanwhile.
      if (vacancy !== null && inbox === this.#inbox) await Promise.all([this.#save(), vacancy]);
      if (inbox !== this.#inbox) return this.#save();
      const isSkipped = event === UNREADABLE || isTooDeep(event);
      // `Event` is what the page says its events are; nothing checks it.
      const item = { seq, event: event as Event, ...(this.#options.meta ? { subject, time } : {}) };
      const handling = isSkipped ? this.#skip(seq) : this.consumers.deliver(item);
      // What was handled before is saved before anything is waited for: the page may be reloaded meanwhile.
      if (handling !== null) await Promise.all([this.#save(), handling]);
      this.#position = { ...this.#position, seq };
    }
    if (inbox === this.#inbox) this.#position = accepted.position;
    await this.#save();
    if (inbox !== this.#inbox) return;
    this.#host.onFrame(frame);
    this.#host.onConsumed(frame.type, text, this.#ackBytes);
  }

  /** Told once, without a word of its content: whoever publishes such events publishes many. */
  #skip(seq: number): null {
    if (this.skipped++ === 0)
      console.warn(`cellos-relay: event ${seq} cannot be read. It is skipped, like others after it.`);
    return null;
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
