/** EFFECTS: the storage and the alarm of a room's object. */
import { parseCheckpoint, type Checkpoint } from "./live/checkpoint.ts";

const KEY = "room";

export class RoomStorage {
  readonly #storage: DurableObjectStorage;
  /** When the alarm is to ring, as far as this instance knows. */
  #alarmAtMs = -Infinity;

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
    this.#alarmAtMs = -Infinity;
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
  }

  /** Sets the next alarm, whatever is set. Alarms ring by the wall clock. */
  setAlarm(atMs: number): void {
    this.#alarmAtMs = atMs;
    void this.#storage.setAlarm(atMs, { allowUnconfirmed: true });
  }

  /** Sets an alarm if none is set that rings by then. One that is later was set before the clock was set back. */
  async ensureAlarm(atMs: number): Promise<void> {
    const isSetForMs = await this.#storage.getAlarm();
    if (isSetForMs !== null && isSetForMs <= atMs) {
      this.#alarmAtMs = isSetForMs;
      return;
    }
    this.#alarmAtMs = atMs;
    await this.#storage.setAlarm(atMs);
  }

  /** As ensureAlarm(), for an alarm that is known to be set; costs nothing while it is early enough. */
  hurryAlarm(atMs: number): void {
    if (this.#alarmAtMs > atMs) this.setAlarm(atMs);
  }
}
