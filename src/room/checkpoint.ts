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

const KEY = "room";

/** Reads it back; null when there is none, or one that this version cannot read. */
export function readCheckpoint(storage: DurableObjectStorage): Checkpoint | null {
  const value = storage.kv.get<Partial<Checkpoint>>(KEY);
  if (typeof value?.subject !== "string" || typeof value.epoch !== "string") return null;
  if (!Number.isSafeInteger(value.cursor) || !Number.isSafeInteger(value.position)) return null;
  const { seq, time } = value.last ?? {};
  const isKnown = Number.isSafeInteger(seq) && typeof time === "string";
  return { ...value, last: isKnown ? value.last : null } as Checkpoint;
}

export function writeCheckpoint(storage: DurableObjectStorage, memory: Checkpoint): void {
  storage.kv.put(KEY, memory);
}

/** An empty room leaves nothing behind that is billed (U4). */
export async function forget(storage: DurableObjectStorage): Promise<void> {
  await storage.deleteAlarm();
  await storage.deleteAll();
}
