import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newInbound, onMessage, type Inbound } from "../../../../src/room/delivery/inbound.ts";

const KIB64 = 64 * 1024;

describe("onMessage", () => {
  it.each([
    ["64 KiB of ASCII", "a".repeat(KIB64), null],
    ["one byte more", "a".repeat(KIB64 + 1), "messageTooBig"],
    ["64 KiB of two-byte characters", "é".repeat(KIB64 / 2), null],
    ["one two-byte character more", "é".repeat(KIB64 / 2) + "é", "messageTooBig"],
    ["three-byte characters just below", "東".repeat(21_845), null],
    ["three-byte characters just above", "東".repeat(21_845) + "aa", "messageTooBig"],
    ["64 KiB of four-byte characters", "😀".repeat(KIB64 / 4), null],
    ["one byte more than four-byte characters", "😀".repeat(KIB64 / 4) + "a", "messageTooBig"],
    ["64 KiB of binary", new ArrayBuffer(KIB64), null],
    ["one byte more of binary", new ArrayBuffer(KIB64 + 1), "messageTooBig"],
    ["nothing", "", null],
  ])("[W10] %s", (_name, message, verdict) => {
    expect(onMessage(newInbound(), message, 0)).toBe(verdict);
  });

  it("[W10] takes 60 messages a minute, and not one more", () => {
    const inbound = newInbound();
    expect(verdicts(inbound, 60, 0)).toEqual([null]);
    expect(verdicts(inbound, 1, 59_999)).toEqual(["tooManyMessages"]);
    expect(verdicts(inbound, 60, 60_000)).toEqual([null]);
    expect(verdicts(inbound, 1, 60_000)).toEqual(["tooManyMessages"]);
  });

  it("[W10] any minute counts, not only one that begins with the first message", () => {
    const inbound = newInbound();
    expect(verdicts(inbound, 60, 59_999)).toEqual([null]);
    expect(verdicts(inbound, 1, 60_000)).toEqual(["tooManyMessages"]);
    expect(verdicts(inbound, 1, 119_998)).toEqual(["tooManyMessages"]);
    expect(verdicts(inbound, 60, 119_999)).toEqual([null]);
  });

  it("[W10] takes one message a second for ever", () => {
    const inbound = newInbound();
    for (let second = 0; second < 1_000; second++) expect(verdicts(inbound, 1, second * 1_000)).toEqual([null]);
  });

  it("[W10] takes as much as fits into every minute, and no more", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.array(gap, { maxLength: 400 }), (gaps) => {
        const inbound = newInbound();
        const taken: number[] = [];
        let nowMs = 1e12;
        for (const gapMs of gaps) {
          nowMs += gapMs;
          const inMinute = taken.filter((atMs) => atMs > nowMs - 60_000).length;
          expect(onMessage(inbound, "x", nowMs)).toBe(inMinute < 60 ? null : "tooManyMessages");
          if (inMinute < 60) taken.push(nowMs);
        }
        expect(inbound.timesMs.length).toBeLessThanOrEqual(60);
      }),
    );
  });
});

/** Milliseconds between two messages: bursts, a pace about the limit, and rests of about a minute. */
const gap = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 4, arbitrary: fc.integer({ min: 900, max: 1_100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 61_000 }) },
);

/** The different verdicts on so many messages at one time. */
function verdicts(inbound: Inbound, count: number, nowMs: number): unknown[] {
  return [...new Set(Array.from({ length: count }, () => onMessage(inbound, "x", nowMs)))];
}
