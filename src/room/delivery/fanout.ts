/**
 * The heart of the room: who has been sent what (V10). No clock, no timer, no network of its own.
 *
 * The room has one broadcast cursor R. A live session is at R and gets the frames that move it, encoded once for
 * all. Any other session has a cursor of its own and gets frames of its own until it meets R. Everything that
 * carries, stores or compares a cursor first flushes the batch, in the same turn.
 */
import type { CloseName } from "../../protocol/codes.ts";
import {
  heartbeatFrame,
  type Envelope,
  type Frame,
  type LostCursor,
  type UpstreamHealth,
} from "../../protocol/frames.ts";
import type { Form } from "../../protocol/form.ts";
import type { Protocol } from "../../protocol/subprotocol.ts";
import { UnreadAccount } from "./unread.ts";
import { CatchUp, type RoomCursor, type Served } from "./catch-up.ts";
import type { Isolate } from "../isolate/isolate.ts";
import { encodeBatch, type OnPoison } from "./encode.ts";
import { dismiss, sendProblem } from "./close.ts";
import { Sender, type Encode, type SenderOptions } from "./sender.ts";
import { Roster } from "./roster.ts";
import { sentTo, type Session, type Standing } from "./session.ts";
import { Window } from "./window.ts";

export interface FanoutOptions extends SenderOptions {
  readonly isolate: Isolate;
  /** Names the object among those that share the isolate. */
  readonly id: string;
  readonly windowBytes: number;
  readonly heartbeatMs: number;
  /** A session has left the live set: somebody must look for its ping, whatever flushed the batch. */
  readonly onPaused?: () => void;
  readonly onGone: (session: Session, close: CloseName | null) => void;
  readonly onPoison: OnPoison;
}

export class Fanout {
  readonly window: Window;
  readonly unread: UnreadAccount;
  readonly #roster: Roster;
  readonly #options: FanoutOptions;
  #pending: Envelope[] = [];
  #pendingBytes = 0;
  readonly #at: RoomCursor;
  readonly #sender: Sender;
  readonly #catchUp: CatchUp;
  epoch: string;

