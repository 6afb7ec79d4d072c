import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { structured } from "../../../src/upstream/cloudevent.ts";

const REQUIRED = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };
const EVENT = { specversion: "1.0", id: "1", source: "/s", type: "t" };

/** The event made of headers; "bad" for a bad one. */
function made(headers: Readonly<Record<string, string>>): unknown {
  const result = structured(new Map(Object.entries(headers)), new Uint8Array());
  return result?.ok === true ? JSON.parse(result.text) : "bad";
}

describe("the value of an attribute", () => {
  it.each([
    ["[W15] percent-encoded UTF-8", { "ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80" }, { subject: "Euro € 😀" }],
    ["[W15] percent-encoding in small letters", { "ce-subject": "%e2%82%ac" }, { subject: "€" }],
    ["[W15] percent-encoding of a percent sign, decoded once", { "ce-subject": "%2541" }, { subject: "%41" }],
    ["[W15] a stray percent sign", { "ce-subject": "100% of 5%zz" }, { subject: "100% of 5%zz" }],
    ["[W15] a stray percent sign at the end", { "ce-subject": "%41 5%4" }, { subject: "A 5%4" }],
    ["[W15] UTF-8 that is not percent-encoded", { "ce-subject": "€ 😀" }, { subject: "€ 😀" }],
    ["[W15] a quoted value", { "ce-id": '"1"', "ce-subject": '"a b"' }, { subject: "a b" }],
    ["[W15] a quoted value with escapes", { "ce-subject": '"a \\"b\\" \\\\ \\c"' }, { subject: 'a "b" \\ c' }],
    ["[W15] a quoted value that is percent-encoded", { "ce-subject": '"%22%E2%82%AC%5C"' }, { subject: '"€\\' }],
    ["[W15] an escape that makes percent-encoding", { "ce-subject": '"\\%41"' }, { subject: "A" }],
    ["[W15] an encoded quote is no quote", { "ce-subject": "%22a%22" }, { subject: '"a"' }],
    ["[W15] an empty quoted value", { "ce-subject": '""' }, { subject: "" }],
    ["[W15] a quote at one end alone", { "ce-subject": '"a', "ce-other": 'a"' }, { subject: '"a', other: 'a"' }],
    ["[W15] a quote alone", { "ce-subject": '"' }, { subject: '"' }],
    ["[W15] a last quote that is escaped", { "ce-subject": '"a\\"' }, { subject: '"a\\"' }],
    ["[W15] two quoted values", { "ce-subject": '"a", "b"' }, { subject: '"a", "b"' }],
    ["[W15] a backslash outside quotes", { "ce-subject": "a\\b" }, { subject: "a\\b" }],
  ])("%s", (_name, headers, expected) => {
    expect(made({ ...REQUIRED, ...headers })).toEqual({ ...EVENT, ...expected });
  });

  it.each(["%FF", "a%C3", "%ED%A0%80", "%C0%AF", '"%FF"', "%F0%9F%98"])(
    "[W15] [P2] [W7] is bad with a value like %s, which is not UTF-8",
    (value) => {
      expect(made({ ...REQUIRED, "ce-subject": value })).toBe("bad");
    },
  );

  it("[W15] [P2] carries any value, quoted and percent-encoded as the binding says", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.boolean(), (value, isQuoted) => {
        const encoded = encodeURIComponent(value);
        const subject = isQuoted ? `"${encoded.replaceAll(/[^%]/g, "\\$&")}"` : encoded;
        expect(made({ ...REQUIRED, "ce-subject": subject })).toEqual({ ...EVENT, subject: value });
      }),
    );
  });

  it("[W15] takes a quoted value of any length", () => {
    const subject = made({ ...REQUIRED, "ce-subject": `"${"\\a".repeat(2_000_000)}"` });
    expect((subject as { subject: string }).subject).toHaveLength(2_000_000);
  });
});
