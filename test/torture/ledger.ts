/** A client's memory: where it started, what it got, and where it resumes. */
import type { Random } from "../../src/dev/random.ts";
import type { History, Start } from "./model.ts";
import type { ClientPlan } from "./plan.ts";
import type { Asked, Reader } from "../support/wire/reader.ts";
import { STREAM_RESET } from "./verdict.ts";
import { sinceOf, type Start as PlannedStart } from "./whereabouts.ts";
import type { World } from "./world.ts";

type Draft =
  | Exclude<Start, { readonly kind: "between" }>
  /** `sentBefore`: how much had been published when the upgrade was answered. */
  | { readonly kind: "between"; readonly low: number; sentBefore: number; told: number | null };

interface Chapter {
  readonly start: Draft;
  /** The history of the stream that was there when it was asked for, and what the relay called it. */
  readonly era: number;
  epoch: string | null;
  readonly askedAtMs: number;
  readonly seqs: number[];
  readonly digests: string[];
  end: number | null;
}

export class Ledger {
  epoch: string | null = null;
  /** Where to resume; null: start afresh. */
  cursor: number | null = null;
  readonly #plan: ClientPlan;
  readonly #world: World;
  readonly #random: Random;
  readonly #chapters: Chapter[] = [];
  #next: PlannedStart;
  /** How often the stream had become another when the cursor's chapter began. */
  #steps = 0;

  constructor(plan: ClientPlan, world: World, random: Random) {
    this.#plan = plan;
    this.#world = world;
    this.#random = random;
    this.#next = plan.start;
  }

  get events(): number {
    return this.#chapters.reduce((sum, { seqs }) => sum + seqs.length, 0);
  }

  /**
   * The histories to compare, one for each time that the client had to start afresh, or came back with a cursor after
   * the stream had become another.
   */
  histories(): History[] {
    return this.#chapters.map(({ start, era, epoch, seqs, digests, end }) => ({
      start: this.#settle(start, era),
      era,
      epoch,
      seqs,
      digests,
      end,
    }));
  }

  /** When the stream was asked for that the cursor belongs to. */
  get sinceMs(): number {
    return this.#chapter.askedAtMs;
  }

  /** Where the next connection begins. `fresh`: it begins a chapter of its own. */
  ask(): { readonly asked: Asked; readonly fresh: boolean } {
    if (this.cursor !== null) {
      // Without an epoch `since=0` is no cursor, but asks for the oldest event retained (W4).
      const isChosen = this.#random.fraction() < this.#plan.epochChance || this.cursor === 0;
      const named = this.epoch !== null && isChosen;
      this.resumed();
      return { asked: { since: this.cursor, epoch: named ? this.epoch : null }, fresh: false };
    }
    const { broker } = this.#world;
    const since = sinceOf(this.#next, broker.lastAcked);
    const start: Draft =
      since === null
        ? { kind: "between", low: broker.lastAcked, sentBefore: Infinity, told: null }
        : since === 0
          ? { kind: "oldest", told: null }
          : { kind: "exact", after: since };
    this.#open(start);
    return { asked: { since, epoch: null }, fresh: true };
  }

  /**
   * The cursor was sent, or its upgrade was answered. A number is of no stream in particular; named or not, what comes now
   * may be of one that has become another, also while the relay, which was just started, waited for it.
   */
  resumed(): void {
    if (this.cursor === null || this.#world.upheavals.stepsBy(Date.now()) === this.#steps) return;
    this.#open({ kind: "exact", after: this.cursor });
  }

  /** The upgrade of a fresh connection was answered. */
  opened(): void {
    const start = this.#chapter.start;
    if (start.kind === "between") start.sentBefore = this.#world.broker.sent;
  }

  /** Its `welcome` said where it starts. */
  welcomed(cursor: number): void {
    const start = this.#chapter.start;
    if (start.kind === "between") start.told ??= cursor;
  }

  /** The relay's name for the stream. A number that was sent alone may have been of another one. */
  named(epoch: string | null): void {
    const { epoch: before } = this.#chapter;
    if (epoch === null || epoch === before) return;
    if (before !== null && this.cursor !== null) this.#open({ kind: "exact", after: this.cursor });
    this.#chapter.epoch = epoch;
  }

  has(seq: number): boolean {
    return this.#chapter.seqs.includes(seq);
  }

  add(seq: number, digest: string): void {
    const { seqs, digests } = this.#chapter;
    if (seq <= (seqs.at(-1) ?? 0)) return;
    seqs.push(seq);
    digests.push(digest);
  }

  ended({ cursor, epoch, problem }: Reader, fresh: boolean): void {
    const chapter = this.#chapter;
    this.epoch = epoch ?? this.epoch;
    chapter.epoch = epoch ?? chapter.epoch;
    if (cursor !== null) chapter.end = cursor;
    // Any other problem leaves the cursor what it was.
    if (problem !== null && problem.oldestSeq !== null) {
      this.cursor = null;
      if (problem.type === STREAM_RESET) this.epoch = null;
      this.#next = this.#random.fraction() < 0.5 ? { kind: "none" } : { kind: "recent", back: 0 };
      return;
    }
    // Nothing was told yet: the next try is the first one again.
    const untold = cursor === null || (cursor === 0 && fresh && chapter.start.kind === "oldest");
    if (untold && this.cursor === null) this.#chapters.pop();
    else this.cursor = cursor ?? this.cursor;
  }

  get #chapter(): Chapter {
    const last = this.#chapters.at(-1);
    if (last === undefined) throw new Error("A client has received something before it asked.");
    return last;
  }

  #open(start: Draft): void {
    const { broker, upheavals } = this.#world;
    const askedAtMs = Date.now();
    this.#steps = upheavals.stepsBy(askedAtMs);
    const { index: era } = broker.era;
    this.#chapters.push({ start, era, epoch: null, askedAtMs, seqs: [], digests: [], end: null });
  }

  #settle(start: Draft, era: number): Start {
    if (start.kind !== "between") return start;
    const { low, told, sentBefore } = start;
    return { kind: "between", low, told, high: this.#world.broker.firstSeqFrom(era, sentBefore) };
  }
}