  constructor(cursor: number, epoch: string, options: FanoutOptions) {
    this.epoch = epoch;
    this.#options = options;
    this.window = new Window(cursor, options.windowBytes, options.isolate, options.id);
    this.#at = { cursor, atHead: false };
    this.unread = new UnreadAccount(options, options.isolate.unread, options.id);
    this.#sender = new Sender(options, this.unread, {
      close: (session, name) => this.close(session, name),
      gone: (session) => this.leave(session),
    });
    this.#roster = new Roster((v1) => this.#sender.shareAmong(v1));
    this.#catchUp = new CatchUp(this.#at, this.window, this.#roster, this.#sender, options.onPoison);
  }

  /** R: the cursor every live client has. A batch may wait above it: compare and store `settled().cursor`. */
  get cursor(): number {
    return this.#at.cursor;
  }

  /** Sends what waits, and says where the room is then (V10): the only place to be compared, stored or told. */
  settled(nowMs: number): Readonly<RoomCursor> {
    this.flush(nowMs);
    return { ...this.#at };
  }

  /** What the next flush sends. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get sessions(): ReadonlySet<Session> {
    return this.#roster.all;
  }

  get lagging(): ReadonlySet<Session> {
    return this.#roster.lagging;
  }

  /** Takes the next event, ascending. It is sent by the next flush. */
  receive(envelope: Envelope): void {
    this.#pending.push(envelope);
    this.#pendingBytes += envelope.bytes;
  }

  /** Sends the batch: R moves to its last event. */
  flush(nowMs: number): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    const { live, forms } = this.#roster;
    if (live.size > 0) this.#options.isolate.throttle.heard(this.#pendingBytes, nowMs);
    this.#pending = [];
    this.#pendingBytes = 0;
    const prev = this.#at.cursor;
    const { events, frames } = encodeBatch(prev, pending, live.size > 0 ? forms : [], this.#options.onPoison);
    for (const event of events) this.window.push(event);
    this.#at.cursor = events.at(-1)?.seq ?? prev;
    this.#broadcast((form) => frames.get(form) ?? [], prev, nowMs, false);
    this.serveLagging(nowMs);
    this.shed(nowMs);
    this.#holdBack();
  }

  /** Adds a session at a cursor of its own and serves it what is at hand. */
  join(session: Session, nowMs: number): Served {
    this.flush(nowMs);
    this.restore(session);
    return this.serve(session, nowMs);
  }

  /** Puts a session back after hibernation, with nothing to send. */
  restore(session: Session): void {
    this.#roster.add(session);
    this.unread.enter(session);
  }

  /** Forgets a session; its socket is the caller's business. */
  leave(session: Session, close: CloseName | null = null): void {
    if (!this.#roster.remove(session)) return;
    this.unread.left(session, close !== null);
    this.#options.onGone(session, close);
  }

  close(session: Session, name: CloseName): void {
    this.leave(session, name);
    dismiss(session.socket, session.protocol, name);
  }

  /** Ends every session that has not been sent everything up to `readTo` (W5), or all of them (W6). */
  lose(why: LostCursor, oldestSeq: number, readTo: number, position: number, nowMs: number): void {
    for (const session of [...this.#roster.all]) {
      if (sentTo(session, this.#at.cursor, position) >= readTo) continue;
      const mayMove = why === "retention-exhausted" && session.fromOldest && session.phase.kind === "lagging";
      if (mayMove) this.skipTo(session, readTo, nowMs);
      else this.tellLost(session, why, oldestSeq);
    }
  }

  /** Retention has passed the start of somebody who asked for the oldest event: delivery begins above `readTo`. */
  skipTo(session: Session, readTo: number, nowMs: number): void {
    this.#catchUp.skipTo(session, readTo, nowMs);
  }

  /** Tells one session that its cursor is gone, and closes it. */
  tellLost(session: Session, why: LostCursor, oldestSeq: number): void {
    if (!this.#roster.all.has(session)) return;
    this.leave(session, why === "stream-reset" ? "streamReset" : "retentionExhausted");
    sendProblem(session.socket, session.protocol, why, oldestSeq);
  }

  /** The stream no longer holds what lies below `firstSeq`: nobody gets it any more (W19). */
  forget(firstSeq: number, nowMs: number): void {
    this.flush(nowMs);
    this.window.forgetBelow(firstSeq);
    this.#catchUp.forgetSlices();
  }

  /** The room goes on from another place: nothing it remembers joins up with that. */
  restart(cursor: number, epoch: string): void {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#at.cursor = cursor;
    this.epoch = epoch;
    this.window.reset(cursor);
  }

  /** Notes whether the room has read what was there when it opened its consumer; tells who waits for it (V5). */
  setAtHead(atHead: boolean, nowMs: number): void {
    if (this.#at.atHead === atHead) return;
    this.#at.atHead = atHead;
    if (!atHead) return;
    this.flush(nowMs);
    for (const session of [...this.#roster.all]) {
      if (!session.owesCaughtUp) continue;
      if (session.phase.kind === "lagging") this.serve(session, nowMs);
      else if (!this.#catchUp.tell(session, nowMs)) this.#roster.toLagging(session, this.#at.cursor);
    }
  }

  /** The heartbeat (W8, W9). `position`: how far was surely read. If it moves R all live clients are told, else the idle. */
  heartbeat(position: number, upstream: UpstreamHealth, nowMs: number): void {
    this.flush(nowMs);
    this.#catchUp.forgetSlices();
    const prev = this.#at.cursor;
    this.#at.cursor = Math.max(prev, position);
    const frame = (protocol: Protocol, cursor: number): Frame =>
      heartbeatFrame(protocol, { cursor, epoch: this.epoch, upstream, nowMs, wallMs: this.#options.wallMs() });
    const idle = (session: Session): boolean => nowMs - session.lastFrameAtMs >= this.#options.heartbeatMs / 2;
    for (const session of this.#roster.live) this.#sender.closeIfOverdue(session, nowMs);
    const encode = ({ protocol }: Form): Frame[] => [frame(protocol, this.#at.cursor)];
    this.#broadcast(encode, prev, nowMs, true, position > prev ? undefined : idle);
    const lagging = [...this.#roster.lagging];
    this.serveLagging(nowMs);
    for (const session of lagging) {
      if (!this.#roster.all.has(session) || !idle(session)) continue;
      const phase = session.phase;
      const room = this.#at.cursor;
      const cursor = phase.kind === "live" ? room : phase.readTo >= room ? Math.max(room, phase.cursor) : phase.cursor;
      const outcome = this.#sender.send(session, frame(session.protocol, cursor), nowMs, true);
      // A v1 client goes live without a frame, so it may have done so just now and still be due one.
      if (phase.kind === "live" && outcome === "paused") this.#roster.toLagging(session, room);
      if (phase.kind === "live" || outcome !== "sent") continue;
      phase.cursor = cursor;
      this.#catchUp.settle(session, nowMs);
    }
    this.unread.age(nowMs);
    this.shed(nowMs);
    this.#holdBack();
  }

  /** Serves every session that is not live from the window. */
  serveLagging(nowMs: number): void {
    for (const session of [...this.#roster.lagging]) this.serve(session, nowMs);
  }

  /** Serves one session from the window, a slice at most. Call after flush(). */
  serve(session: Session, nowMs: number): Served {
    return this.#catchUp.serve(session, nowMs);
  }

  /** Sends events above what the session has read, in frames of its own, as far as flow control lets it. */
  deliver(session: Session, events: readonly Envelope[], nowMs: number): "more" | "paused" | "gone" {
    return this.#catchUp.deliver(session, events, nowMs);
  }

  /** Closes those that the isolate has no room for (B7). */
  shed(nowMs: number): void {
    const look = (session: Session): void => this.#sender.look(session, nowMs);
    for (const session of this.unread.toShed(look, nowMs)) this.close(session, "slowConsumer");
  }

  /** Past half of the isolate's bound nobody is live who has something to prove: it is asked, and looked after, as lagging (B6). */
  #holdBack(): void {
    if (!this.unread.isTight) return;
    for (const session of this.#roster.live) if (this.unread.mustProve(session)) this.#pause(session, this.#at.cursor);
  }

  #pause(session: Session, cursor: number): void {
    this.#roster.toLagging(session, cursor);
    this.#options.onPaused?.();
  }

  /** Closes the lagging sessions that owe a `ping` for too long (B1), and those that the isolate has no room for. */
  closeOverdue(nowMs: number): void {
    this.shed(nowMs);
    for (const session of [...this.#roster.lagging]) this.#sender.closeIfOverdue(session, nowMs);
  }

  /** As `Sender.waitMs`. */
  waitMs(session: Session, nowMs: number): number {
    return this.#sender.waitMs(session, nowMs);
  }

  /** To the live set; who owes a ping leaves it, at the cursor it has. */
  #broadcast(
    encode: Encode,
    prev: number,
    nowMs: number,
    asksForPing: boolean,
    only?: (session: Session) => boolean,
  ): void {
    const onPaused = (session: Session, cursor: number | null): void => this.#pause(session, cursor ?? prev);
    this.#sender.broadcast(this.#roster.live, encode, nowMs, asksForPing, only, onPaused);
  }

  /** Where each client stands, with nothing looked at or changed for it (O4). */
  standings(): readonly { readonly protocol: Protocol; readonly standing: Standing }[] {
    return [...this.#roster.all].map((session) => ({
      protocol: session.protocol,
      standing: this.#standingOf(session),
    }));
  }

  #standingOf(session: Session): Standing {
    const { phase } = session;
    if (this.#sender.isHeld(session)) return "paused";
    return phase.kind === "lagging" && phase.readTo < this.#at.cursor ? "replaying" : "live";
  }

  /** As `Sender.answer`. */
  answer(session: Session, text: string, nowMs: number): void {
    this.#sender.answer(session, text, nowMs);
  }

  /** The `welcome` of a session about to join (V3). */
  greet(session: Session, welcome: Frame, nowMs: number): void {
    this.#sender.send(session, welcome, nowMs, false);
  }
}
