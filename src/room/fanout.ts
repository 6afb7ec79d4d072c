/**
 * The heart of the room: who has been sent what (V10). No clock, no timer, no network of its own.
 *
 * The room has one broadcast cursor R. A live session is at R and gets the frames that move it, encoded once for
 * all. Any other session has a cursor of its own and gets frames of its own until it meets R. Everything that
 * carries, stores or compares a cursor first flushes the batch, in the same turn.
 */
import type { CloseName } from "../protocol/codes.ts";
import {
  caughtUpFrame,
  eventFrames,
  heartbeatFrame,
  type Envelope,
  type Frame,
  type LostCursor,
  type UpstreamHealth,
} from "../protocol/frames.ts";
import { V1, V2, type Protocol } from "../protocol/subprotocol.ts";
import { closeQuietly, sendProblem } from "./farewell.ts";
import { Sender, type SenderOptions } from "./sender.ts";
import { cursorOf, LIVE, type Session } from "./session.ts";
import { Window } from "./window.ts";

export interface FanoutOptions extends SenderOptions {
  readonly windowBytes: number;
  readonly heartbeatMs: number;
  /** Called after a session has left, however. */
  readonly onGone: (session: Session, close: CloseName | null) => void;
}

/** What came of serving a session that is not live. */
export type Served = "live" | "waiting" | "more" | "paused" | "needs-replay" | "gone";

const SLICE_BYTES = 256 * 1024;

export class Fanout {
  readonly sessions = new Set<Session>();
  /** Sessions with a cursor of their own. */
  readonly own = new Set<Session>();
  readonly #live = new Set<Session>();
  readonly #options: FanoutOptions;
  readonly window: Window;
  #pending: Envelope[] = [];
  #cursor: number;
  #atHead = false;
  #v1Count = 0;
  readonly #sender: Sender;
  epoch: string;

