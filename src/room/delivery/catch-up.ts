/**
 * The sessions that are not live: each is sent what lies between its own cursor and the room's, out of the window
 * or by a replay, until the two meet (V10). Nothing here moves the room.
 */
import { caughtUpFrame, heartbeatFrame, type Envelope, type Frame } from "../../protocol/frames.ts";
import type { Form } from "../../protocol/form.ts";
import { V1, V2 } from "../../protocol/subprotocol.ts";
import { encodeEvents, type OnPoison } from "./encode.ts";
import type { Roster } from "./roster.ts";
import type { Sender } from "./sender.ts";
import type { Phase, Session } from "./session.ts";
import type { Window } from "./window.ts";

/** Where the room is: R, and whether it has read what was there when its consumer was opened. */
export interface RoomCursor {
  cursor: number;
  atHead: boolean;
}

/** What came of serving a session that is not live. */
export type Served = "live" | "waiting" | "more" | "paused" | "needs-replay" | "gone";

/** As much as one session is sent in one turn, so that the others have theirs. */
const SLICE_BYTES = 256 * 1024;
/** Slices of a form that are kept until the window changes or the heart beats: 4 MiB at most. */
const MAX_SLICES = 16;

type LaggingPhase = Extract<Phase, { kind: "lagging" }>;

/** What follows a place: everything that matches up to `to`, which is null when nothing does. */
interface Slice {
  readonly frames: readonly Frame[];
  readonly to: number | null;
}

interface Rest {
  readonly events: readonly Envelope[];
  readonly form: Form;
  readonly cursor: number;
  readonly readTo: number;
  readonly frames: readonly Frame[];
}

export class CatchUp {
  readonly #at: Readonly<RoomCursor>;
  readonly #window: Window;
  readonly #roster: Roster;
  readonly #sender: Sender;
  readonly #onPoison: OnPoison;
  /** By form and cursor. */
  readonly #slices = new Map<Form, Map<number, Slice>>();
  #slicesVersion = 0;
  #lastRest: Rest | null = null;

  constructor(at: Readonly<RoomCursor>, window: Window, roster: Roster, sender: Sender, onPoison: OnPoison) {
    this.#at = at;
    this.#window = window;
    this.#roster = roster;
    this.#sender = sender;
    this.#onPoison = onPoison;
  }

