/** A client's memory: where it started, what it got, and where it resumes. */
import type { Random } from "../../src/dev/random.ts";
import type { History, Start } from "./model.ts";
import type { ClientPlan } from "./plan.ts";
import type { Asked, Reader } from "../support/wire/reader.ts";
import { sinceOf, type Start as PlannedStart } from "./whereabouts.ts";
import type { World } from "./world.ts";

type Draft =
  | Exclude<Start, { readonly kind: "between" }>
  /** `sentBefore`: how much had been published when the upgrade was answered. */
  | { readonly kind: "between"; readonly low: number; sentBefore: number; told: number | null };

interface Chapter {
  readonly start: Draft;
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

  constructor(plan: ClientPlan, world: World, random: Random) {
    this.#plan = plan;
    this.#world = world;
    this.#random = random;
    this.#next = plan.start;
  }

  get events(): number {
    return this.#chapters.reduce((sum, { seqs }) => sum + seqs.length, 0);
  }

  /** The histories to compare, one for each time that the client had to start afresh. */
  histories(): History[] {
    return this.#chapters.map(({ start, seqs, digests, end }) => ({ start: this.#settle(start), seqs, digests, end }));
  }

  /** Where the next connection begins. `fresh`: it begins a chapter of its own. */
  ask(): { readonly asked: Asked; readonly fresh: boolean } {
    if (this.cursor !== null) {
      // Without an epoch `since=0` is no cursor, but asks for the oldest event retained (W4).
      const isChosen = this.#random.fraction() < this.#plan.epochChance || this.cursor === 0;
      const named = this.epoch !== null && isChosen;
      return { asked: { since: this.cursor, epoch: named ? this.epoch : null }, fresh: false };
    }
    const { broker, plan } = this.#world;
    const since = sinceOf(this.#next, broker.lastAcked);
    const oldest = since === 0 && plan.maxMessages !== null;
    const start: Draft =
      since === null
        ? { kind: "between", low: broker.lastAcked, sentBefore: Infinity, told: null }
        : oldest
          ? { kind: "oldest" }
          : { kind: "exact", after: since };
    this.#chapters.push({ start, seqs: [], digests: [], end: null });
    return { asked: { since, epoch: null }, fresh: true };
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
    this.epoch = epoch;
    if (cursor !== null) chapter.end = cursor;
    // Any other problem leaves the cursor what it was.
    if (problem !== null && problem.oldestSeq !== null) {
      this.cursor = null;
      this.#next = this.#random.fraction() < 0.5 ? { kind: "none" } : { kind: "recent", back: 0 };
      return;
    }
    // Nothing was told yet: the next try is the first one again.
    const untold = cursor === null || (fresh && chapter.seqs.length === 0 && chapter.start.kind === "oldest");
    if (untold && this.cursor === null) this.#chapters.pop();
    else this.cursor = cursor ?? this.cursor;
  }

  get #chapter(): Chapter {
    const last = this.#chapters.at(-1);
    if (last === undefined) throw new Error("A client has received something before it asked.");
    return last;
  }

  #settle(start: Draft): Start {
    if (start.kind !== "between") return start;
    const { low, told, sentBefore } = start;
    return { kind: "between", low, told, high: this.#world.broker.firstSeqFrom(sentBefore) };
  }
}
