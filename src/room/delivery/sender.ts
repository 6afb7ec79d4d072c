/** One frame to one session, under flow control (B1, B5, B6) and never after its credential has expired (A3). */
import type { CloseName } from "../../protocol/codes.ts";
import { heartbeatFrame, type Frame, type UpstreamHealth } from "../../protocol/frames.ts";
import type { Form } from "../../protocol/form.ts";
import { V2, type Protocol } from "../../protocol/subprotocol.ts";
import {
  age,
  hasRoom,
  isExhausted,
  isOverdue,
  lookAgainMs,
  poll,
  recordSent,
  wantsPoll,
  type FlowLimits,
} from "./flow-control.ts";
import type { Session } from "./session.ts";
import type { UnreadAccount } from "./unread.ts";

export interface SenderOptions {
  readonly sendTimeoutMs: number;
  readonly maxUnreadBytes: number;
  readonly maxUnprovenBytes: number;
  readonly maxQueuedBytes: number;
  readonly ackBytes: number;
  /** Time stamp of a socket's last `ping`, as the platform keeps it (WS-9). */
  readonly pingAtMs: (session: Session) => number | null;
  /** The clock of those time stamps, and of the expiry of credentials. */
  readonly wallMs: () => number;
  /** What a heartbeat says of the upstream (V5). */
  readonly upstream: () => UpstreamHealth;
}

interface Room {
  close(session: Session, name: CloseName): void;
  gone(session: Session): void;
}

/** `paused`: a v2 client must acknowledge first. `gone`: the session has left the room. */
export type Outcome = "sent" | "paused" | "gone";

/** Frames for all readers of one form. */
export type Encode = (form: Form) => readonly Frame[];

interface Batch {
  readonly frames: readonly Frame[];
  readonly bytes: number;
}

const batchOf = (frames: readonly Frame[]): Batch => ({
  frames,
  bytes: frames.reduce((sum, frame) => sum + frame.bytes, 0),
});

const EXPIRY_GRACE_MS = 1_000;
const MIN_V1_BUDGET_BYTES = 4 * 1024 * 1024;

export class Sender {
  readonly #options: SenderOptions;
  readonly #unread: UnreadAccount;
  readonly #room: Room;
  #v1Limits: FlowLimits;
  readonly #v2Limits: FlowLimits;

  constructor(options: SenderOptions, unread: UnreadAccount, room: Room) {
    this.#options = options;
    this.#unread = unread;
    this.#room = room;
    const { ackBytes, maxUnreadBytes, sendTimeoutMs } = options;
    this.#v1Limits = this.#v2Limits = { budgetBytes: maxUnreadBytes, ackBytes, forgetMs: sendTimeoutMs };
    this.shareAmong(1);
  }

  send(session: Session, frame: Frame, nowMs: number, asksForPing: boolean): Outcome {
    if (this.#isExpired(session)) {
      this.#room.close(session, "tokenExpired");
      return "gone";
    }
    const limits = this.#limits(session.protocol);
    if (wantsPoll(session.flow, limits)) this.#poll(session, limits, nowMs);
    if (isExhausted(session.flow, limits)) {
      if (session.protocol === V2) return "paused";
      this.#room.close(session, "slowConsumer");
      return "gone";
    }
    // A heartbeat goes to a client that waits too: it says that the line lives, and asks for the ping.
    if (!asksForPing && !this.#unread.mayTake(session)) return "paused";
    try {
      session.socket.send(frame.text);
    } catch {
      this.#room.gone(session);
      return "gone";
    }
    this.#record(session, frame.bytes, asksForPing, nowMs);
    return "sent";
  }

  /** One loop over the sessions, each form's frames encoded once. `onPaused` gets the last cursor sent, if any. */
  broadcast(
    sessions: ReadonlySet<Session>,
    encode: Encode,
    nowMs: number,
    asksForPing: boolean,
    only: ((session: Session) => boolean) | undefined,
    onPaused: (session: Session, cursor: number | null) => void,
  ): void {
    const batches: (Batch | undefined)[] = [];
    for (const session of sessions) {
      if (only !== undefined && !only(session)) continue;
      const { form } = session;
      const batch = (batches[form.index] ??= batchOf(encode(form)));
      if (this.#hasRoomFor(session, batch) && (asksForPing || this.#unread.mayTake(session))) {
        this.#sendWhole(session, batch, nowMs, asksForPing);
        continue;
      }
      const { frames } = batch;
      let cursor: number | null = null;
      for (const frame of frames) {
        const outcome = this.send(session, frame, nowMs, asksForPing);
        if (outcome === "paused") onPaused(session, cursor);
        if (outcome !== "sent") break;
        cursor = frame.cursor;
      }
    }
  }

  /** True when nothing can come between the first frame and the last: neither a look at the ping nor a pause. */
  #hasRoomFor(session: Session, { bytes }: Batch): boolean {
    return !this.#isExpired(session) && hasRoom(session.flow, bytes, this.#limits(session.protocol));
  }

