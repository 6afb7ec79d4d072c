import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { entryOf } from "../../../../src/console/events/entry.ts";
import { parseExactly } from "../../../../src/console/connection/parse.ts";

/** What `parseExactly` needs of the engine; the Node that runs these tests has it, or they fail. */
const again = (text: string): string => JSON.stringify(parseExactly(text));

describe("parseExactly", () => {
  it.each([
    '{"n":9007199254740993}',
    '{"n":-9007199254740993}',
    '{"n":[18446744073709551615,1.10,1E400,-0,1e5]}',
    '{"n":0.1,"s":"1.10"}',
    "123456789012345678901234567890",
    '{"s":"a, 1.50: 9007199254740993"}',
  ])("[W1] keeps every digit of %s", (text) => expect(again(`{"event":${text}}`)).toBe(`{"event":${text}}`));

  it("[W1] keeps digits behind white space", () =>
    expect(again('{"n" : \n 9007199254740993 }')).toBe('{"n":9007199254740993}'));

  it("spares itself the way that costs for times and versions", () => {
    const revived = vi.spyOn(JSON, "parse");
    parseExactly('{"time":"2026-01-01T20:15:06.123Z","image":"x:1.26.9","n":12}');
    parseExactly('{"cost":1.50}');
    expect(revived.mock.calls.map(({ length }) => length)).toEqual([1, 2]);
    revived.mockRestore();
  });

  it("reads what JSON.parse reads, as JSON.parse does", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(again(JSON.stringify(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  it("[W17] reads 128 levels around a number with its digits, and stays linear on what looks like one", () => {
    const deep = `${"[".repeat(128)}1.50${"]".repeat(128)}`;
    expect(again(deep)).toBe(deep);
    for (const unit of ['"', '"   ', ",", ",    ", ",1", '":', "[", '":1,', "\t"]) {
      const text = JSON.stringify(unit.repeat(1_000_000));
      expect(again(text) === text).toBe(true);
    }
  });

  it("gives plain numbers where they are exact: the relay's own are computed with", () => {
    const frame = parseExactly('{"type":"events","prev":12,"events":[{"seq":13,"event":{"n":9007199254740993}}]}');
    expect(frame).toMatchObject({ prev: 12, events: [{ seq: 13 }] });
  });

  it.each(["", "{", "pong", '{"n":1.50'])("throws on %j", (text) =>
    expect(() => parseExactly(text)).toThrow(SyntaxError),
  );
});

describe("entryOf", () => {
  it("[W1] keeps the event as text, and its fields", () => {
    const fields = { id: "a", type: "t", source: "/s", subject: "x", time: "2026-01-01T00:00:00Z" };
    const event = parseExactly(JSON.stringify({ ...fields, n: 0 }).replace('"n":0', '"n":9007199254740993'));
    const entry = entryOf(3, 7, event);
    expect(entry).toMatchObject({ key: 3, seq: 7, fields });
    expect(entry.text).toContain('"n":9007199254740993');
  });

  it("[W17] lists an event that is not there", () => expect(entryOf(0, 7, undefined).text).toBe("null"));

  it.each([42, "text", [1], null, {}, { type: 7 }, true])(
    "[W7] lists an event that is %j, with empty fields",
    (event) => {
      expect(entryOf(0, 7, event)).toEqual({
        key: 0,
        seq: 7,
        fields: { type: "", source: "", subject: "", id: "", time: "" },
        text: JSON.stringify(event),
      });
    },
  );
});
