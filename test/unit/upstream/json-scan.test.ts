import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasStringMember, isDeeperThan } from "../../../src/upstream/json-scan.ts";

const TYPE = "io.cellos.relay.v1.heartbeat";
const nested = (depth: number, open = "[", close = "]", core = ""): string =>
  open.repeat(depth) + core + close.repeat(depth);

describe("isDeeperThan", () => {
  it.each([
    ["128 arrays", nested(128, "[", "]", "1.5"), false],
    ["129 arrays", nested(129, "[", "]"), true],
    ["128 objects", nested(128, '{"a":', "}", "1"), false],
    ["129 objects", nested(129, '{"a":', "}", "1"), true],
    ["64 objects round 65 arrays", nested(64, '{"a":', "}", nested(65)), true],
    ["64 objects round 64 arrays", nested(64, '{"a":', "}", nested(64)), false],
    ["many beside each other", `[${"[],".repeat(1_000)}[]]`, false],
    ["brackets in a string", `["${"[".repeat(1_000)}"]`, false],
    ["brackets in a name", `{"${"{".repeat(1_000)}":1}`, false],
    ["brackets behind an escaped quote", `["\\"${"[".repeat(1_000)}"]`, false],
    ["brackets behind an escaped backslash", `["\\\\",${nested(128)}]`, true],
    ["brackets that nobody closes", "[".repeat(450_000), true],
    ["450,000 levels", nested(450_000), true],
    ["a string that nobody closes", `"${"[".repeat(1_000)}`, false],
    ["a backslash at the end", `${" ".repeat(300)}"\\`, false],
  ])("[W17] %s", (_name, text, expected) => {
    expect(isDeeperThan(text, 128)).toBe(expected);
  });

  it("[W17] says what a parsed value says", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 0, max: 6 }), (json, maxDepth) => {
        expect(isDeeperThan(json, maxDepth)).toBe(depthOf(JSON.parse(json)) > maxDepth);
      }),
      { numRuns: 2_000 },
    );
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("hasStringMember", () => {
  it.each([
    ["as it is", `{"type":"${TYPE}"}`, true],
    ["with white space", ` {\n"type" :\t"${TYPE}" } `, true],
    ["behind others", `{"a":[1,{"b":"}"}],"c":"x\\"","type":"${TYPE}"}`, true],
    ["with an escaped name", `{"\\u0074ype":"${TYPE}"}`, true],
    ["with every letter of the name escaped", `{"\\u0074\\u0079\\u0070\\u0065":"${TYPE}"}`, true],
    ["with an escaped value", `{"type":"io.cellos.relay.v1.heart\\u0062eat"}`, true],
    ["with an escaped slash beside", `{"a":"\\/","type":"${TYPE.replace("i", "\\u0069")}"}`, true],
    ["given first of two", `{"type":"${TYPE}","type":"other"}`, true],
    ["given last of two", `{"type":"other","type":"${TYPE}"}`, true],
    ["given between an object and a number", `{"type":{},"type":"${TYPE}","type":1}`, true],
    ["further down", `{"data":{"type":"${TYPE}"}}`, false],
    ["in an array", `[{"type":"${TYPE}"}]`, false],
    ["as elements of an array", `["type","${TYPE}","type","${TYPE}"]`, false],
    ["as a value of another member", `{"subject":"${TYPE}","x":"type"}`, false],
    ["as a name", `{"${TYPE}":"type"}`, false],
    ["with another name", `{"types":"${TYPE}","Type":"${TYPE}"}`, false],
    ["a little longer", `{"type":"${TYPE}s"}`, false],
    ["an object in between", `{"type":{"x":1},"y":"${TYPE}"}`, false],
    ["an array in between", `{"type":["${TYPE}"],"y":"z"}`, false],
    ["a string", `"${TYPE}"`, false],
    ["with a colon in a string before", `{"a":"\\":","b":"type","c":"${TYPE}"}`, false],
  ])("[W17] %s", (_name, json, expected) => {
    expect(hasStringMember(json, "type", TYPE)).toBe(expected);
  });

  it("[W17] says what a parsed object says, however it is spelled", { tags: "long" }, () => {
    const key = fc.constantFrom("type", "t", "types", "data");
    const value = fc.oneof(fc.constantFrom(TYPE, "x"), fc.jsonValue({ maxDepth: 2 }));
    const object = fc.array(fc.tuple(key, value), { maxLength: 5 });
    fc.assert(
      fc.property(object, fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }), (entries, escapes) => {
        const members = entries.map(([name, given]) => `${spelled(name, escapes)}:${spelledValue(given, escapes)}`);
        const expected = entries.some(([name, given]) => name === "type" && given === TYPE);
        expect(hasStringMember(`{${members.join(",")}}`, "type", TYPE)).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

function spelledValue(value: unknown, escapes: readonly boolean[]): string {
  return typeof value === "string" ? spelled(value, escapes) : JSON.stringify(value);
}

/** A string of JSON, some of its ASCII letters escaped. */
function spelled(text: string, escapes: readonly boolean[]): string {
  let n = 0;
  return JSON.stringify(text).replace(/(?<!\\)[a-z]/g, (letter) =>
    escapes[n++ % escapes.length] === true ? `\\u00${letter.charCodeAt(0).toString(16)}` : letter,
  );
}
