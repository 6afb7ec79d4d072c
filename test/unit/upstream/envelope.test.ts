import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toEnvelope, type Made } from "../../../src/upstream/envelope.ts";
import { headerBlock } from "../../support/wire/header-block.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
/** A JSON string around raw bytes. */
const quoted = (...values: number[]): Uint8Array => bytes(0x22, ...values, 0x22);

function textOf(payload: string): string | null {
  const made = make(7, utf8(payload), null);
  return made.ok ? made.envelope.text : null;
}

/** What is made of a message of this seq. */
function make(position: number, payload: Uint8Array, headers: Uint8Array | null): Made {
  return toEnvelope({ position, payload, headers, subject: "a.b", time: "1700000000123456789" });
}

describe("toEnvelope", () => {
  it.each([
    '{"id":9007199254740993}',
    "[1.0, 1.00, 1e400, -0, 0.1000000000000000055511151231257827]",
    ' {\t"a" :\r\n 1 } ',
    '{"a":1,"a":2,"__proto__":3}',
    '"\\u00e9 é 東 😀"',
    "null",
    "0",
    '""',
  ])("[W1] splices %s as it is, every digit and space", (payload) => {
    expect(textOf(payload)).toBe(`{"seq":7,"event":${payload}}`);
  });

  it.each([
    ["a lone high surrogate", '"\\ud800"'],
    ["a lone low surrogate", '"\\udfff x"'],
    ["surrogates in the wrong order", '"\\ude00\\ud83d"'],
    ["a lone surrogate in a name", '{"\\ud800":1}'],
  ])("[W7] %s as an escape is valid JSON", (_name, payload) => {
    expect(textOf(payload)).toBe(`{"seq":7,"event":${payload}}`);
  });

  it.each([
    ["a continuation byte alone", quoted(0x80)],
    ["the last continuation byte alone", quoted(0xbf)],
    ["a two-byte character cut short", quoted(0xc3)],
    ["a three-byte character cut short", quoted(0xe2, 0x82)],
    ["a four-byte character cut short", quoted(0xf0, 0x9f, 0x98)],
    ["a character cut short at the end", bytes(0x22, 0x22, 0xe2)],
    ["an overlong slash in two bytes", quoted(0xc0, 0xaf)],
    ["an overlong A in two bytes", quoted(0xc1, 0x81)],
    ["an overlong slash in three bytes", quoted(0xe0, 0x80, 0xaf)],
    ["an overlong slash in four bytes", quoted(0xf0, 0x80, 0x80, 0xaf)],
    ["an overlong NUL", quoted(0xc0, 0x80)],
    ["a high surrogate", quoted(0xed, 0xa0, 0x80)],
    ["a low surrogate", quoted(0xed, 0xbf, 0xbf)],
    ["a surrogate pair (CESU-8)", quoted(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80)],
    ["a code point above U+10FFFF", quoted(0xf4, 0x90, 0x80, 0x80)],
    ["a five-byte sequence", quoted(0xf8, 0x88, 0x80, 0x80, 0x80)],
    ["0xFE", quoted(0xfe)],
    ["0xFF", quoted(0xff)],
    ["UTF-16", bytes(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00)],
    ["Latin-1", quoted(0xe9)],
  ])("[W7] %s is not UTF-8", (_name, payload) => {
    expect(make(7, payload, null)).toEqual({ ok: false, why: "not-utf8" });
  });

  it.each([
    ["nothing", ""],
    ["white space", "  \n"],
    ["a byte order mark", "\ufeff{}"],
    ["a byte order mark alone", "\ufeff"],
    ["text", "hello"],
    ["half an object", '{"a":1'],
    ["two values", "{} {}"],
    ["a trailing comma", "[1,]"],
    ["a comment", "{} // x"],
    ["single quotes", "{'a':1}"],
    ["NaN", "NaN"],
    ["a leading zero", "01"],
    ["a control character in a string", '"a\nb"'],
    ["an end of the envelope", '1},{"seq":8,"event":2'],
  ])("[W7] %s is not JSON", (_name, payload) => {
    expect(make(7, utf8(payload), null)).toEqual({ ok: false, why: "not-json" });
  });

  it("[W1] [V7] is JSON whose event is the payload, and knows its size in UTF-8", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.jsonValue({ noUnicodeString: false }), (seq, value) => {
        const payload = utf8(JSON.stringify(value));
        const made = make(seq, payload, null);
        if (!made.ok) throw new Error(made.why);
        const { text, bytes: size } = made.envelope;
        expect(made.envelope.seq).toBe(seq);
        expect(JSON.parse(text)).toEqual({ seq, event: JSON.parse(new TextDecoder().decode(payload)) });
        expect(size).toBe(utf8(text).byteLength);
      }),
    );
  });

  it("[W7] takes exactly what is UTF-8 and JSON", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (payload) => {
        const made = make(7, payload, null);
        const isValid = isJson(Buffer.from(payload));
        expect(made.ok).toBe(isValid);
      }),
      { numRuns: 3_000 },
    );
  });

  it("[W15] knows the size of a binary event in UTF-8", () => {
    const headers = headerBlock(["ce-specversion", "1.0"], ["ce-id", "é"], ["ce-source", "/😀"], ["ce-type", "t"]);
    const made = make(7, utf8('{"name":"東"}'), headers);
    expect(made.ok && made.envelope.bytes).toBe(made.ok && utf8(made.envelope.text).byteLength);
    expect(made.ok && JSON.parse(made.envelope.text)).toMatchObject({
      seq: 7,
      event: { id: "é", data: { name: "東" } },
    });
  });

  it("[W15] [W7] drops a binary event that is none", () => {
    expect(make(7, utf8("{}"), headerBlock(["ce-specversion", "1.0"]))).toEqual({
      ok: false,
      why: "bad-binary-event",
    });
  });

  it("[W15] [P2] the payload is the event when the content type says so, whatever the other headers say", () => {
    const specversion = ["ce-specversion", "1.0"] as const;
    const headers = headerBlock(specversion, ["content-type", "application/cloudevents+json"]);
    const payload = utf8('{"specversion":"1.0","n":9007199254740993}');
    expect(make(7, payload, headers)).toEqual(make(7, payload, null));
    const batch = headerBlock(specversion, ["content-type", "application/cloudevents-batch+json"]);
    expect(make(7, utf8("[]"), batch)).toEqual(make(7, utf8("[]"), null));
    expect(make(7, utf8("no json"), batch)).toEqual({ ok: false, why: "not-json" });
  });

  it("[H1] keeps where it came from, whatever form it came in", () => {
    const binary = headerBlock(["ce-specversion", "1.0"], ["ce-id", "1"], ["ce-source", "/"], ["ce-type", "t"]);
    for (const headers of [null, binary])
      expect(make(7, utf8("{}"), headers)).toMatchObject({
        envelope: { subject: "a.b", timeMs: 1_700_000_000_123, timeNanos: 456_789 },
      });
  });

  it("[W15] other headers change nothing", () => {
    expect(make(7, utf8("{}"), headerBlock(["nats-msg-id", "x"], ["ce-id", "x"]))).toEqual(make(7, utf8("{}"), null));
  });
});

/** Said again by other means: Node's own check of UTF-8, and no byte order mark. */
function isJson(payload: Buffer): boolean {
  const text = payload.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(payload) || text.startsWith("\ufeff")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
