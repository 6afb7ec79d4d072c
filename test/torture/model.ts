/** What clients must have received, and how what they did receive differs from it. Pure. */
import { hash, type BinaryLike } from "node:crypto";

/** One message of the stream. `valid`: a client must get it (W7). */
export interface Message {
  readonly seq: number;
  readonly subject: string;
  readonly digest: string;
  readonly valid: boolean;
}

/** Everything one client got between two losses of its cursor, however many connections that took. */
export interface History {
  readonly start: Start;
  readonly seqs: readonly number[];
  readonly digests: readonly string[];
  /** The cursor at the end: everything up to here must be there. Null when the client never had one. */
  readonly end: number | null;
  /** Which history of the stream there was when it was asked for. */
  readonly era: number;
  /** What the relay called the stream, once it did. */
  readonly epoch: string | null;
}

/**
 * `exact`: everything above `after`. `between`: the relay chose a start from `low` to below `high`, and v2 `told`
 * which (W3). `oldest`: the relay began with whatever was still there, and may have `told` where.
 */
export type Start =
  | { readonly kind: "exact"; readonly after: number }
  | { readonly kind: "between"; readonly low: number; readonly high: number; readonly told: number | null }
  | { readonly kind: "oldest"; readonly told: number | null };

export interface Difference {
  readonly lost: readonly number[];
  /** Events that do not match, are no valid event, or that the stream does not hold. */
  readonly foreign: readonly number[];
  readonly changed: readonly number[];
  /** The client started where it may not have. */
  readonly badStart: string | null;
}

/** The digest by which two texts of an event are compared. */
export function digest(text: BinaryLike): string {
  return hash("sha1", text, "base64");
}

/** NATS subject matching, written again so that the relay's own is not its judge. */
export function matches(filter: string, subject: string): boolean {
  const tokens = subject.split(".");
  const wanted = filter.split(".");
  const open = wanted.at(-1) === ">";
  if (open ? tokens.length < wanted.length : tokens.length !== wanted.length) return false;
  return wanted.every((token, index) => token === "*" || token === tokens[index] || (token === ">" && open));
}

export class Model {
  readonly #bySeq: ReadonlyMap<number, Message>;
  readonly #complete: boolean;
  readonly #excused: (filter: string) => ReadonlySet<number>;
  readonly #matching = new Map<string, readonly Message[]>();

  /**
   * `complete`: every message of the stream is known. Otherwise one that is not known proves nothing. `excused`: what a
   * client with this filter may miss.
   */
  constructor(
    messages: Iterable<Message>,
    complete: boolean,
    excused: (filter: string) => ReadonlySet<number> = () => new Set(),
  ) {
    this.#bySeq = new Map([...messages].map((message) => [message.seq, message]));
    this.#complete = complete;
    this.#excused = excused;
  }

  get size(): number {
    return this.#bySeq.size;
  }

  compare(filter: string, history: History): Difference {
    const { seqs, digests, end } = history;
    const first = seqs[0];
    const start = startOf(history.start, first);
    const got = new Set(seqs);
    const due = end === null ? [] : this.#valid(filter).filter(({ seq }) => seq > start && seq <= end);
    const lost = due.filter(({ seq }) => !got.has(seq)).map(({ seq }) => seq);
    const foreign: number[] = [];
    const changed: number[] = [];
    for (const [index, seq] of seqs.entries()) {
      const message = this.#bySeq.get(seq);
      if (message === undefined) {
        if (this.#complete) foreign.push(seq);
      } else if (!message.valid || !matches(filter, message.subject)) foreign.push(seq);
      else if (message.digest !== digests[index]) changed.push(seq);
    }
    return { lost, foreign, changed, badStart: badStart(history.start, first) };
  }

  #valid(filter: string): readonly Message[] {
    const known = this.#matching.get(filter);
    if (known !== undefined) return known;
    const excused = this.#excused(filter);
    const found = [...this.#bySeq.values()]
      .filter(({ seq, valid, subject }) => valid && matches(filter, subject) && !excused.has(seq))
      .toSorted((a, b) => a.seq - b.seq);
    this.#matching.set(filter, found);
    return found;
  }
}

/** The seq above which everything is due. */
function startOf(start: Start, first: number | undefined): number {
  const beforeFirst = (first ?? Infinity) - 1;
  if (start.kind === "exact") return start.after;
  return start.told ?? (start.kind === "oldest" ? beforeFirst : Math.min(beforeFirst, start.high - 1));
}

function badStart(start: Start, first: number | undefined): string | null {
  if (start.kind === "oldest") return null;
  const low = start.kind === "exact" ? start.after : start.low;
  if (first !== undefined && first <= low) return `got ${first}, and must not have got anything up to ${low}`;
  if (start.kind === "exact" || start.told === null) return null;
  if (start.told >= low && start.told < start.high) return null;
  return `welcomed at ${start.told}, not from ${low} to below ${start.high}`;
}
