import type { KeptHistory } from "../../upstream/history.ts";
import type { Landmark } from "../../upstream/jetstream-api.ts";

/** What a room writes down so that it can sleep: never per message, only when its upstream is not there (DO-3, DO-31). */
export interface Checkpoint extends KeptHistory {
  readonly subject: string;
  /** R, as the live clients have it. */
  readonly cursor: number;
  /** How far everything that matches was read; at least `cursor`. */
  readonly position: number;
  readonly epoch: string;
}

/** Reads what was written down; null when it is nothing, or of a version that this one cannot read. */
export function parseCheckpoint(value: unknown): Checkpoint | null {
  const kept = value as Partial<Checkpoint> | undefined;
  if (typeof kept?.subject !== "string" || typeof kept.epoch !== "string") return null;
  if (!Number.isSafeInteger(kept.cursor) || !Number.isSafeInteger(kept.position)) return null;
  // Each member was looked at above, which the compiler does not add up.
  return { ...kept, last: parseLandmark(kept.last), landmark: parseLandmark(kept.landmark) } as Checkpoint;
}

function parseLandmark(value: Partial<Landmark> | null | undefined): Landmark | null {
  const { seq, time } = value ?? {};
  return Number.isSafeInteger(seq) && typeof time === "string" ? { seq: Number(seq), time } : null;
}
