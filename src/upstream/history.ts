/**
 * By what a room knows the stream that it reads (W6, P8): a few messages at or below its position, each a seq with the time
 * at which the stream took it. A stream that was restored from a backup and has grown since looks like the one before, but
 * for these. Pure.
 */
import type { Landmark } from "./jetstream-api.ts";
import type { Seen } from "./landmarks.ts";
import type { Head } from "./stream-info.ts";

/** What of it survives while the room sleeps. */
export interface KeptHistory {
  /** The last message that was read. */
  readonly last: Landmark | null;
  /** The newest message of any subject that is known. */
  readonly landmark: Landmark | null;
}

export class History {
  #last: Landmark | null = null;
  #landmark: Landmark | null = null;
  /** The next landmark, perhaps above the position still. */
  #ahead: Landmark | null = null;
  #isOther = false;

  /** When the stream took the last message that was read; null when none was. */
  get lastTime(): string | null {
    return this.#last?.time ?? null;
  }

  /** What was seen cannot be of the stream that was read. */
  get isOther(): boolean {
    return this.#isOther;
  }

  foundOther(): void {
    this.#isOther = true;
  }

  /** The stream was compared with what is known of it. */
  foundSame(): void {
    this.#isOther = false;
  }

  resume({ last, landmark }: KeptHistory): void {
    this.#last = last;
    this.#landmark = landmark;
  }

  /** A room that has read to `position` falls asleep. */
  kept(position: number): KeptHistory {
    this.#pass(position);
    return { last: this.#last, landmark: this.#landmark };
  }

  /** The room begins at `cursor` of a stream of which it has read nothing. */
  begin(head: Head, cursor: number): void {
    this.#last = null;
    this.#landmark = head.last !== null && head.last.seq <= cursor ? head.last : null;
    this.#ahead = this.#landmark === null ? head.last : null;
  }

  read(message: Landmark): void {
    this.#last = message;
  }

  /** True when a message that comes again is the last one that was read. */
  isLast({ seq, time }: Landmark): boolean {
    return seq === this.#last?.seq && time === this.#last.time;
  }

  /** The stream was asked while it was read to `position`. False when it holds another message where one is known. */
  observe({ last }: Head, position: number): boolean {
    this.#pass(position);
    if (last === null) return true;
    const known = [this.#landmark, this.#ahead].find((landmark) => landmark?.seq === last.seq);
    if (known && known.time !== last.time) return false;
    if (last.seq <= position) this.#landmark = last;
    else this.#ahead ??= last;
    return true;
  }

  /** The messages to look for in a stream, the newest first: those that it should hold by its first and last seq. */
  landmarks({ firstSeq, lastSeq }: Head, position: number): readonly Landmark[] {
    this.#pass(position);
    return [this.#last, this.#landmark]
      .filter((landmark) => landmark !== null)
      .filter(({ seq }) => seq >= firstSeq && seq <= lastSeq)
      .toSorted((a, b) => b.seq - a.seq);
  }

  /** The cursor from which to read on after `cursor`: what was read behind the last message that was found comes again. */
  readAgainFrom({ firstSeq }: Head, seen: Seen, cursor: number): number {
    if (seen === "same") return Math.max(this.#last?.seq ?? 0, this.#landmark?.seq ?? 0);
    return this.#last === null || this.#last.seq < firstSeq ? cursor : this.#last.seq - 1;
  }

  /** The position may have come to the landmark ahead. */
  #pass(position: number): void {
    if (this.#ahead === null || this.#ahead.seq > position) return;
    this.#landmark = this.#ahead;
    this.#ahead = null;
  }
}
