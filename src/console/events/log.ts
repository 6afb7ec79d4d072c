/** The events kept for the list, oldest first, bounded by number and by size, with a hold that keeps new ones back. */
import { entryOf, type Entry } from "./entry.ts";

export const MAX_ENTRIES = 5_000;
/** An event may be as large as the broker allows, so a bound on their number bounds no memory. Its fields are kept beside its text. */
export const MAX_CHARS = 16 * 1024 * 1024;

export class EventLog {
  #shown = new Bounded();
  #held: Bounded | null = null;
  #heldCount = 0;
  #nextKey = 0;

  /** Oldest first; keys ascend. */
  get entries(): readonly Entry[] {
    return this.#shown.entries;
  }
  get isHeld(): boolean {
    return this.#held !== null;
  }
  /** Arrived since the hold began. */
  get heldCount(): number {
    return this.#heldCount;
  }
  /** How many of those are gone again: a hold is bounded like the list. */
  get droppedCount(): number {
    return this.#heldCount - (this.#held?.entries.length ?? 0);
  }

  append(seq: number, event: unknown): Entry {
    const entry = entryOf(this.#nextKey++, seq, event);
    if (this.#held === null) this.#shown.push(entry);
    else {
      this.#heldCount++;
      this.#held.push(entry);
    }
    return entry;
  }

  hold(): void {
    this.#held ??= new Bounded();
  }

  release(): void {
    for (const entry of this.#held?.entries ?? []) this.#shown.push(entry);
    this.#held = null;
    this.#heldCount = 0;
  }

  clear(): void {
    this.#shown = new Bounded();
    if (this.#held !== null) this.#held = new Bounded();
    this.#heldCount = 0;
  }

  /** Forgets everything after this entry: the relay is asked for it again. */
  cutAfter(key: number): void {
    this.release();
    const kept = this.#shown.entries.filter((entry) => entry.key <= key);
    this.#shown = new Bounded();
    for (const entry of kept) this.#shown.push(entry);
  }
}

class Bounded {
  readonly entries: Entry[] = [];
  #chars = 0;

  push(entry: Entry): void {
    this.entries.push(entry);
    this.#chars += sizeOf(entry);
    while (this.entries.length > 1 && (this.entries.length > MAX_ENTRIES || this.#chars > MAX_CHARS)) {
      const [oldest] = this.entries.splice(0, 1);
      if (oldest !== undefined) this.#chars -= sizeOf(oldest);
    }
  }
}

const sizeOf = ({ text, fields: { type, source, subject, id, time } }: Entry): number =>
  text.length + type.length + source.length + subject.length + id.length + time.length;
