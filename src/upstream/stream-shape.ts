/**
 * What makes messages leave a stream, and so what a first seq that has moved says about events that a reader has not seen
 * (W5, W18). Pure.
 */

export interface StreamShape {
  /** `limits` is served. In the others delivery itself removes messages: the relay would take them from whom they are for. */
  readonly retention: string;
  /** `max_msgs_per_subject`: newer messages of a subject replace its older ones. */
  readonly replaces: boolean;
  /** Age at which a message leaves, in milliseconds; null when none does. */
  readonly maxAgeMs: number | null;
  /** `max_msgs` or `max_bytes` remove the oldest: they do not where the stream refuses new messages instead. */
  readonly cutsOldest: boolean;
  /** Messages may name an age of their own. */
  readonly hasMessageTtl: boolean;
}

/** A message near its age may be gone before it is read: so much younger it must be to prove anything. */
const AGE_MARGIN_MS = 60_000;
const NANOS_PER_MS = 1_000_000n;

/** What a stream says of what it still holds. */
export interface Retained {
  readonly firstSeq: number;
  readonly messages: number;
  readonly shape: StreamShape;
}

/**
 * The lowest seq of which an unread event may have been taken without the reader's knowledge: a reader that has everything
 * below it has lost nothing. Mostly that is the first seq. Where only replacement moves the first seq, what is gone was
 * replaced, and the reader gets what the stream holds, unless it holds nothing any more: then it cannot be known.
 * `lastRead`: stream time, in nanoseconds since 1970 as text, of the last message that this room itself read at or below
 * the reader's place; null when it did not. With an age beside it replacement is proven only by a young message (W18).
 */
export function lossFloor({ firstSeq, messages, shape }: Retained, lastRead: string | null, wallMs: number): number {
  if (!shape.replaces || shape.cutsOldest || messages === 0) return firstSeq;
  if (shape.maxAgeMs === null) return 0;
  if (lastRead === null) return firstSeq;
  const ageMs = wallMs - Number(BigInt(lastRead) / NANOS_PER_MS);
  return ageMs < shape.maxAgeMs - AGE_MARGIN_MS ? 0 : firstSeq;
}

/** Why a stream is not served (W18), as an operator reads it in the log and in /readyz; null when it is. */
export function unservedReason({ retention }: StreamShape): string | null {
  return retention === "limits" ? null : `The stream has ${retention} retention, in which delivery removes messages`;
}

/** Whether a greater count of deleted messages says that somebody removed one: in other streams they leave by themselves (W19). */
export function tellsOfDeletions({ replaces, hasMessageTtl }: StreamShape): boolean {
  return !replaces && !hasMessageTtl;
}
