/**
 * Counts events in a stream of bytes without parsing it: every event of the benchmark carries one mark, `"mark":` and
 * sixteen digits. A mark may be cut anywhere, since nats-server's frames end where its buffer did. Pure.
 */
import { MARK_BYTES, MARK_KEY } from "./event-template.ts";

const KEY = Buffer.from(MARK_KEY);
const KEEP = MARK_BYTES - 1;

export class MarkScanner {
  /** The end of what was scanned, where a mark may have begun. */
  readonly #seam = Buffer.alloc(2 * KEEP);
  #kept = 0;

  /** How many marks end in chunk[from, to); `onMark` gets the number in each. */
  scan(chunk: Buffer, from: number, to: number, onMark?: (value: number) => void): number {
    const lead = Math.min(to - from, KEEP);
    chunk.copy(this.#seam, this.#kept, from, from + lead);
    const joined = this.#kept + lead;
    // What starts in the kept part ends behind it, for that is shorter than a mark; so nothing is counted twice.
    let found = this.#kept === 0 ? 0 : count(this.#seam.subarray(0, joined), this.#kept, onMark);
    if (to - from > KEEP) {
      const slice = chunk.subarray(from, to);
      found += count(slice, slice.length, onMark);
      this.#kept = chunk.copy(this.#seam, 0, to - KEEP, to);
    } else {
      const keep = Math.min(joined, KEEP);
      this.#seam.copy(this.#seam, 0, joined - keep, joined);
      this.#kept = keep;
    }
    return found;
  }
}

/** Whole marks in `bytes` that start before `startBelow`. */
function count(bytes: Buffer, startBelow: number, onMark: ((value: number) => void) | undefined): number {
  let found = 0;
  let at = bytes.indexOf(KEY);
  while (at !== -1 && at < startBelow && at + MARK_BYTES <= bytes.length) {
    found += 1;
    onMark?.(digits(bytes, at + KEY.length, at + MARK_BYTES));
    at = bytes.indexOf(KEY, at + MARK_BYTES);
  }
  return found;
}

function digits(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + ((bytes[at] as number) - 48);
  return value;
}
