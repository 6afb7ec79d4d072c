/**
 * All that the stream was during a run: one era for each history of it, and in each what was removed. A new era begins
 * when the stream is created anew, or restored from a backup. Pure.
 */
import type { Message } from "./model.ts";

export interface Acked extends Message {
  /** How many had been sent before it. */
  readonly index: number;
  readonly atMs: number;
}

/** What an operator took away: everything below `belowSeq`, and `seqs`. */
export interface Removal {
  readonly atMs: number;
  /** The highest that was taken; 0 when nothing was. */
  readonly lastSeq: number;
  readonly belowSeq: number;
  readonly seqs: ReadonlySet<number>;
}

/** What the last match of a narrow filter may have come and gone within unseen (P10); nothing was published meanwhile. */
const AT_HEAD_MS = 1_000;

export class Era {
  readonly index: number;
  /** Its creation, which a restored stream keeps. */
  readonly created: string;
  /** What it began with: nothing, or what the backup held. */
  readonly base: readonly Message[];
  readonly acked: Acked[] = [];
  /** Held though never acknowledged. */
  found: readonly Message[] = [];
  readonly removals: Removal[] = [];
  /** Messages that may be there or not. */
  failed = 0;
  /** Removals of the history that it goes on from; what they took may be there again. */
  readonly #earlier: readonly Removal[];

  constructor(index: number, created: string, base: readonly Message[] = [], earlier: readonly Removal[] = []) {
    this.index = index;
    this.created = created;
    this.base = base;
    this.#earlier = earlier;
  }

  get messages(): Message[] {
    return [...this.base, ...this.acked, ...this.found];
  }

  /** Every message that it ever held is known. */
  get isComplete(): boolean {
    return this.failed === 0 || this.isWhole;
  }

  /** Nobody has ever taken a message out of it. */
  get isWhole(): boolean {
    return this.#all.length === 0;
  }

  isRemoved(seq: number): boolean {
    return this.#all.some(({ belowSeq, seqs }) => seq < belowSeq || seqs.has(seq));
  }

  /** Null when it was not removed. */
  removedAtMs(seq: number): number | null {
    return this.removals.find(({ belowSeq, seqs }) => seq < belowSeq || seqs.has(seq))?.atMs ?? null;
  }

  /**
   * Messages that a client may miss without being told: those from between others (W18), and in a room that is
   * narrower than the stream those that were removed at the head (P10).
   */
  excused(isNarrow: boolean): ReadonlySet<number> {
    const excused = new Set(this.#all.flatMap(({ seqs }) => [...seqs]));
    if (!isNarrow) return excused;
    for (const { seq, atMs } of this.acked) {
      const removal = this.removals.find(({ belowSeq }) => seq < belowSeq);
      if (removal !== undefined && atMs > removal.atMs - AT_HEAD_MS) excused.add(seq);
    }
    return excused;
  }

  /** The era of this stream once it is restored to what it held when it ended at `lastSeq`. */
  fork(index: number, lastSeq: number): Era {
    const base = this.messages.filter(({ seq }) => seq <= lastSeq);
    const earlier = this.#all.map(({ belowSeq, seqs, ...removal }) => ({
      ...removal,
      belowSeq: Math.min(belowSeq, lastSeq + 1),
      seqs: new Set([...seqs].filter((seq) => seq <= lastSeq)),
    }));
    const fork = new Era(index, this.created, base, earlier);
    fork.failed = this.failed;
    return fork;
  }

  get #all(): Removal[] {
    return [...this.#earlier, ...this.removals];
  }
}
