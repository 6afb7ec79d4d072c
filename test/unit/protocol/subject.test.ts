import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSubsetOf, isValidFilter, matches } from "../../../src/protocol/subject.ts";

describe("isValidFilter", () => {
  it.each(["a", "a.b", "*", ">", "a.*.c", "a.>", "*.*", "cellos.events.>", "größe.東京", "-_:/$", "a".repeat(256)])(
    "[H4] accepts %s",
    (filter) => expect(isValidFilter(filter)).toBe(true),
  );

  const malformed = {
    "an empty filter": "",
    "an empty first token": ".a",
    "an empty last token": "a.",
    "an empty middle token": "a..b",
    "* beside other characters": "a*",
    "** in one token": "**",
    "> before the last token": "a.>.b",
    "> beside other characters": "a.b>",
    "two >": ">.>",
    "a space": "a b",
    "a tab": "a\tb",
    "a line feed at the end": "a\n",
    "a null character": "a\u0000",
    "a control beyond ASCII": "a\u0085b",
    "a delete character": "a\u007f",
    "a no-break space": "a\u00a0b",
    "an ideographic space": "a\u3000b",
    "a line separator": "a\u2028b",
    "a byte order mark": "\ufeffa",
    "a lone surrogate": "a\ud800",
    "257 bytes": "a".repeat(257),
    "257 bytes in 129 characters": `${"é".repeat(128)}a`,
    "260 bytes in 65 astral characters": "😀".repeat(65),
  };
  it.each(Object.entries(malformed))("[H4] refuses %s", (_, filter) => expect(isValidFilter(filter)).toBe(false));

  it("[H4] counts bytes as UTF-8 does", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "é", "東", "😀"), minLength: 1, maxLength: 300 }), (text) => {
        expect(isValidFilter(text)).toBe(new TextEncoder().encode(text).length <= 256);
      }),
    );
  });
});

/** Every subject of one to `length` tokens over the alphabet a, b. */
function subjectsUpTo(length: number): string[] {
  let layer = ["a", "b"];
  const all = [...layer];
  for (let size = 2; size <= length; size += 1) {
    layer = layer.flatMap((subject) => [`${subject}.a`, `${subject}.b`]);
    all.push(...layer);
  }
  return all;
}

/** The model: a filter as a regular expression. */
function model(filter: string): RegExp {
  const tokens = filter
    .split(".")
    .map((token) => (token === "*" ? "[^.]+" : token === ">" ? "[^.]+(\\.[^.]+)*" : token));
  return new RegExp(`^${tokens.join("\\.")}$`);
}

const SUBJECTS = subjectsUpTo(4);
const filters = fc
  .tuple(fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 3 }), fc.boolean())
  .map(([tokens, open]) => (open || tokens.length === 0 ? [...tokens, ">"] : tokens).join("."));

describe("isSubsetOf and matches, against every subject of up to four tokens", () => {
  it("[H4] a filter matches what its regular expression matches", { tags: "long" }, () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(SUBJECTS.filter((subject) => matches(filter, subject))).toEqual(
          SUBJECTS.filter((subject) => model(filter).test(subject)),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("[H4] a filter is inside a root when the root matches all it matches", { tags: "long" }, () => {
    fc.assert(
      fc.property(filters, filters, (filter, root) => {
        const inside = SUBJECTS.every((subject) => !model(filter).test(subject) || model(root).test(subject));
        expect(isSubsetOf(filter, root)).toBe(inside);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["cellos.events", "cellos.events.>", false],
    ["cellos.events.>", "cellos.events.>", true],
    ["cellos.events.a.*.c", "cellos.events.>", true],
    ["cellos.*.a", "cellos.events.>", false],
    [">", "cellos.events.>", false],
    ["a.b.c.d.e", "a.b.c.x.e", false],
    ["*", ">", true],
    ["*.>", "*", false],
    ["cellos.eventsx.a", "cellos.events.>", false],
  ])("[H4] %s inside %s: %s", (filter, root, inside) => expect(isSubsetOf(filter, root)).toBe(inside));
});
