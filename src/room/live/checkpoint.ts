/** What a room writes down so that it can sleep: never per message, only when its upstream is not there (DO-3, DO-31). */
export interface Checkpoint {
  readonly subject: string;
  /** R, as the live clients have it. */
  readonly cursor: number;
  /** How far everything that matches was read; at least `cursor`. */
  readonly position: number;
  readonly epoch: string;
  /** The last message that was read, to know the stream by; null when there is none, or nobody wrote it down. */
  readonly last: LastRead | null;
}

/** One message of one history of a stream. */
export interface LastRead {
  readonly seq: number;
  /** When the stream took it (`pull.ts`). */
  readonly time: string;
}

/** Reads what was written down; null when it is nothing, or of a version that this one cannot read. */
export function parseCheckpoint(value: unknown): Checkpoint | null {
  const kept = value as Partial<Checkpoint> | undefined;
  if (typeof kept?.subject !== "string" || typeof kept.epoch !== "string") return null;
  if (!Number.isSafeInteger(kept.cursor) || !Number.isSafeInteger(kept.position)) return null;
  const { seq, time } = kept.last ?? {};
  const isKnown = Number.isSafeInteger(seq) && typeof time === "string";
  // Each member was looked at above, which the compiler does not add up.
  return { ...kept, last: isKnown ? kept.last : null } as Checkpoint;
}