  /** Serves one session from the window, a slice at most. Call after flush(). */
  serve(session: Session, nowMs: number): Served {
    const phase = session.phase;
    if (phase.kind === "live") return "live";
    if (this.#sender.closeIfOverdue(session, nowMs)) return "gone";
    if (phase.cursor > this.#at.cursor || phase.readTo > this.#at.cursor) return "waiting";
    if (phase.readTo < this.#window.from) return "needs-replay";
    const { frames, to } = this.#slice(session.form, phase);
    if (to === null) {
      phase.readTo = this.#at.cursor;
      return this.settle(session, nowMs) ? "live" : "waiting";
    }
    const served = this.#sendAll(session, phase, frames, nowMs);
    if (served !== "more") return served;
    phase.readTo = Math.max(phase.readTo, to);
    return phase.readTo >= this.#at.cursor && this.settle(session, nowMs) ? "live" : "more";
  }

  /** Sends events above what the session has read, in frames of its own, as far as flow control lets it. */
  deliver(session: Session, events: readonly Envelope[], nowMs: number): "more" | "paused" | "gone" {
    const phase = session.phase;
    if (phase.kind === "live") return "more";
    return this.#sendAll(session, phase, this.#rest(session.form, phase, events), nowMs);
  }

  /** What of these events lies above a place, encoded once for all who stand there, one after the other. */
  #rest(form: Form, { cursor, readTo }: LaggingPhase, events: readonly Envelope[]): readonly Frame[] {
    const last = this.#lastRest;
    const isSame = last?.events === events && last.form === form;
    if (isSame && last.cursor === cursor && last.readTo === readTo) return last.frames;
    const first = events.findIndex((e) => e.seq > readTo);
    const frames = first < 0 ? [] : this.#encode(form, cursor, first === 0 ? events : events.slice(first));
    this.#lastRest = { events, form, cursor, readTo, frames };
    return frames;
  }

  /**
   * What follows a place, encoded once for all who stand there: under load clients leave the live set at the same
   * frame, and there are as many of them as the room has.
   */
  #slice(form: Form, { cursor, readTo }: LaggingPhase): Slice {
    const encode = (): Slice => {
      const events = this.#window.after(readTo, SLICE_BYTES);
      return { frames: this.#encode(form, cursor, events), to: events.at(-1)?.seq ?? null };
    };
    if (form.protocol === V1 || cursor !== readTo) return encode();
    if (this.#slicesVersion !== this.#window.version) this.#slices.clear();
    this.#slicesVersion = this.#window.version;
    let slices = this.#slices.get(form);
    if (slices === undefined) this.#slices.set(form, (slices = new Map()));
    const known = slices.get(cursor);
    if (known !== undefined) return known;
    const slice = encode();
    if (slices.size < MAX_SLICES) slices.set(cursor, slice);
    return slice;
  }

  #encode(form: Form, prev: number, events: readonly Envelope[]): readonly Frame[] {
    return encodeEvents(form, prev, events, this.#onPoison);
  }

  /** A quiet room must not keep what it encoded: rooms share an isolate. */
  forgetSlices(): void {
    this.#slices.clear();
    this.#lastRest = null;
  }

  #sendAll(session: Session, phase: LaggingPhase, frames: readonly Frame[], nowMs: number): "more" | "paused" | "gone" {
    for (const frame of frames) {
      const outcome = this.#sender.send(session, frame, nowMs, false);
      if (outcome !== "sent") return outcome;
      phase.cursor = frame.cursor;
      phase.readTo = frame.cursor;
      session.fromOldest = false;
    }
    return "more";
  }

  /**
   * Retention has passed the start of somebody who asked for the oldest event: it is another one now. A v2 client is told,
   * or its chain of cursors would hide what is missing (V10).
   */
  skipTo(session: Session, readTo: number, nowMs: number): void {
    const phase = session.phase;
    if (phase.kind === "live") return;
    phase.readTo = readTo;
    if (session.protocol === V1) return;
    // A v2 heartbeat tells no time.
    const frame = heartbeatFrame(V2, { cursor: readTo, epoch: "", upstream: "connected", nowMs, wallMs: 0 });
    if (this.#sender.send(session, frame, nowMs, true) === "sent") phase.cursor = readTo;
  }

  /** A session whose own cursor has met the room's goes live (V10). A v1 client proves nothing by its cursor. */
  settle(session: Session, nowMs: number): boolean {
    const phase = session.phase;
    if (phase.kind === "live") return true;
    if (phase.readTo < this.#at.cursor || phase.cursor > this.#at.cursor) return false;
    if (this.#sender.mustProve(session)) return false;
    if (session.protocol === V1) phase.cursor = this.#at.cursor;
    if (session.owesCaughtUp && this.#at.atHead && !this.tell(session, nowMs)) return false;
    if (phase.cursor !== this.#at.cursor || !this.#roster.all.has(session)) return false;
    session.fromOldest = false;
    this.#roster.toLive(session);
    return true;
  }

  /** Says once that the replay is over (V5). False when the client owes a ping first: then it is not over yet. */
  tell(session: Session, nowMs: number): boolean {
    if (session.protocol === V2) {
      const outcome = this.#sender.send(session, caughtUpFrame(this.#at.cursor), nowMs, false);
      if (outcome !== "sent") return outcome === "gone";
      if (session.phase.kind === "lagging") session.phase.cursor = this.#at.cursor;
    }
    session.owesCaughtUp = false;
    return true;
  }
}
