import { describe, expect, it } from "vitest";
import { binaryModeHeaders, countOf, statusOf } from "../../../src/upstream/headers.ts";
import { headerBlock, rawBlock, statusBlock } from "../../support/wire/header-block.ts";

const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "number" ? [part] : [...new TextEncoder().encode(part)])));
const SPEC = "ce-specversion: 1.0";

/** What a block says of an event, as an object. */
function read(block: Uint8Array): Record<string, string | null> | null {
  const headers = binaryModeHeaders(block);
  return headers === null ? null : Object.fromEntries(headers);
}

describe("binaryModeHeaders", () => {
  it.each([
    ["no headers at all", rawBlock("NATS/1.0")],
    ["headers of other kinds", headerBlock(["Nats-Msg-Id", "1"], ["ce-id", "1"], ["content-type", "text/plain"])],
    ["a name with a blank in it", rawBlock("NATS/1.0", "X Trace: 1")],
    ["a blank before the colon", rawBlock("NATS/1.0", "ce-specversion : 1.0")],
    ["a name that goes on", rawBlock("NATS/1.0", "ce-specversions: 1.0")],
    ["a name that lacks its end", rawBlock("NATS/1.0", "ce-specversio: 1.0")],
    ["no colon", rawBlock("NATS/1.0", "ce-specversion 1.0")],
    ["the name inside a value", rawBlock("NATS/1.0", "x: ce-specversion: 1.0")],
    ["the name behind a lone line feed", rawBlock("NATS/1.0", `x: 1\n${SPEC}`)],
    ["the name behind a lone carriage return", rawBlock("NATS/1.0", `x: 1\r${SPEC}`)],
    ["the name behind the empty line", rawBlock("NATS/1.0", "x: 1", "", SPEC)],
    ["the name in the first line", rawBlock(SPEC)],
    ["a letter that only lower-case makes one", bytes("NATS/1.0\r\nce-", 0xc5, 0xbf, "pecversion: 1.0\r\n\r\n")],
    ["nothing", bytes()],
    ["no line end", bytes("NATS/1.0")],
  ])("[W17] [W15] %s is no binary mode", (_name, block) => {
    expect(read(block)).toBeNull();
  });

  it.each([
    ["in whatever case", rawBlock("NATS/1.0", "CE-SpecVersion: 1.0", "Ce-Id: a"), { "ce-id": "a" }],
    ["without a space", rawBlock("NATS/1.0", SPEC, "ce-id:a"), { "ce-id": "a" }],
    ["with blanks round the value", rawBlock("NATS/1.0", SPEC, "ce-id: \t a b\t "), { "ce-id": "a b" }],
    ["with colons in the value", rawBlock("NATS/1.0", SPEC, "ce-id: a:b: c"), { "ce-id": "a:b: c" }],
    ["with an empty value", rawBlock("NATS/1.0", SPEC, "ce-id:"), { "ce-id": "" }],
    ["the first of several", rawBlock("NATS/1.0", SPEC, "ce-id: a", "CE-ID: b"), { "ce-id": "a" }],
    ["with a lone line feed in it", rawBlock("NATS/1.0", SPEC, "ce-id: a\nb"), { "ce-id": "a\nb" }],
    ["with a lone carriage return in it", rawBlock("NATS/1.0", SPEC, "ce-id: a\rb"), { "ce-id": "a\rb" }],
    ["beside lines that are none", rawBlock("NATS/1.0", "", SPEC), null],
    ["after a line without a colon", rawBlock("NATS/1.0", "junk", SPEC, "ce-id: a"), { "ce-id": "a" }],
    ["after an empty name", rawBlock("NATS/1.0", ": x", SPEC, "ce-id: a"), { "ce-id": "a" }],
    ["with a content type", rawBlock("NATS/1.0", SPEC, "Content-Type: text/x"), { "content-type": "text/x" }],
    ["no other header", rawBlock("NATS/1.0", "X Trace: 1", SPEC, "é: 1", "traceparent: 0"), {}],
    ["with letters of other scripts", rawBlock("NATS/1.0", SPEC, "ce-id: é 東 😀"), { "ce-id": "é 東 😀" }],
    ["last, without the empty line", bytes("NATS/1.0\r\n", SPEC, "\r\nce-id: a"), { "ce-id": "a" }],
    [
      "a name that is no ASCII, apart from its like",
      bytes("NATS/1.0\r\n", SPEC, "\r\nce-", 0xe2, 0x84, 0xaa, ": x\r\n\r\n"),
      { "ce-\u212a": "x" },
    ],
  ])("[W17] [W15] reads an attribute %s", (_name, block, expected) => {
    expect(read(block)).toEqual(expected === null ? null : { "ce-specversion": "1.0", ...expected });
  });

  it.each([
    ["0xFF", [0xff]],
    ["half a character", [0xc3]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
  ])("[W17] a value that is not UTF-8 is none: %s", (_name, value) => {
    const block = bytes("NATS/1.0\r\n", SPEC, "\r\nx: ", ...value, "\r\nce-id: a", ...value, "\r\n\r\n");
    expect(read(block)).toEqual({ "ce-specversion": "1.0", "ce-id": null });
  });
});

describe("statusOf", () => {
  it.each([
    ["NATS/1.0 100 Idle Heartbeat", 100, "Idle Heartbeat"],
    ["NATS/1.0 503", 503, ""],
    ["NATS/1.0   409  Consumer Deleted", 409, "Consumer Deleted"],
    ["NATS/1.0", 0, ""],
    ["NATS/1.0 x", 0, ""],
    ["NATS/1.0 1000", 0, ""],
    ["HTTP/1.1 200 OK", 0, ""],
    ["", 0, ""],
  ])("[W12] [W17] %s", (line, code, description) => {
    expect(statusOf(rawBlock(line))).toEqual({ code, description });
  });

  it("[W17] cuts a line that is no status", () => {
    expect(statusOf(rawBlock(`NATS/1.0 409 ${"x".repeat(1_000_000)}`)).description.length).toBeLessThan(256);
    expect(statusOf(Uint8Array.of(0xff, 0xfe))).toEqual({ code: 0, description: "" });
  });
});

describe("countOf", () => {
  it.each([
    ["a count", 42, 42],
    ["0", 0, 0],
    ["2^53 - 1", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["2^53", "9007199254740992", Number.NaN],
    ["text", "many", Number.NaN],
    ["negative", -1, Number.NaN],
    ["infinite", "Infinity", Number.NaN],
    ["an exponent", "1e3", Number.NaN],
    ["a fraction", "1.5", Number.NaN],
    ["nothing", "", Number.NaN],
  ])("[W9] [W17] %s", (_name, value, expected) => {
    expect(countOf(statusBlock(100, "x", { other: 7, "Nats-Last-Stream": value }), "Nats-Last-Stream")).toBe(expected);
  });

  it("[W9] is 0 for a header that is not there, and for one behind the empty line", () => {
    expect(countOf(rawBlock("NATS/1.0 100", "x: 1", "", "Nats-Last-Stream: 7"), "Nats-Last-Stream")).toBe(0);
  });
});
