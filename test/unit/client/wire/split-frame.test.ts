import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitFrame } from "../../../../src/client/wire/split-frame.ts";
import { isTooDeep, withoutNested } from "../../../../src/client/wire/depth.ts";
import { readFrame, UNREADABLE } from "../../../../src/client/wire/frame.ts";

const frameOf = (...items: readonly string[]): string => `{"type":"events","prev":0,"events":[${items.join(",")}]}`;
const itemOf = (seq: number, event: string): string => `{"seq":${seq},"event":${event}}`;
/** Seqs of a frame; those that could not be read in brackets. */
const read = (text: string, parse: (text: string) => unknown = JSON.parse): unknown => {
  const frame = readFrame(text, parse);
  return frame.type === "events" && frame.events.map(({ seq, event }) => (event === UNREADABLE ? [seq] : seq));
};

/** Strings of what a careless scanner stumbles over. */
const text = fc.oneof(
  fc.string(),
  fc.string({
    unit: fc.constantFrom("[", "]", "{", "}", '"', "\\", ",", ":", '},{"seq":9', '"events":[', "é", "\u2028", "😀"),
  }),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(text, tie("json"), { maxKeys: 4 }),
  ),
}));
const more = fc.dictionary(
  text.filter((key) => !["type", "prev", "events"].includes(key)),
  json,
  { maxKeys: 2 },
);

describe("[W17] cutting a frame", () => {
  test("cuts exactly what JSON.stringify made, whatever stands around the list", { tags: "long" }, () => {
    const item = fc.record({ seq: fc.nat(), event: json, subject: text });
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 6 }),
        more,
        more,
        fc.constantFrom(0, 1, "\t"),
        (events, before, after, indent) => {
          const around = { ...before, type: "events", prev: 0 };
          const { envelope, items } = splitFrame(JSON.stringify({ ...around, events, ...after }, null, indent));
          expect(JSON.parse(envelope)).toEqual(JSON.parse(JSON.stringify({ ...around, events: [], ...after })));
          const filled = items.filter((cut) => cut.trim() !== "");
          expect(filled.map((cut) => JSON.parse(cut) as unknown)).toEqual(JSON.parse(JSON.stringify(events)));
          if (indent === 0) expect(filled).toEqual(events.map((each) => JSON.stringify(each)));
        },
      ),
    );
  });

  test("takes no text for a frame that is cut off, wherever", () => {
    const whole = frameOf(itemOf(1, '{"a":[{"b":"]}"}],"c":"\\\\"}'), itemOf(2, '[[{"n":1}]]'), itemOf(3, "[[[["));
    for (let end = 0; end < whole.length; end += 1)
      expect(() => read(whole.slice(0, end)), whole.slice(0, end)).toThrow(SyntaxError);
    expect(read(whole)).toEqual([1, 2, [3]]);
  });

  test("never throws, whatever the text", { tags: "long" }, () => {
    const junk = fc.array(
      fc.constantFrom(...'[ ] { } " , : \\ 1'.split(" "), '"seq":1', '},{"seq":2', '"events":[', "]}"),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(junk, (parts) => {
        const { items } = splitFrame(frameOf(...parts) + parts.join(""));
        expect(items.length).toBeLessThanOrEqual(4 * parts.length + 2);
      }),
      { numRuns: 2_000 },
    );
  });
});

const DEEP = 300_000;
const BAD = {
  "no JSON": "nope",
  nothing: "",
  "an object that lacks a value": '{"a":}',
  "a control character in a string": '"\n"',
  "a number with a point and no digits": "1.",
  "a list that is not closed": "[[[[",
  "an object that is not closed": '{"a":{"b":1',
  "lists of lists that are not closed": "[".repeat(2 * DEEP),
  "objects that are not closed": '{"a":'.repeat(DEEP),
  "a bracket too many": "[1]]",
  "a brace too many": '{"a":1}}',
  "a list closed as an object": "[1}",
  "a string that is not closed": '"abc',
  "a string whose end is escaped": '"a\\"',
} as const;

