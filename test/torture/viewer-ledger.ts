/** What a stream was started with and what its handler got: one chapter for every time that it had to start afresh. */
import type { Cursor } from "../../src/client/storage.ts";
import type { Random } from "../../src/dev/random.ts";
import type { History } from "./model.ts";
import { notAbove, type Breach } from "../support/wire/reader.ts";
import { sinceOf, type Start } from "./whereabouts.ts";
import { floorOf, type World } from "./world.ts";

interface Chapter {
  /** Null: the relay chose, from `low` to below what was sent at `sentBefore`, and `told` which. */
  readonly after: number | null;
  readonly low: number;
  /** It asked for the oldest. */
  readonly isOldest: boolean;
  sentBefore: number;
  told: number | null;
  readonly era: number;
  readonly askedAtMs: number;
  readonly seqs: number[];
  readonly digests: string[];
  end: number | null;
}

export class ViewerLedger {
  readonly #world: World;
  readonly #chapters: Chapter[] = [];
  #steps = 0;
  /** The cursor of which the relay said last that it is gone. */
  #lost: number | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  get events(): number {
    return this.#chapters.reduce((sum, { seqs }) => sum + seqs.length, 0);
  }

  get cursor(): number | null {
    return this.#chapters.at(-1)?.end ?? null;
  }

  histories(): History[] {
    const { broker } = this.#world;
    return this.#chapters.map(({ after, low, isOldest, told, sentBefore, era, seqs, digests, end }) => ({
      start: isOldest
        ? { kind: "oldest", told }
        : after === null
          ? { kind: "between", low, told, high: broker.firstSeqFrom(era, sentBefore) }
          : { kind: "exact", after },
      era,
      epoch: null,
      seqs,
      digests,
      end,
    }));
  }

  /** The first chapter; returns `since`. `isShared`: a socket that is there already says what is now. */
  begin(start: Start, isShared: boolean): number | null {
    const { lastAcked } = this.#world.broker;
    const since = sinceOf(start, lastAcked);
    const isOldest = since === 0;
    this.#open(isOldest ? null : since, isOldest || isShared ? 0 : lastAcked, isOldest);
    return since;
  }

  /** The cursor was lost: returns where to go on, chosen by chance. */
  beginAgain(random: Random, isShared: boolean): Cursor | null {
    const { lastAcked } = this.#world.broker;
    const cursor = random.fraction() < 0.5 ? null : { seq: lastAcked };
    // A page that reloads before its new cursor counted comes back with the lost one.
    const last = this.#chapters.at(-1);
    this.#lost = last?.end ?? last?.after ?? null;
    if (last !== undefined && last.told === null && last.seqs.length === 0) this.#chapters.pop();
    this.#open(cursor?.seq ?? null, isShared ? 0 : lastAcked);
    return cursor;
  }

  /** When the stream was asked for that the cursor belongs to. */
  get sinceMs(): number {
    return this.#chapter.askedAtMs;
  }

  /** Connected, with this cursor. What comes after that may belong to another stream than the last time. */
  welcomed(cursor: number, atMs: number): void {
    const { upheavals, broker } = this.#world;
    const chapter = this.#chapter;
    const steps = upheavals.stepsBy(atMs);
    if (chapter.told !== null) {
      if (steps !== this.#steps) this.#open(cursor, cursor);
      this.#chapter.told ??= cursor;
      this.#steps = steps;
      return;
    }
    this.#steps = steps;
    // The page was reloaded before its new cursor counted, and the stream serves the lost one again: it was restored, or
    // another one has grown past that number.
    if (chapter.after !== cursor && cursor === this.#lost) {
      this.#chapters.pop();
      this.#open(cursor, cursor);
      this.#chapter.told = cursor;
      return;
    }
    chapter.told = cursor;
    chapter.sentBefore = chapter.low === 0 ? Infinity : broker.sent;
  }

  /** What is wrong with that, or null. */
  add(seq: number, digest: string): Breach | null {
    const { seqs, digests } = this.#chapter;
    const cursor = seqs.at(-1) ?? 0;
    if (seq <= cursor) return notAbove(seq, cursor, (known) => seqs.includes(known));
    this.#mayStartAt(seq - 1);
    seqs.push(seq);
    digests.push(digest);
    return null;
  }

  /** The cursor may stay, and never goes back. */
  moved(cursor: number): Breach | null {
    const chapter = this.#chapter;
    const before = chapter.end ?? 0;
    chapter.end = Math.max(before, cursor);
    this.#mayStartAt(cursor);
    return cursor < before ? { kind: "order", text: `cursor ${cursor} after ${before}` } : null;
  }

  /** Retention may pass the start of who asked for the oldest, as long as nothing has come (P9). */
  #mayStartAt(cursor: number): void {
    const { after, low, told, seqs } = this.#chapter;
    if (after !== null || low !== 0 || told === null || seqs.length > 0) return;
    this.#chapter.told = Math.max(told, Math.min(cursor, floorOf(this.#world) - 1));
  }

  #open(after: number | null, low: number, isOldest = false): void {
    const { upheavals, broker } = this.#world;
    const askedAtMs = Date.now();
    this.#steps = upheavals.stepsBy(askedAtMs);
    const { index: era } = broker.era;
    const told = null;
    this.#chapters.push({
      after,
      low,
      isOldest,
      era,
      askedAtMs,
      sentBefore: Infinity,
      told,
      seqs: [],
      digests: [],
      end: null,
    });
  }

  get #chapter(): Chapter {
    const last = this.#chapters.at(-1);
    if (last === undefined) throw new Error("A stream has delivered something before it was started.");
    return last;
  }
}
