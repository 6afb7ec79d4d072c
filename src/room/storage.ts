/** EFFECTS: the storage and the alarm of a room's object. */
import { parseCheckpoint, type Checkpoint } from "./live/checkpoint.ts";

const KEY = "room";

export class RoomStorage {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  read(): Checkpoint | null {
    return parseCheckpoint(this.#storage.kv.get(KEY));
  }

  write(checkpoint: Checkpoint): void {
    this.#storage.kv.put(KEY, checkpoint);
  }

  /** An object that was replaced is fenced off: it learns of it by a write that throws (U5, DO-13). */
  touch(nowMs: number): void {
    this.#storage.kv.put("fence", nowMs);
  }

  /** An empty room leaves nothing behind that is billed (U4). */
  async clear(): Promise<void> {
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
  }

  /** Sets the next alarm, whatever is set. */
  setAlarm(atMs: number): void {
    void this.#storage.setAlarm(atMs, { allowUnconfirmed: true });
  }

  async ensureAlarm(atMs: number): Promise<void> {
    if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(atMs);
  }
}
