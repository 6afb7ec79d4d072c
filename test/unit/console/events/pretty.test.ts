import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prettyText, prettyTokens } from "../../../../src/console/events/pretty.ts";

describe("prettyText", () => {
  it("[W1] keeps every digit of a number", () => {
    const json = '{"a":9007199254740993,"b":-0,"c":1.10,"d":1E400,"e":[18446744073709551615]}';
    expect(prettyText(json).replace(/\s/g, "")).toBe(json);
  });

  it("lays out as JSON.stringify does", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(prettyText(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it("takes white space as the sender wrote it for no layout at all", () => {
    expect(prettyText(' {\n"a" :\t[ ] , "b": { } }\r\n')).toBe('{\n  "a": [],\n  "b": {}\n}');
  });

  it("leaves strings alone, marks and escapes in them included", () => {
    expect(prettyText('{"a":"{\\"x\\\\\\": [1,  2]}\\u2028 é😀"}')).toBe(
      '{\n  "a": "{\\"x\\\\\\": [1,  2]}\\u2028 é😀"\n}',
    );
  });

  it("takes a string of 16 MiB, escapes included", { tags: "long" }, () => {
    const json = JSON.stringify('x\n"'.repeat(4 * 1024 * 1024));
    expect(prettyText(json) === json).toBe(true);
  });

  it.each(['{"a', "}}]]", '"\\', ":::", "{,}"])("survives %j, which is not JSON, and drops nothing", (text) => {
    expect(prettyText(text).replace(/\s/g, "")).toBe(text);
  });

  it("bounds the indent of deep nesting, so the text cannot grow with its square", () => {
    const depth = 20_000;
    expect(prettyText("[".repeat(depth) + "1" + "]".repeat(depth)).length).toBeLessThan(depth * 200);
  });
});

describe("prettyTokens", () => {
  it("tells keys, strings, numbers and words apart", () => {
    const kinds = prettyTokens('{"k":["s",-1,true,null]}').filter(({ kind }) => kind !== "mark" && kind !== "space");
    expect(kinds.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'key "k"',
      'string "s"',
      "number -1",
      "word true",
      "word null",
    ]);
  });
});

describe("[W17] what is shown of an event of any shape", { tags: "long" }, () => {
  const SIZE = 600 * 1024;
  const listOf = (unit: string): string => `[${`${unit},`.repeat(SIZE / unit.length).slice(0, -1)}]`;
  const joined = (json: string): string =>
    prettyTokens(json)
      .map(({ text }) => text)
      .join("");

  it.each([
    ["brackets in a string", JSON.stringify({ data: "[".repeat(SIZE) })],
    ["a key of 1 MB", JSON.stringify({ ["k".repeat(1_000_000)]: 1 })],
    ["100,000 keys", JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])))],
    ["empty lists", listOf("[]")],
    ["lists of a number", listOf("[1]")],
    ["deep lists", listOf("[".repeat(120) + "]".repeat(120))],
    ["numbers", listOf("1")],
    ["brackets alone", "[".repeat(SIZE)],
  ])("%s: a beginning, of bounded lines, tokens and characters, and a mark for the rest", (_name, json) => {
    const tokens = prettyTokens(json);
    const text = joined(json);
    expect(tokens.length).toBeLessThan(40_000);
    expect(text.split("\n").length).toBeLessThanOrEqual(5_000);
    expect(text.length).toBeLessThanOrEqual(100_001);
    expect(tokens.filter(({ kind }) => kind === "cut")).toEqual([tokens.at(-1)]);
    expect(prettyText(json).startsWith(text.slice(0, -1))).toBe(true);
  });

  it("is all of it up to there", () => {
    for (const json of [
      JSON.stringify("x".repeat(99_998)),
      JSON.stringify(Array.from({ length: 4_998 }, () => 1)),
      "[]",
      "",
    ])
      expect(joined(json) === prettyText(json)).toBe(true);
    for (const json of [JSON.stringify("x".repeat(99_999)), JSON.stringify(Array.from({ length: 4_999 }, () => 1))])
      expect(joined(json) === prettyText(json)).toBe(false);
  });
});
