import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prettyText, prettyTokens } from "../../src/console/pretty.ts";

describe("prettyText", () => {
  it("[W1] keeps every digit of a number", () => {
    const json = '{"a":9007199254740993,"b":-0,"c":1.10,"d":1E400,"e":[18446744073709551615]}';
    expect(prettyText(json).replace(/\s/g, "")).toBe(json);
  });

  it("lays out as JSON.stringify does", () => {
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

  it("takes a string of 16 MiB, escapes included", () => {
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
