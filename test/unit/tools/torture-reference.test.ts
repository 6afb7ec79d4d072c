import { describe, expect, test } from "vitest";
import { bytes, headerBlock, unendedBlock, type Line } from "../../torture/header-block.ts";
import { shapeOf } from "../../torture/json-shape.ts";
import { digest } from "../../torture/model.ts";
import { digestOfText } from "../../torture/payloads.ts";
import { structuredForm } from "../../torture/reference-binary.ts";
import { headersOf } from "../../torture/reference-headers.ts";
import { judgeMessage } from "../../torture/reference.ts";

const HEARTBEAT = "io.cellos.relay.v1.heartbeat";
const NAMES = { specversion: "1.0", id: "binary-1", source: "/s", type: "t" };

const lines = (own: Readonly<Record<string, string>> = {}): string[] =>
  Object.entries({ ...NAMES, ...own }).map(([name, value]) => `ce-${name}: ${value}`);
const read = (block: Buffer): Record<string, string> =>
  Object.fromEntries([...headersOf(block)].map(([name, value]) => [name, value.toString("latin1")]));
/** Why it must reach nobody; null when everybody must get it. */
const why = (payload: string | Buffer, block: Buffer | null = null): string | null => {
  const verdict = judgeMessage({ payload: Buffer.from(payload), block });
  return verdict.valid ? null : verdict.why;
};
const form = (block: readonly Line[], payload: string | Buffer = ""): unknown => {
  const text = structuredForm(headersOf(headerBlock(block)), Buffer.from(payload));
  return text === null ? null : JSON.parse(text);
};
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

describe("the reader of headers", () => {
  test.each<[string, Buffer, Record<string, string>]>([
    ["names in lower case, values without blanks around them", headerBlock(["X-A:\t \n1 2\r \t"]), { "x-a": "1 2" }],
    ["names as they stand, blanks included", headerBlock([" a : 1", "b\t: 2"]), { " a ": "1", "b\t": "2" }],
    ["the first value of a name", headerBlock(["a: 1", "A: 2", "a: 3"]), { a: "1" }],
    ["an empty value that is the first", headerBlock(["a:", "a: 1"]), { a: "" }],
    ["nothing of a line without a colon", headerBlock(["a", "b: 1"]), { b: "1" }],
    ["everything behind the first colon", headerBlock(["a:b: c:d"]), { a: "b: c:d" }],
    ["a name of no bytes", headerBlock([": 1"]), { "": "1" }],
    ["a line feed or carriage return as any other byte", headerBlock(["a: 1\nb: 2\rc: 3"]), { a: "1\nb: 2\rc: 3" }],
    ["bytes that are no text", headerBlock([bytes("\xc4: \xff\xa0")]), { "\xc4": "\xff\xa0" }],
    ["capitals of ASCII alone", headerBlock([bytes("\xc4Z: 1")]), { "\xc4z": "1" }],
    ["nothing of the first line, whatever it is", headerBlock(["b: 1"], "a: 1"), { b: "1" }],
    ["nothing behind an empty line", headerBlock(["a: 1", "", "b: 2"]), { a: "1" }],
    ["a last line without an end", unendedBlock(["a: 1"]), { a: "1" }],
    ["no line", unendedBlock([]), {}],
  ])("[W17] takes %s", (_what, block, expected) => {
    expect(read(block)).toEqual(expected);
  });

  test("[W17] finds no header where there is no block", () => {
    expect(headersOf(null).size).toBe(0);
  });
});

