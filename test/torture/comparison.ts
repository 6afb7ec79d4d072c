/** A client's histories beside all that the stream was: which era each belongs to, and how it differs from that. Pure. */
import type { Era } from "./annals.ts";
import { Model, type Difference, type History, type Message } from "./model.ts";
import { FILTERS } from "./whereabouts.ts";

/** One history, the era that explains it best, and what even that does not explain. */
export interface Finding {
  readonly history: History;
  readonly era: number;
  readonly difference: Difference;
  /** It cannot belong to that era for another reason. */
  readonly misplaced: string | null;
}

interface Path {
  readonly cost: number;
  readonly findings: readonly Finding[];
}

/** Worse than any number of events. */
const MISPLACED = 1_000_000;

export class Comparison {
  readonly #eras: readonly Era[];
  readonly #models: readonly Model[];
  readonly #limited: boolean;

  /** `held`: what the stream holds at the end, in its last era. `limited`: it removes messages by itself. */
  constructor(eras: readonly Era[], held: readonly Message[], limited: boolean) {
    this.#eras = eras;
    this.#limited = limited;
    this.#models = eras.map((era, index) => {
      const messages = [...era.messages, ...(index === eras.length - 1 ? held : [])];
      return new Model(messages, !limited && era.isComplete, (filter) => era.excused(filter !== FILTERS[0]));
    });
  }

  get size(): number {
    const begunWith = this.#eras.reduce((sum, { base }) => sum + base.length, 0);
    return this.#models.reduce((sum, { size }) => sum + size, 0) - begunWith;
  }

  /**
   * Eras never go back. A history that names the same epoch as the one before belongs to a stream created at the same
   * time, and one with another epoch to another. `isThere`: the client is connected at the end, so that its last history
   * belongs to the last era.
   */
  explain(filter: string, histories: readonly History[], isThere: boolean): readonly Finding[] {
    let paths: Path[] = [{ cost: 0, findings: [] }];
    for (const [at, history] of histories.entries()) {
      const isLast = isThere && at === histories.length - 1;
      const next = this.#models.map((model, era) => {
        const difference = model.compare(filter, this.#in(era, history));
        const steps = paths.flatMap((path) => {
          const before = path.findings.at(-1);
          if (before !== undefined && before.era > era) return [];
          const misplaced = this.#misplaced(before, history, era, isLast);
          const cost = path.cost + costOf(difference) + (misplaced === null ? 0 : MISPLACED);
          return [{ cost, findings: [...path.findings, { history, era, difference, misplaced }] }];
        });
        return best(steps);
      });
      paths = next.flatMap((path) => path ?? []);
    }
    return best(paths)?.findings ?? [];
  }

  /** What the start of a history says when it belongs to this era. */
  #in(era: number, history: History): History {
    const { start } = history;
    // As long as nothing was removed, the oldest is the first.
    if (start.kind === "oldest" && !this.#limited && this.#eras[era]?.isWhole === true)
      return { ...history, start: { kind: "exact", after: 0 } };
    // The stream became another between the question and the answer: nobody can know where that was.
    if (start.kind === "between" && era !== history.era)
      return { ...history, start: { ...start, low: 0, high: Infinity } };
    return history;
  }

  #misplaced(before: Finding | undefined, { epoch }: History, era: number, isLast: boolean): string | null {
    if (isLast && era !== this.#eras.length - 1) return `is still in history ${era} of ${this.#eras.length}`;
    const named = before?.history.epoch ?? null;
    if (named === null || epoch === null || before === undefined) return null;
    const isSame = this.#eras[before.era]?.created === this.#eras[era]?.created;
    if (isSame === (named === epoch)) return null;
    return `epoch ${epoch} after ${named}, in a stream that is ${isSame ? "the same" : "another"}`;
  }
}

function costOf({ lost, foreign, changed, badStart }: Difference): number {
  return lost.length + foreign.length + changed.length + (badStart === null ? 0 : 1);
}

function best(paths: readonly Path[]): Path | null {
  return paths.reduce<Path | null>((low, path) => (low === null || path.cost < low.cost ? path : low), null);
}
