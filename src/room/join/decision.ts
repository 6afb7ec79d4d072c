/**
 * Where a joining client starts, or why it cannot (W3 to W6, V6). Pure.
 *
 *   since inside the window, epoch ours or not said ──▶ admit    at once, whatever the broker does (W11, B3)
 *   anything else, no STREAM.INFO since it arrived  ──▶ ask
 *   no since                                        ──▶ admit    at the stream's last seq S (W3)
 *   another epoch, or above the stream's last seq   ──▶ lost     stream-reset (W6, V6)
 *   below retention, and the window is no help      ──▶ lost     retention-exhausted (W5)
 *   since=0 without epoch                           ──▶ admit    from the oldest retained (W4)
 *   any other since                                 ──▶ admit    at since
 */
import type { CloseName } from "../../protocol/codes.ts";
import type { LostCursor } from "../../protocol/frames.ts";

export interface StartRequest {
  readonly since: number | null;
  readonly epoch: string | null;
}

/** What the room knows, or null while it is cold. */
export interface RoomView {
  readonly cursor: number;
  /** Nothing was waiting to be read when the room last looked. */
  readonly atHead: boolean;
  readonly windowFrom: number;
  readonly epoch: string;
}

/** The stream, from a STREAM.INFO asked after the client arrived. */
export interface StreamView {
  readonly epoch: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** As `Head.floor`. */
  readonly floor: number;
}

export interface Admitted {
  readonly kind: "admit";
  readonly cursor: number;
  /** Nothing lies between the cursor and the head: no replay comes first (V3). */
  readonly live: boolean;
  readonly fromOldest: boolean;
}

export type Decision =
  | { readonly kind: "ask" }
  | Admitted
  | { readonly kind: "lost"; readonly why: LostCursor; readonly oldestSeq: number };

/** The answer a client gets in the end. */
export type Admission =
  | Exclude<Decision, { readonly kind: "ask" }>
  | { readonly kind: "refuse"; readonly close: CloseName };

export function decide(request: StartRequest, room: RoomView | null, stream: StreamView | null): Decision {
  const { since, epoch } = request;
  const fromOldest = since === 0 && epoch === null;
  const known = room !== null && since !== null && (epoch === null || epoch === room.epoch);
  if (known && since >= room.windowFrom && since <= room.cursor) {
    return { kind: "admit", cursor: since, live: since === room.cursor && room.atHead, fromOldest };
  }
  if (stream === null) return { kind: "ask" };
  if (since === null) return { kind: "admit", cursor: stream.lastSeq, live: true, fromOldest: false };
  // The room may have read past this INFO by now, so the later of the two counts.
  const lastSeq = Math.max(stream.lastSeq, room?.epoch === stream.epoch ? room.cursor : 0);
  if ((epoch !== null && epoch !== stream.epoch) || since > lastSeq) return lost("stream-reset", stream);
  if (fromOldest) return admit(Math.max(0, stream.firstSeq - 1), lastSeq, true);
  if (since + 1 < stream.floor) return lost("retention-exhausted", stream);
  return admit(since, lastSeq, false);
}

function admit(cursor: number, lastSeq: number, fromOldest: boolean): Decision {
  return { kind: "admit", cursor, live: cursor >= lastSeq, fromOldest };
}

function lost(why: LostCursor, stream: StreamView): Decision {
  return { kind: "lost", why, oldestSeq: stream.firstSeq };
}
