/** Which events are shown: every word of every field must occur, whatever the case. */
import type { Entry } from "./entry.ts";

export interface Filter {
  readonly type: string;
  readonly source: string;
  /** Anywhere in the event's JSON. */
  readonly text: string;
}

export const NO_FILTER: Filter = { type: "", source: "", text: "" };

export const isEmpty = ({ type, source, text }: Filter): boolean => `${type}${source}${text}`.trim() === "";

export type Matcher = (entry: Entry) => boolean;

/** Expressions instead of text in lower case: a second copy of every event would double the memory. */
export function matcherOf({ type, source, text }: Filter): Matcher {
  const types = wordsOf(type);
  const sources = wordsOf(source);
  const texts = wordsOf(text);
  return (entry) =>
    types.every((word) => word.test(entry.fields.type)) &&
    sources.every((word) => word.test(entry.fields.source)) &&
    texts.every((word) => word.test(entry.text));
}

const wordsOf = (words: string): RegExp[] =>
  words
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => new RegExp(word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "iu"));

/** The entries that pass, kept up to date at the cost of what is new. */
export class Shown {
  #entries: Entry[] = [];
  #filter = NO_FILTER;
  #matches = matcherOf(NO_FILTER);
  #newestKey = -1;

  /** Oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  update(all: readonly Entry[], filter: Filter): void {
    const newestKey = all.at(-1)?.key ?? -1;
    // Entries were cut off at the end: what is next has new keys, yet may be fewer.
    const isCut = newestKey < this.#newestKey;
    const isOther = (["type", "source", "text"] as const).some((name) => filter[name] !== this.#filter[name]);
    if (isOther || isCut) {
      this.#filter = filter;
      this.#matches = matcherOf(filter);
      this.#entries = [];
      this.#newestKey = -1;
    }
    const oldestKey = all[0]?.key ?? Infinity;
    const gone = this.#entries.findIndex((entry) => entry.key >= oldestKey);
    this.#entries.splice(0, gone < 0 ? this.#entries.length : gone);
    let from = all.length;
    while (from > 0 && (all[from - 1]?.key ?? -1) > this.#newestKey) from -= 1;
    for (const entry of all.slice(from)) if (this.#matches(entry)) this.#entries.push(entry);
    this.#newestKey = newestKey;
  }
}