  constructor(cursor: number, epoch: string, options: FanoutOptions) {
    this.#cursor = cursor;
    this.epoch = epoch;
    this.#options = options;
    this.window = new Window(cursor, options.windowBytes);
    this.#sender = new Sender(options, {
      close: (session, name) => this.close(session, name),
      gone: (session) => this.leave(session),
    });
  }

  /** R: the cursor every live client has. Flush first. */
  get cursor(): number {
    return this.#cursor;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  get liveCount(): number {
    return this.#live.size;
  }

  /** Takes the next event, ascending. It is sent by the next flush. */
  receive(envelope: Envelope): void {
    this.#pending.push(envelope);
  }

  /** Sends the batch: R moves to its last event. */
  flush(nowMs: number): void {
    const events = this.#pending;
    if (events.length === 0) return;
    this.#pending = [];
    const prev = this.#cursor;
    for (const event of events) this.window.push(event);
    this.#cursor = (events[events.length - 1] as Envelope).seq;
    this.#broadcast((protocol) => eventFrames(protocol, prev, events), prev, nowMs);
    this.serveOwn(nowMs);
  }

  /** Adds a session at a cursor of its own and serves it what is at hand. */
  join(session: Session, nowMs: number): Served {
    this.flush(nowMs);
    this.sessions.add(session);
    this.own.add(session);
    this.#countV1(session, 1);
    return this.serve(session, nowMs);
  }

  /** Puts a session back after hibernation, with nothing to send. */
  restore(session: Session): void {
    this.sessions.add(session);
    (session.phase.kind === "live" ? this.#live : this.own).add(session);
    this.#countV1(session, 1);
  }

  /** Forgets a session; its socket is the caller's business. */
  leave(session: Session, close: CloseName | null = null): void {
    if (!this.sessions.delete(session)) return;
    this.#live.delete(session);
    this.own.delete(session);
    this.#countV1(session, -1);
    this.#options.onGone(session, close);
  }

  close(session: Session, name: CloseName): void {
    this.leave(session, name);
    closeQuietly(session.socket, name);
  }

  /** Ends every session that has not been sent everything up to `readTo` (W5), or all of them (W6). */
  lose(why: LostCursor, oldestSeq: number, readTo: number, position: number): void {
    for (const session of [...this.sessions]) {
      const phase = session.phase;
      const has = phase.kind === "live" || phase.readTo >= this.#cursor ? Math.max(position, cursorOf(session, 0)) : phase.readTo;
      if (has >= readTo) continue;
      if (why === "retention-exhausted" && session.fromOldest && phase.kind === "own") {
        phase.readTo = readTo;
        continue;
      }
      this.tellLost(session, why, oldestSeq);
    }
  }

  /** Tells one session that its cursor is gone, and closes it. */
  tellLost(session: Session, why: LostCursor, oldestSeq: number): void {
    this.leave(session, why === "stream-reset" ? "streamReset" : "retentionExhausted");
    sendProblem(session.socket, session.protocol, why, oldestSeq);
  }

  /** The room goes on from another place: nothing it remembers joins up with that. */
  restart(cursor: number, epoch: string): void {
    this.#pending = [];
    this.#cursor = cursor;
    this.epoch = epoch;
    this.window.reset(cursor);
  }

  /** Notes whether the room has read what was there when it opened its consumer; tells who waits for it (V5). */
  setAtHead(atHead: boolean, nowMs: number): void {
    if (this.#atHead === atHead) return;
    this.#atHead = atHead;
    if (!atHead) return;
    this.flush(nowMs);
    for (const session of [...this.sessions]) {
      if (!session.owesCaughtUp) continue;
      if (session.phase.kind === "own") this.serve(session, nowMs);
      else this.#tellCaughtUp(session, nowMs);
    }
  }

  /**
   * The heartbeat (W8, W9). `position` is how far the upstream has surely read. If that moves R, every live
   * client is told in this turn; otherwise only those that heard nothing for half a period.
   */
  heartbeat(position: number, upstream: UpstreamHealth, nowMs: number): void {
    this.flush(nowMs);
    const prev = this.#cursor;
    const moved = position > prev;
    if (moved) this.#cursor = position;
    const frame = (protocol: Protocol, cursor: number): Frame => {
      const text = heartbeatFrame(protocol, { cursor, epoch: this.epoch, upstream, nowMs });
      return { text, bytes: text.length, cursor };
    };
    const idle = (session: Session): boolean => nowMs - session.lastFrameAtMs >= this.#options.heartbeatMs / 2;
    for (const session of this.#live) this.#sender.closeIfOverdue(session, nowMs);
    this.#broadcast((protocol) => [frame(protocol, this.#cursor)], prev, nowMs, moved ? undefined : idle, true);
    this.serveOwn(nowMs);
    for (const session of [...this.own]) {
      const phase = session.phase;
      if (phase.kind === "live" || !idle(session)) continue;
      const cursor = phase.readTo >= this.#cursor ? Math.max(this.#cursor, phase.cursor) : phase.cursor;
      if (this.#sender.send(session, frame(session.protocol, cursor), nowMs, true) !== "sent") continue;
      phase.cursor = cursor;
      this.#settle(session, nowMs);
    }
  }

  /** Serves every session that is not live from the window. */
  serveOwn(nowMs: number): void {
    if (this.own.size === 0) return;
    for (const session of [...this.own]) this.serve(session, nowMs);
  }

  /** Serves one session from the window, a slice at most. Call after flush(). */
  serve(session: Session, nowMs: number): Served {
    const phase = session.phase;
    if (phase.kind === "live") return "live";
    if (this.#sender.closeIfOverdue(session, nowMs)) return "gone";
    if (phase.cursor > this.#cursor || phase.readTo > this.#cursor) return "waiting";
    if (phase.readTo < this.window.from) return "needs-replay";
    const events = this.window.after(phase.readTo, SLICE_BYTES);
    if (events.length === 0) {
      phase.readTo = this.#cursor;
      return this.#settle(session, nowMs) ? "live" : "waiting";
    }
    const served = this.deliver(session, events, nowMs);
    if (served !== "more") return served;
    return phase.readTo >= this.#cursor && this.#settle(session, nowMs) ? "live" : "more";
  }

  /** Sends events above what the session has read, in frames of its own, as far as flow control lets it. */
  deliver(session: Session, events: readonly Envelope[], nowMs: number): "more" | "paused" | "gone" {
    const phase = session.phase;
    if (phase.kind === "live") return "more";
    const first = events.findIndex((e) => e.seq > phase.readTo);
    if (first < 0) return "more";
    const wanted = first === 0 ? events : events.slice(first);
    for (const frame of eventFrames(session.protocol, phase.cursor, wanted)) {
      const outcome = this.#sender.send(session, frame, nowMs, false);
      if (outcome !== "sent") return outcome;
      phase.cursor = frame.cursor;
      phase.readTo = frame.cursor;
      session.fromOldest = false;
    }
    return "more";
  }

  #countV1(session: Session, change: 1 | -1): void {
    if (session.protocol !== V1) return;
    this.#v1Count += change;
    this.#sender.shareAmong(this.#v1Count);
  }

  /** A session whose own cursor has met the room's goes live (V10). A v1 client proves nothing by its cursor. */
  #settle(session: Session, nowMs: number): boolean {
    const phase = session.phase;
    if (phase.kind === "live") return true;
    if (phase.readTo < this.#cursor || phase.cursor > this.#cursor) return false;
    if (session.protocol === V1) phase.cursor = this.#cursor;
    if (session.owesCaughtUp && this.#atHead) this.#tellCaughtUp(session, nowMs);
    if (phase.cursor !== this.#cursor || !this.sessions.has(session)) return false;
    session.phase = LIVE;
    session.fromOldest = false;
    this.own.delete(session);
    this.#live.add(session);
    return true;
  }

  #tellCaughtUp(session: Session, nowMs: number): void {
    if (session.protocol === V2) {
      const text = caughtUpFrame(this.#cursor);
      if (this.#sender.send(session, { text, bytes: text.length, cursor: this.#cursor }, nowMs, false) !== "sent") return;
      if (session.phase.kind === "own") session.phase.cursor = this.#cursor;
    }
    session.owesCaughtUp = false;
  }

  /** One loop over the live set, each protocol's frames encoded once. */
  #broadcast(
    encode: (protocol: Protocol) => Frame[],
    prev: number,
    nowMs: number,
    only?: (session: Session) => boolean,
    asksForPing = false,
  ): void {
    let v1: Frame[] | null = null;
    let v2: Frame[] | null = null;
    for (const session of this.#live) {
      if (only !== undefined && !only(session)) continue;
      const frames = session.protocol === V2 ? (v2 ??= encode(V2)) : (v1 ??= encode(V1));
      let cursor = prev;
      for (const frame of frames) {
        const outcome = this.#sender.send(session, frame, nowMs, asksForPing);
        if (outcome === "sent") {
          cursor = frame.cursor;
          continue;
        }
        if (outcome === "paused") this.#leaveLive(session, cursor);
        break;
      }
    }
  }

  #leaveLive(session: Session, cursor: number): void {
    this.#live.delete(session);
    this.own.add(session);
    session.phase = { kind: "own", cursor, readTo: cursor };
  }

  /** The `welcome` of a session about to join (V3). */
  greet(session: Session, text: string, nowMs: number): void {
    this.#sender.send(session, { text, bytes: text.length, cursor: cursorOf(session, this.#cursor) }, nowMs, false);
  }
}
