import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuery } from "../../../src/edge/query.ts";

function since(text: string): unknown {
  const result = parseQuery(`?since=${text}`);
  return result.ok ? result.query.since : result.reason;
}

describe("parseQuery", () => {
  it("[H1] takes every parameter as optional", () => {
    expect(parseQuery("")).toEqual({ ok: true, query: { subject: null, since: null, epoch: null, meta: false } });
    expect(parseQuery("?")).toEqual(parseQuery(""));
  });

  it("[H1] reads subject, since and epoch, percent-encoded or not", () => {
    const query = { subject: "cellos.events.größe.>", since: 7, epoch: "a_B-9", meta: false };
    expect(parseQuery("?subject=cellos.events.größe.>&since=7&epoch=a_B-9")).toEqual({ ok: true, query });
    expect(parseQuery("?epoch=a%5fB-9&%73ince=%37&subject=cellos.events.gr%C3%B6%C3%9Fe.%3E")).toEqual({
      ok: true,
      query,
    });
  });

  it("[H1] takes meta=1 and nothing else for it", () => {
    expect(parseQuery("?meta=1")).toMatchObject({ query: { meta: true } });
    for (const text of ["", "0", "true", "01", "2"])
      expect(parseQuery(`?meta=${text}`)).toEqual({ ok: false, reason: "bad-meta" });
    expect(parseQuery("?meta=1&meta=1")).toEqual({ ok: false, reason: "repeated-parameter" });
  });

  it("[H5] ignores parameters it does not know, even when malformed or repeated", () => {
    expect(parseQuery("?x=1&x=2&y=%zz&%ff=1&Since=a&token=t&&=&since=3")).toMatchObject({
      ok: true,
      query: { since: 3 },
    });
  });

  it.each([
    ["0", 0],
    ["007", 7],
    ["000", 0],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740993", Number.MAX_SAFE_INTEGER],
    ["18446744073709551615", Number.MAX_SAFE_INTEGER],
    ["0018446744073709551615", Number.MAX_SAFE_INTEGER],
  ])("[H5] since=%s is %d", (text, value) => expect(since(text)).toBe(value));

  it.each([
    "",
    "-1",
    "+1",
    "%2B1",
    "1.0",
    "1e3",
    "0x10",
    "1_000",
    "%201",
    "1%20",
    "1%0A",
    "a",
    "null",
    "٣",
    "18446744073709551616",
    "9".repeat(400),
  ])("[H5] refuses since=%s", (text) => expect(since(text)).toBe("bad-since"));

  it("[H5] keeps every sequence a stream can have", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(since(String(value))).toBe(value);
      }),
    );
  });

  it.each(["subject", "since", "epoch"])("[H5] refuses %s given twice or empty", (name) => {
    expect(parseQuery(`?${name}=1&${name}=1`)).toEqual({ ok: false, reason: "repeated-parameter" });
    expect(parseQuery(`?${name}=1&%${name.charCodeAt(0).toString(16)}${name.slice(1)}=1`)).toEqual({
      ok: false,
      reason: "repeated-parameter",
    });
    expect(parseQuery(`?${name}=`)).toEqual({ ok: false, reason: `bad-${name}` });
    expect(parseQuery(`?${name}`)).toEqual({ ok: false, reason: `bad-${name}` });
  });

  it.each(["subject=%", "subject=%zz", "subject=a%ff", "subject=%ED%A0%80", "since=%C0%B1", "epoch=%e9"])(
    "[H5] refuses %s, which is not percent-encoded UTF-8",
    (search) => expect(parseQuery(search)).toEqual({ ok: false, reason: "bad-encoding" }),
  );

  it.each(["a+b", "a%20b", "a..b", "a%00", "%EF%BB%BFa", "a=b c", "a".repeat(257)])(
    "[H4] refuses subject=%s",
    (text) => {
      expect(parseQuery(`?subject=${text}`)).toEqual({ ok: false, reason: "bad-subject" });
    },
  );

  it("[V6] takes an epoch of 1 to 64 letters, digits, - and _", () => {
    expect(parseQuery(`epoch=${"e".repeat(64)}`).ok).toBe(true);
    for (const epoch of ["e".repeat(65), "a.b", "a%20", "%C3%A9"])
      expect(parseQuery(`epoch=${epoch}`)).toEqual({ ok: false, reason: "bad-epoch" });
  });
});