describe("the verdict on a message", () => {
  test.each(["{}", "[]", "1", '"x"', "null", ' {"a":1}\n', '{"a":1,"a":2}', '"\\ud800"'])(
    "[W7] %j is an event, byte for byte",
    (text) => {
      expect(judgeMessage({ payload: Buffer.from(text), block: null })).toEqual({ valid: true, digest: digest(text) });
    },
  );

  test.each(["", " ", "no", "{", "{}{}", "01", "\ufeff{}", "{}\0", bytes('"\xff"'), bytes('"\xed\xa0\x80"')])(
    "[W7] %j is none",
    (payload) => {
      expect(why(payload)).toBe("no event");
    },
  );

  test.each<[string, Buffer]>([
    ["a space in a name", headerBlock(["X Trace: 1"])],
    [
      "a name close to an attribute's",
      headerBlock(["ce-specversion : 1", " ce-specversion: 1", "ce-specversion\0: 1"]),
    ],
    ["attributes, none of them the specversion", headerBlock(["ce-type: t", `ce-id: ${HEARTBEAT}`, "ce-odd: %FF"])],
    ["an attribute in the first line", headerBlock([], "ce-specversion: 1.0")],
    ["attributes behind the end", headerBlock(["", ...lines({ id: "" })])],
    ["a status", headerBlock([], "NATS/1.0 503")],
    ["the payload's type", headerBlock([...lines({ id: "" }), "Content-Type: Application/CloudEvents+json"])],
  ])("[W17] headers that do not matter: %s", (_what, block) => {
    expect(judgeMessage({ payload: Buffer.from("{}"), block })).toEqual({ valid: true, digest: digest("{}") });
    expect(why("", block)).toBe("no event");
  });

  test("[W17] the event itself is the first of 128 arrays and objects", () => {
    expect([128, 129, 100_000].map((depth) => why(nested(depth)))).toEqual([null, "too deep", "too deep"]);
    expect([127, 128].map((depth) => why(`{"a":${nested(depth)}}`))).toEqual([null, "too deep"]);
    expect([127, 128].map((depth) => why(nested(depth), headerBlock(lines())))).toEqual([null, "too deep"]);
    expect(why(`{"a":${nested(128)},"a":1}`)).toBe("too deep");
    expect(why(`{"a":"${"[".repeat(200)}","b":"\\"[{","c":[${"[],".repeat(200)}{}]}`)).toBeNull();
  });

  test.each([
    `{"type":"${HEARTBEAT}"}`,
    `{"\\u0074ype":"${HEARTBEAT}"}`,
    `{"type":"io.cellos.relay.v1.heartbea\\u0074"}`,
    `{"type":"t","type":"${HEARTBEAT}"}`,
    `{"type":"${HEARTBEAT}","type":{}}`,
    ` {"a":["x",{}],"type"\n:\t"${HEARTBEAT}" }`,
  ])("[W17] %j is a forged heartbeat", (text) => {
    expect(why(text)).toBe("heartbeat");
  });

  test.each([
    `{"data":{"type":"${HEARTBEAT}"}}`,
    `{"type":["${HEARTBEAT}"]}`,
    `{"type":{"type":"${HEARTBEAT}"}}`,
    `{"Type":"${HEARTBEAT}"}`,
    `{"type":"${HEARTBEAT} "}`,
    `{"type":1,"a":"${HEARTBEAT}"}`,
    `{"${HEARTBEAT}":"type"}`,
    `{"a":"type","b":"${HEARTBEAT}"}`,
    `["type","${HEARTBEAT}"]`,
    `[{"type":"${HEARTBEAT}"}]`,
    `"${HEARTBEAT}"`,
  ])("[W17] %j is none", (text) => {
    expect(why(text)).toBeNull();
  });

  test("[W17] a forged heartbeat may come in binary mode", () => {
    for (const type of [HEARTBEAT, HEARTBEAT.replace("h", "%68"), `"${HEARTBEAT}"`]) {
      expect(why("{}", headerBlock(lines({ type })))).toBe("heartbeat");
    }
    expect(why(`{"type":"${HEARTBEAT}"}`, headerBlock(lines()))).toBeNull();
  });

  test("[W15] an event in binary mode is compared by what it says", () => {
    const verdict = judgeMessage({ payload: Buffer.from('{"b":1}'), block: headerBlock(lines()) });
    const told = '{"data":{"b":1},"type":"t","source":"/s","id":"binary-1","specversion":"1.0"}';
    expect(verdict).toEqual({ valid: true, digest: digestOfText(told) });
    expect(verdict.digest).not.toBe(digestOfText(told.replace('"b":1', '"b":2')));
    expect(verdict.digest).not.toBe(digestOfText(told.replace('"b":1', '"b":1.0')));
    expect(why("{}", headerBlock(lines({ source: "" })))).toBe("no event");
  });
});

