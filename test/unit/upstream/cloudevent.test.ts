import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { structured } from "../../../src/upstream/cloudevent.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const NONE = new Uint8Array();
const REQUIRED = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
const EVENT = { specversion: "1.0", id: "1", source: "/s", type: "t" };

/** The event made of headers and payload; null for no binary event, "bad" for a bad one. */
function made(headers: Readonly<Record<string, string>>, payload: Uint8Array = NONE): unknown {
  const result = structured(new Map(Object.entries(headers)), payload);
  if (result === null) return null;
  return result.ok ? JSON.parse(result.text) : "bad";
}

describe("structured", () => {
  it.each([
    ["[W15] no data", {}, NONE, {}],
    ["[W15] JSON data, content type not said", {}, utf8('{"a":1}'), { data: { a: 1 } }],
    [
      "[W15] application/json",
      { "content-type": "application/json" },
      utf8("[1]"),
      { datacontenttype: "application/json", data: [1] },
    ],
    [
      "[W15] application/json; charset",
      { "content-type": "application/json; charset=utf-8" },
      utf8("1"),
      { datacontenttype: "application/json; charset=utf-8", data: 1 },
    ],
    [
      "[W15] +json",
      { "content-type": "application/vnd.x+json" },
      utf8("null"),
      { datacontenttype: "application/vnd.x+json", data: null },
    ],
    [
      "[W15] +JSON in capitals",
      { "content-type": "application/vnd.x+JSON" },
      utf8("1"),
      { datacontenttype: "application/vnd.x+JSON", data: 1 },
    ],
    [
      "[W15] a type that only ends like JSON",
      { "content-type": "application/notjson" },
      utf8("1"),
      { datacontenttype: "application/notjson", data_base64: "MQ==" },
    ],
    [
      "[W15] jsonlines is not JSON",
      { "content-type": "application/jsonl" },
      utf8("1"),
      { datacontenttype: "application/jsonl", data_base64: "MQ==" },
    ],
    [
      "[W15] json as a parameter is not JSON",
      { "content-type": "image/png; profile=x/json" },
      bytes(1),
      { datacontenttype: "image/png; profile=x/json", data_base64: "AQ==" },
    ],
    [
      "[W15] ce-datacontenttype goes before content-type",
      { "ce-datacontenttype": "text/plain", "content-type": "application/json" },
      utf8("1"),
      { datacontenttype: "text/plain", data: "1" },
    ],
    [
      "[W15] text",
      { "content-type": "text/plain" },
      utf8('say "é"'),
      { datacontenttype: "text/plain", data: 'say "é"' },
    ],
    [
      "[W15] text that looks like JSON stays text",
      { "content-type": "text/plain" },
      utf8("{}"),
      { datacontenttype: "text/plain", data: "{}" },
    ],
    [
      "[W15] text in capitals",
      { "content-type": "Text/CSV" },
      utf8("a,b"),
      { datacontenttype: "Text/CSV", data: "a,b" },
    ],
    [
      "[W15] text that says UTF-8, which is any case and may be quoted",
      { "content-type": 'text/plain; format=flowed; Charset="UTF-8"' },
      utf8("é"),
      { datacontenttype: 'text/plain; format=flowed; Charset="UTF-8"', data: "é" },
    ],
    [
      "[W15] text that says US-ASCII",
      { "content-type": "text/plain;charset=us-ascii" },
      utf8("a"),
      { datacontenttype: "text/plain;charset=us-ascii", data: "a" },
    ],
    [
      "[W15] text that says another character set, though its bytes are UTF-8 too",
      { "content-type": "text/plain; charset=iso-8859-1" },
      utf8("é"),
      { datacontenttype: "text/plain; charset=iso-8859-1", data_base64: "w6k=" },
    ],
    [
      "[W15] text that says UTF-16, in quotes",
      { "ce-datacontenttype": 'text/plain; charset="utf-16"' },
      bytes(0x41, 0),
      { datacontenttype: 'text/plain; charset="utf-16"', data_base64: "QQA=" },
    ],
    [
      "[W15] text that says a character set which only begins like UTF-8",
      { "content-type": "text/plain; charset=utf-8859" },
      utf8("a"),
      { datacontenttype: "text/plain; charset=utf-8859", data_base64: "YQ==" },
    ],
    [
      "[W15] text with a parameter that only ends like charset",
      { "content-type": "text/plain; xcharset=latin1" },
      utf8("a"),
      { datacontenttype: "text/plain; xcharset=latin1", data: "a" },
    ],
    [
      "[W15] JSON is UTF-8 whatever character set it says",
      { "content-type": "application/json; charset=iso-8859-1" },
      utf8('"é"'),
      { datacontenttype: "application/json; charset=iso-8859-1", data: "é" },
    ],
    [
      "[W15] bytes",
      { "content-type": "image/png" },
      bytes(0, 255, 128),
      { datacontenttype: "image/png", data_base64: "AP+A" },
    ],
    [
      "[W15] data that lies about being JSON",
      { "content-type": "application/json" },
      utf8("{"),
      { datacontenttype: "application/json", data_base64: "ew==" },
    ],
    ["[W15] JSON after a byte order mark is none", {}, bytes(0xef, 0xbb, 0xbf, 0x31), { data_base64: "77u/MQ==" }],
    ["[W15] JSON that is not UTF-8", {}, bytes(0x22, 0xff, 0x22), { data_base64: "Iv8i" }],
    [
      "[W15] text that is not UTF-8",
      { "content-type": "text/plain" },
      bytes(0xff),
      { datacontenttype: "text/plain", data_base64: "/w==" },
    ],
    [
      "[W15] optional attributes",
      { "ce-subject": "x", "ce-time": "2026-01-01T00:00:00Z", "ce-dataschema": "u:s" },
      NONE,
      { subject: "x", time: "2026-01-01T00:00:00Z", dataschema: "u:s" },
    ],
    ["[W15] an extension of 20 characters", { "ce-abcdefghij0123456789": "v" }, NONE, { abcdefghij0123456789: "v" }],
    [
      "[W15] an extension of 40 characters, which is only advised against",
      { [`ce-${"x".repeat(40)}`]: "v" },
      NONE,
      { ["x".repeat(40)]: "v" },
    ],
    ["[W15] headers that are not attributes", { "nats-msg-id": "1", traceparent: "00-1", cen: "x" }, NONE, {}],
    ["[W15] a header named like an attribute with a dash", { "ce-correlation-id": "x" }, NONE, {}],
    ["[W15] one with an underscore", { "ce-partition_key": "x", "ce-data_base64": "x" }, NONE, {}],
    ["[W15] one with a capital letter", { "ce-Bad": "x" }, NONE, {}],
    ["[W15] one without a name", { "ce-": "x" }, NONE, {}],
    ["[W15] ce-data, which is the payload's place", { "ce-data": "x" }, utf8("1"), { data: 1 }],
    ["[W15] no attribute, whatever it says", { "ce-a-b": "%FF" }, NONE, {}],
    ["[W15] an empty extension", { "ce-empty": "" }, NONE, { empty: "" }],
  ])("%s", (_name, headers, payload, expected) => {
    expect(made({ ...REQUIRED, ...headers }, payload)).toEqual({ ...EVENT, ...expected });
  });

  it.each(["ce-id", "ce-source", "ce-type"])("[W15] [P2] [W7] is bad without %s, or with an empty one", (name) => {
    const { [name as keyof typeof REQUIRED]: _removed, ...rest } = REQUIRED;
    expect(made(rest)).toBe("bad");
    expect(made({ ...REQUIRED, [name]: "" })).toBe("bad");
  });

  it.each([
    "application/cloudevents",
    "application/cloudevents+json",
    "Application/CloudEvents+JSON; charset=UTF-8",
    "application/cloudevents+avro",
    "application/cloudevents-batch+json",
  ])("[W15] is not in binary mode when the content type is %s", (type) => {
    expect(made({ ...REQUIRED, "content-type": type }, utf8("{}"))).toBeNull();
    expect(made({ "ce-specversion": "1.0", "ce-id": "%FF", "content-type": type })).toBeNull();
  });

  it("[W15] is in binary mode when only the data is an event", () => {
    const type = "application/cloudevents+json";
    expect(made({ ...REQUIRED, "ce-datacontenttype": type }, utf8("{}"))).toEqual({
      ...EVENT,
      datacontenttype: type,
      data: {},
    });
  });

  it("[W15] [P2] is not in binary mode without ce-specversion", () => {
    const { "ce-specversion": _removed, ...rest } = REQUIRED;
    expect(made(rest)).toBeNull();
    expect(made({})).toBeNull();
    expect(made({ ...REQUIRED, "ce-specversion": "" })).toBe("bad");
  });

  it("[W15] [W1] keeps every digit and space of JSON data", () => {
    const result = structured(new Map(Object.entries(REQUIRED)), utf8('{ "n": 9007199254740993.10 }'));
    expect(result).toMatchObject({ ok: true, text: expect.stringContaining('"data":{ "n": 9007199254740993.10 }') });
  });

  it("[W15] carries any bytes", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (payload) => {
        const event = made({ ...REQUIRED, "content-type": "application/octet-stream" }, payload);
        const { data_base64: data } = event as { data_base64: string };
        expect(Buffer.from(data, "base64").equals(payload)).toBe(true);
      }),
    );
  });

  it("[W15] carries a large payload", () => {
    const payload = new Uint8Array(300_000).fill(7);
    const event = made({ ...REQUIRED, "content-type": "application/octet-stream" }, payload);
    expect(Buffer.from((event as { data_base64: string }).data_base64, "base64").equals(payload)).toBe(true);
  });
});

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}
