/**
 * The room's bounded memory of recent envelopes: everything that matches in (from, to] (B3). Windows of one isolate
 * share its memory, so many rooms have smaller ones.
 *
 * A ring in an array: dropped entries are counted at the front and cut off now and then, so that adding is O(1). Their
 * places hold nothing meanwhile: a thousand large events would be many times the bound.
 */
import type { Envelope } from "../../protocol/frames.ts";
import type { Isolate } from "../isolate/isolate.ts";

/** Counting the rooms of the isolate on every event would cost more than it saves. */
const RECOUNT_EVERY = 256;
const NOTHING: Envelope = { seq: 0, text: "", bytes: 0, subject: "", timeMs: 0, timeNanos: 0 };

export class Window {
  /** Each index used below lies between `#head` and the length, so there is an entry, as the casts say. */
  #entries: Envelope[] = [];
  #head = 0;
  #bytes = 0;
  #from: number;
  readonly #maxBytes: number;
  readonly #isolate: Isolate;
  #shareBytes = Infinity;
  #pushes = 0;

  /** `id` names the object, so that a later instance of it takes its place among those that share. */
  constructor(from: number, maxBytes: number, isolate: Isolate, id: string) {
    this.#from = from;
    this.#maxBytes = maxBytes;
    this.#isolate = isolate;
    isolate.windows.set(id, this);
  }

  /** The cursor from which on the window knows every match. */
  get from(): number {
    return this.#from;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Changes whenever anything was added or forgotten. */
  get version(): number {
    return this.#pushes;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** Adds the next envelope; the oldest ones make room for it. */
  push(envelope: Envelope): void {
    this.#entries.push(envelope);
    this.#bytes += envelope.bytes;
    if (this.#pushes++ % RECOUNT_EVERY === 0) this.#shareBytes = this.#isolate.windowShareBytes();
    const maxBytes = Math.min(this.#maxBytes, this.#shareBytes);
    while (this.#bytes > maxBytes) {
      const oldest = this.#entries[this.#head] as Envelope;
      this.#entries[this.#head++] = NOTHING;
      this.#bytes -= oldest.bytes;
      this.#from = oldest.seq;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Envelopes above `cursor`, at least one if there is any, up to about `maxBytes`. Only for `cursor >= from`. */
  after(cursor: number, maxBytes: number): Envelope[] {
    const found: Envelope[] = [];
    let bytes = 0;
    for (let i = this.#firstAbove(cursor); i < this.#entries.length && bytes < maxBytes; i++) {
      const envelope = this.#entries[i] as Envelope;
      found.push(envelope);
      bytes += envelope.bytes;
    }
    return found;
  }

  /** Forgets what lies below `firstSeq` (W19). */
  forgetBelow(firstSeq: number): void {
    const end = this.#firstAbove(firstSeq - 1);
    if (end === this.#head) return;
    for (let i = this.#head; i < end; i++) this.#bytes -= (this.#entries[i] as Envelope).bytes;
    this.#from = (this.#entries[end - 1] as Envelope).seq;
    this.#entries = this.#entries.slice(end);
    this.#head = 0;
    this.#pushes++;
  }

  /** Forgets everything and begins anew at `from`. */
  reset(from: number): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#from = from;
    this.#pushes++;
  }

  #firstAbove(cursor: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Envelope).seq > cursor) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