describe("[W17] [V10] reading a frame with an event that is no JSON", () => {
  const good = (seq: number): string => itemOf(seq, JSON.stringify({ list: [{ seq, event: '"},{"seq":9,' }] }));

  test.each(Object.entries(BAD))(
    "%s: alone, first, in the middle, last, twice in a row",
    { tags: "long" },
    (_name, event) => {
      const bad = (seq: number): string => itemOf(seq, event);
      expect(read(frameOf(bad(1)))).toEqual([[1]]);
      expect(read(frameOf(bad(1), good(2), good(3)))).toEqual([[1], 2, 3]);
      expect(read(frameOf(good(1), bad(2), good(3)))).toEqual([1, [2], 3]);
      expect(read(frameOf(good(1), good(2), bad(3)))).toEqual([1, 2, [3]]);
      expect(read(frameOf(good(1), bad(2), good(3), bad(4), good(5)))).toEqual([1, [2], 3, [4], 5]);
      // Two quotes that are missing make one string of what is between them: one of the two speaks for both.
      expect(read(frameOf(good(1), bad(2), bad(3), good(4)))).toEqual(
        event === '"abc' ? [1, [2], 4] : [1, [2], [3], 4],
      );
    },
  );

  test("with white space, as another relay may write it", () => {
    const spaced =
      ' { "type" : "events" , "prev" : 0 , "events": [ { "seq" : 1 , "event" : [[ } , { "seq" : 2 , "event" : 7 } ] } ';
    expect(read(spaced)).toEqual([[1], 2]);
  });

  test("every item is bad", () => {
    const seqs = Array.from({ length: 256 }, (_, index) => index + 1);
    for (const event of Object.values(BAD).filter((each) => each.length < 20 && !each.startsWith('"')))
      expect(read(frameOf(...seqs.map((seq) => itemOf(seq, event))))).toEqual(seqs.map((seq) => [seq]));
  });

  test.each([
    ["no list", '{"type":"events","prev":0}'],
    ["another list", '{"type":"events","prev":0,"event":[{"seq":1,"event":nope}]}'],
    ["more after it", `${frameOf(itemOf(1, "nope"))}]`],
    ["a bad prev", frameOf(itemOf(1, "1")).replace('"prev":0', '"prev":zero')],
    ["another type", frameOf(itemOf(1, "nope")).replace("events", "weather")],
    ["no frame at all", `[${itemOf(1, "nope")}]`],
  ])("[V2] %s: that is no frame", (_name, frame) => {
    if (frame.includes("nope") || frame.includes("zero")) expect(() => read(frame)).toThrow(SyntaxError);
    else expect(readFrame(frame, JSON.parse)).not.toHaveProperty("events");
  });

  test("an item without a seq has none, so that the frame is no frame", () => {
    expect(read('{"type":"events","prev":0,"events":{"seq":1,"event":nope}}')).toEqual([[Number.NaN], [Number.NaN]]);
    for (const item of ['{"event":nope}', '{"seq":1.5,"event":nope}', '{"event":{"seq":7,"a":nope}}', "nope"])
      expect(read(frameOf(itemOf(1, "1"), item))).toEqual([1, [Number.NaN]]);
  });

  test("`parse` is given whole frames, and what it makes of them is kept", () => {
    const given: string[] = [];
    const parse = (frame: string): unknown => {
      given.push(frame);
      return JSON.parse(frame, (key: string, value: unknown) => (key === "event" ? `read ${String(value)}` : value));
    };
    expect(readFrame(frameOf(itemOf(1, "1"), itemOf(2, "nope"), itemOf(3, "3")), parse)).toMatchObject({
      prev: 0,
      events: [{ seq: 1, event: "read 1" }, { event: UNREADABLE }, { seq: 3, event: "read 3" }],
    });
    for (const frame of given) expect(frame).toMatch(/^\{"type":"events","prev":0,"events":\[.*\]\}$/);
  });

  test("3,500 levels around 1.5, which a reviver cannot take", () => {
    const parse = (frame: string): unknown => JSON.parse(frame, (_key, value: unknown) => value);
    const deep = `${"[".repeat(3_500)}1.5${"]".repeat(3_500)}`;
    expect(read(frameOf(good(1), itemOf(2, deep), good(3)), parse)).toEqual([1, [2], 3]);
  });
});

describe("[W17] how deep an event is", () => {
  const nested = (levels: number, core: string): unknown =>
    JSON.parse(`${'[1,{"a":'.repeat(levels / 2)}${core}${"},2]".repeat(levels / 2)}`);

  test("128 arrays and objects are taken, the event being the first", () => {
    for (const core of ["1", '"[[["', "null"]) {
      expect([isTooDeep(nested(128, core)), isTooDeep(nested(130, core))]).toEqual([false, true]);
    }
    expect([isTooDeep(nested(128, "[]")), isTooDeep(nested(128, "{}")), isTooDeep(nested(126, "[[]]"))]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isTooDeep(1), isTooDeep(null), isTooDeep({})]).toEqual([false, false, false]);
  });

  test("a number that keeps its digits is no level", () => {
    const exact = (levels: number): unknown => {
      const raw = (JSON as unknown as { rawJSON(digits: string): unknown }).rawJSON("9007199254740993");
      return Array.from({ length: levels }).reduce((inner: unknown) => [inner], raw);
    };
    expect([isTooDeep(exact(128)), isTooDeep(exact(129))]).toEqual([false, true]);
  });

  test("any depth is told", () => expect(isTooDeep(JSON.parse("[".repeat(450_000) + "]".repeat(450_000)))).toBe(true));

  test("what a relay says of itself keeps its text and numbers", () =>
    expect(withoutNested({ title: "t", oldest_seq: 4, detail: [[1]], more: {}, none: null })).toEqual({
      title: "t",
      oldest_seq: 4,
      none: null,
    }));
});