describe("the structured form of binary mode", () => {
  test.each<[string, string, string]>([
    ["as it is", "a b", "a b"],
    ["percent-encoded", "%61%F0%9F%98%80%00", "a😀\0"],
    ["a stray percent sign", "100% %zz %4", "100% %zz %4"],
    ["quoted", '"a\\"b\\\\%20"', 'a"b\\ '],
    ["quoted, with nothing inside", '""', ""],
    ["quoted by half", '"a"b"', '"a"b"'],
    ["a quote that does not end", '"a\\"', '"a\\"'],
    ["one quote", '"', '"'],
    ["a line feed", "a\nb", "a\nb"],
    ["blanks of another kind", "\u00a0a\ufeff", "\u00a0a\ufeff"],
  ])("[W15] a value: %s", (_what, header, value) => {
    expect(form(lines({ odd: header }))).toEqual({ ...NAMES, odd: value });
  });

  test.each<[string, readonly Line[]]>([
    ["without id", lines().filter((line) => !line.startsWith("ce-id"))],
    ["with an empty type", lines({ type: "" })],
    ["with an empty specversion", lines({ specversion: '""' })],
    ["with an empty id before another", [...lines({ id: "" }), "ce-id: 1"]],
    ["with a value that is no text", [...lines(), bytes("ce-odd: \xff")]],
    ["with a value that is no text when decoded", lines({ odd: "%C3%28" })],
  ])("[W15] headers %s make no event", (_what, block) => {
    expect(form(block)).toBeNull();
  });

  test("[W15] a header that cannot be an attribute is left out, whatever it holds", () => {
    const others = ["ce-data: 1", "ce-a-b: %FF", "ce-a_b: 1", "ce-: 1", bytes("ce-a.b: \xff"), "x: %FF"];
    expect(form([...others, ...lines(), bytes("CE-ID: \xff")])).toEqual(NAMES);
  });

  test.each<[string, readonly Line[], string | Buffer, object]>([
    ["none", [], "", {}],
    ["JSON", [], "[1]", { data: [1] }],
    ["no JSON", [], "no", { data_base64: "bm8=" }],
    ["JSON that is called so", ["ce-datacontenttype: a/b+JSON ;c"], "1", { datacontenttype: "a/b+JSON ;c", data: 1 }],
    ["a byte order mark", [], "\ufeff1", { data_base64: "77u/MQ==" }],
    ["text", ["content-type: text/plain"], "1", { datacontenttype: "text/plain", data: "1" }],
    ["a content type that is no text", [bytes("content-type: text/plain\xff")], "1", { data: 1 }],
    [
      "an attribute before a header",
      ["content-type: text/plain", "ce-datacontenttype: a/json"],
      "1",
      { datacontenttype: "a/json", data: 1 },
    ],
    [
      "text of another set",
      ["ce-datacontenttype: text/a; charset=latin1"],
      "1",
      { datacontenttype: "text/a; charset=latin1", data_base64: "MQ==" },
    ],
    [
      "JSON that is none",
      ["ce-datacontenttype: text/json"],
      "no",
      { datacontenttype: "text/json", data_base64: "bm8=" },
    ],
    ["bytes", ["ce-datacontenttype: text/a"], bytes("\xff"), { datacontenttype: "text/a", data_base64: "/w==" }],
    ["no type", ["ce-datacontenttype:"], "1", { datacontenttype: "", data_base64: "MQ==" }],
  ])("[W15] data: %s", (_what, more, payload, expected) => {
    expect(form([...lines(), ...more], payload)).toEqual({ ...NAMES, ...expected });
  });
});

test("[W17] the shape of a text counts what a parser forgets", () => {
  expect(shapeOf('{"type":"a","type":"b","a":{"type":"c"},"b":[[]]}')).toEqual({ depth: 3, types: ["a", "b"] });
  expect(shapeOf('"type"')).toEqual({ depth: 0, types: [] });
});
