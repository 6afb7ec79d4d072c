/** The events kept for the list, oldest first, bounded by number and by size, with a pause that holds new ones back. */
import type { EventFields, Frame } from "./frame.ts";

export interface Entry {
  /** Counts up for the life of the page; `seq` may start over when a stream is recreated. */
  readonly key: number;
  readonly seq: number;
  readonly fields: EventFields;
  readonly text: string;
}

export const MAX_ENTRIES = 500;
/** An event may be as large as the broker allows, so a bound on their number bounds no memory. */
export const MAX_CHARS = 8 * 1024 * 1024;

export class EventLog {
  #shown = new Bounded();
  #held: Bounded | null = null;
  #heldCount = 0;
  #total = 0;

  /** Oldest first; keys ascend without regard to what was dropped. */
  get entries(): readonly Entry[] {
    return this.#shown.entries;
  }
  get total(): number {
    return this.#total;
  }
  get paused(): boolean {
    return this.#held !== null;
  }
  /** Arrived since the pause began, those already dropped again included. */
  get heldCount(): number {
    return this.#heldCount;
  }

  append(frame: Extract<Frame, { kind: "event" }>): void {
    const entry: Entry = { key: this.#total++, seq: frame.seq, fields: frame.fields, text: frame.text };
    if (this.#held === null) return this.#shown.push(entry);
    this.#heldCount++;
    this.#held.push(entry);
  }

  pause(): void {
    this.#held ??= new Bounded();
  }

  resume(): void {
    for (const entry of this.#held?.entries ?? []) this.#shown.push(entry);
    this.#held = null;
    this.#heldCount = 0;
  }

  clear(): void {
    this.#shown = new Bounded();
    if (this.#held !== null) this.#held = new Bounded();
    this.#heldCount = 0;
  }
}

class Bounded {
  readonly entries: Entry[] = [];
  #chars = 0;

  push(entry: Entry): void {
    this.entries.push(entry);
    this.#chars += entry.text.length;
    while (this.entries.length > 1 && (this.entries.length > MAX_ENTRIES || this.#chars > MAX_CHARS)) {
      this.#chars -= this.entries.shift()?.text.length ?? 0;
    }
  }
}
