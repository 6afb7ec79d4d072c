import { describe, expect, it } from "vitest";
import { canonical, covers, subjectFor } from "../../../src/grant/grant.ts";
import { isValidFilter } from "../../../src/protocol/subject.ts";

/** Every filter of at most so many tokens out of `a`, `b` and the wildcards. */
function filtersUpTo(depth: number): readonly string[] {
  const all: string[] = [];
  let heads: readonly string[] = [""];
  for (let length = 1; length <= depth; length += 1) {
    all.push(...heads.flatMap((head) => ["a", "b", "*", ">"].map((last) => head + last)));
    heads = heads.flatMap((head) => ["a", "b", "*"].map((token) => `${head}${token}.`));
  }
  return all;
}

/** Every subject of at most so many tokens; `c` stands for all that no filter names. */
function subjectsUpTo(depth: number): readonly string[] {
  const tokens = ["a", "b", "c"];
  let last: readonly string[] = tokens;
  const all = [...last];
  for (let length = 2; length <= depth; length += 1) {
    last = last.flatMap((head) => tokens.map((token) => `${head}.${token}`));
    all.push(...last);
  }
  return all;
}

const DEPTH = 3;
const FILTERS = filtersUpTo(DEPTH);
/** One token more than any filter names: what is longer is matched by the same filters. */
const SUBJECTS = subjectsUpTo(DEPTH + 1);

/** What a filter matches, as a set of bits; by a regular expression, not by the code under test. */
const MATCHED = new Map(FILTERS.map((filter) => [filter, bitsOf(filter)]));

function bitsOf(filter: string): bigint {
  const pattern = filter.split(".").map((token) => (token === "*" ? "[^.]+" : token === ">" ? ".+" : token));
  const matcher = new RegExp(`^${pattern.join("\\.")}$`);
  return SUBJECTS.reduce((bits, subject, index) => (matcher.test(subject) ? bits | (1n << BigInt(index)) : bits), 0n);
}

function matched(filter: string): bigint {
  const bits = MATCHED.get(filter);
  if (bits === undefined) throw new Error(filter);
  return bits;
}

/** By the model: nothing that the request matches is missed by one filter of the grant. */
function modelCovers(grant: readonly string[], asked: string): boolean {
  return grant.some((filter) => (matched(asked) & ~matched(filter)) === 0n);
}

function pairsOf(filters: readonly string[]): (readonly string[])[] {
  return filters.flatMap((first, index) => filters.slice(index + 1).map((second) => [first, second]));
}

describe("covers", () => {
  it("[A2] the alphabet has every filter and every subject that matter", () => {
    expect([FILTERS.length, SUBJECTS.length]).toEqual([52, 120]);
    expect(FILTERS.every((filter) => isValidFilter(filter))).toBe(true);
  });

  it("[A2] [H4] is what a look at every subject says, for every grant of one filter and of two", () => {
    const grants = [[], ...FILTERS.map((filter) => [filter]), ...pairsOf(FILTERS)];
    const wrong: string[] = [];
    for (const subjects of grants)
      for (const asked of FILTERS)
        if (covers({ subjects }, asked) !== modelCovers(subjects, asked)) wrong.push(`${subjects} ${asked}`);
    expect(wrong).toEqual([]);
  });

  it("[A2] of a request for two filters each must be covered, by one filter of the grant each", () => {
    const small = filtersUpTo(2);
    const wrong: string[] = [];
    let granted = 0;
    for (const subjects of pairsOf(small))
      for (const asked of pairsOf(small)) {
        const isCovered = asked.every((filter) => covers({ subjects }, filter));
        if (isCovered) granted += 1;
        if (isCovered !== asked.every((filter) => modelCovers(subjects, filter))) wrong.push(`${subjects} ${asked}`);
      }
    expect(wrong).toEqual([]);
    expect(granted).toBeGreaterThan(120);
  });

  it("[A2] filters that cover a request only together do not cover it", () => {
    expect(covers({ subjects: ["*", "*.>"] }, ">")).toBe(false);
    expect(covers({ subjects: ["a.*", "a.*.>"] }, "a.>")).toBe(false);
  });
});

describe("canonical", () => {
  it("[A2] [H4] is the same set of subjects, without what another filter covers, for every two and three of them", () => {
    const small = filtersUpTo(2);
    const sets = [...pairsOf(FILTERS), ...pairsOf(small).flatMap((pair) => small.map((third) => [...pair, third]))];
    for (const set of sets) {
      const kept = canonical([...set, ...set]);
      const union = (filters: readonly string[]): bigint => filters.reduce((all, filter) => all | matched(filter), 0n);
      expect(union(kept)).toBe(union(set));
      for (const filter of kept)
        expect(
          modelCovers(
            kept.filter((other) => other !== filter),
            filter,
          ),
        ).toBe(false);
    }
  });

  it("[H4] is sorted bytewise", () => {
    expect(canonical(["b", "\u{10000}", "\uffee", "a.b", "a", "B"])).toEqual([
      "B",
      "a",
      "a.b",
      "b",
      "\uffee",
      "\u{10000}",
    ]);
  });
});

describe("subjectFor", () => {
  it("[A2] is the default where the grant covers it, else the grant's only filter inside the root", () => {
    const subject = (...subjects: string[]): string | null => subjectFor({ subjects }, "r.d.>", "r.>");
    expect(subject("r.>")).toBe("r.d.>");
    expect(subject("r.d.x")).toBe("r.d.x");
    expect(subject("r.d.x", "r.d.*", "s.>")).toBe("r.d.*");
    expect(subject("r.a", "r.b")).toBeNull();
    expect(subject("*.a")).toBeNull();
    expect(subject()).toBeNull();
  });
});