  #isExpired({ expiresAtMs }: Session): boolean {
    return expiresAtMs !== null && this.#options.wallMs() > expiresAtMs + EXPIRY_GRACE_MS;
  }

  /** Sends a text that carries no cursor, past any bound: the answer to something that the client may not do often. */
  answer(session: Session, text: string, nowMs: number): void {
    try {
      session.socket.send(text);
    } catch {
      return this.#room.gone(session);
    }
    recordSent(session.flow, text.length, false, this.#limits(session.protocol), nowMs);
  }

  #sendWhole(session: Session, { frames, bytes }: Batch, nowMs: number, asksForPing: boolean): void {
    try {
      for (const { text } of frames) session.socket.send(text);
    } catch {
      return this.#room.gone(session);
    }
    this.#record(session, bytes, asksForPing, nowMs);
  }

  #record(session: Session, bytes: number, asksForPing: boolean, nowMs: number): void {
    recordSent(session.flow, bytes, asksForPing, this.#limits(session.protocol), nowMs);
    this.#unread.note(session);
    session.lastFrameAtMs = nowMs;
  }

  /** Closes a v2 session that owes a ping for too long. True when it did. */
  closeIfOverdue(session: Session, nowMs: number): boolean {
    if (!isOverdue(session.flow, this.#options.sendTimeoutMs, nowMs)) return false;
    this.#poll(session, this.#limits(session.protocol), nowMs);
    const pinged = this.#options.pingAtMs(session) !== session.flow.pingAtMs;
    if (pinged || !isOverdue(session.flow, this.#options.sendTimeoutMs, nowMs)) return false;
    this.#room.close(session, "slowConsumer");
    return true;
  }

  /** Call when the number of v1 sessions has changed: they share MAX_UNPROVEN_BYTES (B5). */
  shareAmong(v1Sessions: number): void {
    const share = Math.floor(this.#options.maxUnprovenBytes / Math.max(1, v1Sessions));
    this.#v1Limits = { ...this.#v1Limits, budgetBytes: Math.max(MIN_V1_BUDGET_BYTES, share) };
  }

  /**
   * After how many milliseconds to look again whether a lagging session may be sent something; 0 when it may. One that
   * waits for the isolate's sake is asked for the ping it does not owe by itself (B6).
   */
  waitMs(session: Session, nowMs: number): number {
    const { flow, protocol } = session;
    const limits = this.#limits(protocol);
    if (wantsPoll(flow, limits) || !this.#unread.mayTake(session)) this.#poll(session, limits, nowMs);
    // A v1 client past its budget is closed by the next frame.
    const isHeld = !this.#unread.mayTake(session);
    if (!isHeld && (protocol !== V2 || !isExhausted(flow, limits))) return 0;
    flow.waitedSinceMs ??= nowMs;
    if (isHeld) this.#ask(session, limits, nowMs);
    return lookAgainMs(flow, nowMs);
  }

  /** By a heartbeat with the client's own cursor. What is sent up to here is proven by the ping after the next. */
  #ask(session: Session, limits: FlowLimits, nowMs: number): void {
    const { flow, phase } = session;
    if (!this.#unread.mustProve(session) || phase.kind !== "lagging" || flow.owedSinceMs !== null) return;
    const upstream = this.#options.upstream();
    // A v2 heartbeat tells no time.
    const frame = heartbeatFrame(V2, { cursor: phase.cursor, epoch: "", upstream, nowMs, wallMs: 0 });
    if (this.send(session, frame, nowMs, true) === "sent") this.#poll(session, limits, nowMs);
  }

  /** Whether it has to prove what it was sent before it may be live (B6). */
  mustProve(session: Session): boolean {
    return this.#unread.mustProve(session);
  }

  /** Whether it gets nothing more for now, as far as anybody has looked. */
  isHeld(session: Session): boolean {
    const { flow, protocol } = session;
    return !this.#unread.mayTake(session) || (protocol === V2 && isExhausted(flow, this.#limits(protocol)));
  }

  /** Looks at the client's last ping. */
  look(session: Session, nowMs: number): void {
    this.#poll(session, this.#limits(session.protocol), nowMs);
  }

  #poll(session: Session, limits: FlowLimits, nowMs: number): void {
    if (session.protocol !== V2) age(session.flow, limits, nowMs);
    poll(session.flow, this.#options.pingAtMs(session), limits, nowMs, this.#options.wallMs());
    this.#unread.note(session);
  }

  #limits(protocol: Protocol): FlowLimits {
    return protocol === V2 ? this.#v2Limits : this.#v1Limits;
  }
}
