/** One frame to one session, under flow control (B1) and never after its credential has expired (A3). */
import type { CloseName } from "../../protocol/codes.ts";
import type { Frame } from "../../protocol/frames.ts";
import { V1, V2, type Protocol } from "../../protocol/subprotocol.ts";
import {
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
}

interface Room {
  close(session: Session, name: CloseName): void;
  gone(session: Session): void;
}

/** `paused`: a v2 client must acknowledge first. `gone`: the session has left the room. */
export type Outcome = "sent" | "paused" | "gone";

/** Frames for all readers of one protocol. */
export type Encode = (protocol: Protocol) => readonly Frame[];

interface Batch {
  readonly frames: readonly Frame[];
  readonly bytes: number;
}

const batchOf = (frames: readonly Frame[]): Batch => ({
  frames,
  bytes: frames.reduce((sum, frame) => sum + frame.bytes, 0),
});

const EXPIRY_GRACE_MS = 1_000;
const MIN_V1_BUDGET_BYTES = 1024 * 1024;
/** A proof lags by two pings, and the next may be under way: with less, clients that read would be held up. */
const V2_LEAST_ACKS = 3;

export class Sender {
  readonly #options: SenderOptions;
  readonly #room: Room;
  #v1Limits: FlowLimits;
  #v2Limits: FlowLimits;

  constructor(options: SenderOptions, room: Room) {
    this.#options = options;
    this.#room = room;
    this.#v1Limits = this.#v2Limits = { budgetBytes: options.maxUnreadBytes, ackBytes: options.ackBytes };
    this.shareAmong(0, 0);
  }

  send(session: Session, frame: Frame, nowMs: number, asksForPing: boolean): Outcome {
    if (session.expiresAtMs !== null && this.#options.wallMs() > session.expiresAtMs + EXPIRY_GRACE_MS) {
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
    try {
      session.socket.send(frame.text);
    } catch {
      this.#room.gone(session);
      return "gone";
    }
    recordSent(session.flow, frame.bytes, asksForPing, limits, nowMs);
    session.lastFrameAtMs = nowMs;
    return "sent";
  }

  /** One loop over the sessions, each protocol's frames encoded once. `onPaused` gets the last cursor sent, if any. */
  broadcast(
    sessions: ReadonlySet<Session>,
    encode: Encode,
    nowMs: number,
    asksForPing: boolean,
    only: ((session: Session) => boolean) | undefined,
    onPaused: (session: Session, cursor: number | null) => void,
  ): void {
    let v1: Batch | null = null;
    let v2: Batch | null = null;
    for (const session of sessions) {
      if (only !== undefined && !only(session)) continue;
      const batch = session.protocol === V2 ? (v2 ??= batchOf(encode(V2))) : (v1 ??= batchOf(encode(V1)));
      if (this.#hasRoomFor(session, batch)) {
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
  #hasRoomFor({ flow, expiresAtMs, protocol }: Session, { bytes }: Batch): boolean {
    return expiresAtMs === null && hasRoom(flow, bytes, this.#limits(protocol));
  }

  #sendWhole(session: Session, { frames, bytes }: Batch, nowMs: number, asksForPing: boolean): void {
    try {
      for (const { text } of frames) session.socket.send(text);
    } catch {
      return this.#room.gone(session);
    }
    recordSent(session.flow, bytes, asksForPing, this.#limits(session.protocol), nowMs);
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

  /**
   * Call when the number of sessions has changed. v1 sessions share MAX_UNPROVEN_BYTES. In a large room v2 sessions
   * have less than MAX_UNREAD_BYTES each, but always so much that one that reads comes to owe a ping.
   */
  shareAmong(v1Sessions: number, v2Sessions: number): void {
    const { maxUnprovenBytes, maxUnreadBytes, maxQueuedBytes, ackBytes } = this.#options;
    const v1Share = Math.floor(maxUnprovenBytes / Math.max(1, v1Sessions));
    const v2Share = Math.max(maxQueuedBytes / Math.max(1, v2Sessions), ackBytes * V2_LEAST_ACKS);
    this.#v1Limits = { budgetBytes: Math.max(MIN_V1_BUDGET_BYTES, v1Share), ackBytes };
    this.#v2Limits = { budgetBytes: Math.min(maxUnreadBytes, v2Share), ackBytes };
  }

  /** After how many milliseconds to look again whether the session may be sent something; 0 when it may. */
  waitMs(session: Session, nowMs: number): number {
    if (session.protocol !== V2) return 0;
    const limits = this.#limits(V2);
    if (wantsPoll(session.flow, limits)) this.#poll(session, limits, nowMs);
    return isExhausted(session.flow, limits) ? lookAgainMs(session.flow, nowMs) : 0;
  }

  /** Looks at the client's last ping. */
  look(session: Session, nowMs: number): void {
    this.#poll(session, this.#limits(session.protocol), nowMs);
  }

  #poll(session: Session, limits: FlowLimits, nowMs: number): boolean {
    return poll(session.flow, this.#options.pingAtMs(session), limits, nowMs, this.#options.wallMs());
  }

  #limits(protocol: Protocol): FlowLimits {
    return protocol === V2 ? this.#v2Limits : this.#v1Limits;
  }
}
