import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventFrames, type Envelope } from "../../../src/protocol/frames.ts";
import { itemOf } from "../../../src/protocol/item.ts";
import { V2 } from "../../../src/protocol/subprotocol.ts";
import { nanosOf } from "../../../src/upstream/stream-time.ts";

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).byteLength;

function envelope(event: string, subject: string, timeMs: number, timeNanos: number): Envelope {
  const text = `{"seq":7,"event":${event}}`;
  return { seq: 7, text, bytes: utf8Bytes(text), subject, timeMs, timeNanos };
}

const envelopes = fc
  .tuple(
    fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.stringify(value)),
    fc.string({ unit: "grapheme", minLength: 1 }),
    fc.integer({ min: 0, max: 8e12 }),
    fc.integer({ min: 0, max: 999_999 }),
  )
  .map((parts) => envelope(...parts));

describe("itemOf", () => {
  it("[H1] is the envelope itself for whoever did not ask for more: nothing is made", () => {
    const plain = envelope("1", "a", 0, 0);
    expect(itemOf(plain, false)).toBe(plain);
  });

  it("[H1] [W1] puts subject and time behind the event, whose text stays as it is", () => {
    const { text } = itemOf(envelope('{"id":9007199254740993}', 'a."é".b', 1_700_000_000_123, 456_700), true);
    expect(text).toBe(
      '{"seq":7,"event":{"id":9007199254740993},"subject":"a.\\"é\\".b","time":"2023-11-14T22:13:20.1234567Z"}',
    );
  });

  it.each([
    [0, 0, "1970-01-01T00:00:00Z"],
    [0, 1, "1970-01-01T00:00:00.000000001Z"],
    [1_000, 0, "1970-01-01T00:00:01Z"],
    [1_700_000_000_120, 0, "2023-11-14T22:13:20.12Z"],
    [1_700_000_000_000, 999_999, "2023-11-14T22:13:20.000999999Z"],
  ])("[H1] %i ms and %i ns are %s", (timeMs, timeNanos, time) => {
    expect(JSON.parse(itemOf(envelope("1", "a", timeMs, timeNanos), true).text)).toMatchObject({ time });
  });

  it(
    "[H1] [V7] is JSON with four members, knows its size, and tells the very time of the stream",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(envelopes, (given) => {
          const { text, bytes } = itemOf(given, true);
          const { time, ...rest } = JSON.parse(text) as { time: string };
          expect(rest).toEqual({ ...(JSON.parse(given.text) as object), subject: given.subject });
          expect(nanosOf(time)).toBe(String(BigInt(given.timeMs) * 1_000_000n + BigInt(given.timeNanos)));
          expect(bytes).toBe(utf8Bytes(text));
        }),
      );
    },
  );

  it("[V7] [V4] fills frames by the size of its items", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.array(envelopes, { minLength: 1 }), fc.integer({ min: 1, max: 40_000 }), (list, pad) => {
        const events = list.map((each, index) => ({
          ...each,
          seq: index + 1,
          subject: each.subject + "x".repeat(pad),
        }));
        const frames = eventFrames(V2, 0, events, true);
        for (const { text, bytes } of frames) {
          const { length } = (JSON.parse(text) as { events: unknown[] }).events;
          expect(bytes).toBe(utf8Bytes(text));
          expect(length === 1 || bytes <= 65_536).toBe(true);
        }
      }),
    );
  });
});
