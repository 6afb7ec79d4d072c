/**
 * Where the room's one live consumer starts, each time it is created. Pure.
 *
 *   another epoch, or another history                          ──▶ reset     everybody is told (W6)
 *   the stream is shorter than what somebody here was sent     ──▶ wait      the new leader of a cluster may be behind
 *   the same, for too long, or nobody is here                  ──▶ reset
 *   somebody is here, or the window still joins up             ──▶ continue  after what was read
 *   nobody is here                                             ──▶ restart   where the joiners want it (B3)
 */
import { isSameHistory } from "../../upstream/stream-info.ts";
import type { StreamView, StartRequest } from "../join/decision.ts";

/** A stream with its size, to estimate what a range of it weighs. */
export interface SizedStream extends StreamView {
  readonly messages: number;
  readonly bytes: number;
}

/** What the room remembers; null when it is cold. */
export interface RoomProgress {
  readonly epoch: string;
  /** How far everything that matches has been read. */
  readonly position: number;
  readonly clients: number;
  readonly windowSize: number;
  /** False once a stream that is shorter than what was read has been so for too long to be only behind. */
  readonly isPatient: boolean;
  /** The stream was found to hold something else where this room has read. */
  readonly isOther: boolean;
}

export type StartDecision =
  | { readonly kind: "continue" | "reset" | "restart"; readonly cursor: number }
  | { readonly kind: "wait" };

export function decideStart(
  room: RoomProgress | null,
  stream: SizedStream,
  startRequests: readonly StartRequest[],
  windowBytes: number,
): StartDecision {
  if (room !== null && (room.isOther || !isSameHistory(room, stream))) {
    const mayBeBehind = room.epoch === stream.epoch && !room.isOther;
    if (mayBeBehind && room.clients > 0 && room.isPatient) return { kind: "wait" };
    return { kind: "reset", cursor: coldStart(startRequests, stream, windowBytes) };
  }
  if (room !== null && (room.clients > 0 || (room.windowSize > 0 && fits(room.position, stream, windowBytes)))) {
    return { kind: "continue", cursor: room.position };
  }
  return { kind: "restart", cursor: coldStart(startRequests, stream, windowBytes) };
}

/**
 * The cursor a cold room starts its consumer at: the lowest `since` whose events up to the head should fit the
 * window, so that a storm of returning clients is one refill (B3); without any, the head.
 */
export function coldStart(startRequests: readonly StartRequest[], stream: SizedStream, windowBytes: number): number {
  let start = stream.lastSeq;
  for (const { since, epoch } of startRequests) {
    if (since === null || (epoch !== null && epoch !== stream.epoch) || since > stream.lastSeq) continue;
    const cursor = since === 0 && epoch === null ? Math.max(0, stream.firstSeq - 1) : since;
    if (cursor + 1 < stream.firstSeq) continue;
    if (cursor < start && fits(cursor, stream, windowBytes)) start = cursor;
  }
  return start;
}

/** A guess from the stream's average: a filter can only make it smaller. */
function fits(cursor: number, stream: SizedStream, windowBytes: number): boolean {
  const averageBytes = stream.messages > 0 ? stream.bytes / stream.messages : 0;
  return (stream.lastSeq - cursor) * averageBytes <= windowBytes;
}
