import { describe, expect, it } from "vitest";
import { EventLog, MAX_CHARS, MAX_ENTRIES } from "../../src/console/log.ts";
import { perSecond, rateWords, sampled, type Sample } from "../../src/console/rate.ts";

const fields = { type: "t", source: "/s", subject: "", id: "1", time: "" };
const append = (log: EventLog, from: number, to: number, text = "{}"): void => {
  for (let seq = from; seq <= to; seq++) log.append({ kind: "event", seq, fields, text });
};
const seqs = (log: EventLog): number[] => log.entries.map(({ seq }) => seq);

describe("EventLog", () => {
  it("keeps the newest entries, by number", () => {
    const log = new EventLog();
    append(log, 1, MAX_ENTRIES + 3);
    expect(seqs(log)).toHaveLength(MAX_ENTRIES);
    expect(seqs(log)[0]).toBe(4);
  });

  it("keeps the newest entries, by size, and always the last one", () => {
    const log = new EventLog();
    append(log, 1, 5, "x".repeat(MAX_CHARS / 2));
    expect(seqs(log)).toEqual([4, 5]);
    append(log, 6, 6, "x".repeat(MAX_CHARS * 2));
    expect(seqs(log)).toEqual([6]);
  });

  it("holds back what comes during a pause, counts it, and shows it in order on resume", () => {
    const log = new EventLog();
    append(log, 1, 2);
    log.pause();
    append(log, 3, 4);
    expect([seqs(log), log.heldCount]).toEqual([[1, 2], 2]);
    log.resume();
    expect([seqs(log), log.heldCount]).toEqual([[1, 2, 3, 4], 0]);
  });

  it("counts what a long pause had to drop", () => {
    const log = new EventLog();
    log.pause();
    append(log, 1, MAX_ENTRIES * 2);
    expect(log.heldCount).toBe(MAX_ENTRIES * 2);
    log.resume();
    expect(seqs(log)[0]).toBe(MAX_ENTRIES + 1);
  });

  it("clears without ending the pause, and never uses a key twice", () => {
    const log = new EventLog();
    append(log, 1, 1);
    log.pause();
    append(log, 2, 2);
    log.clear();
    expect([log.entries, log.heldCount, log.paused]).toEqual([[], 0, true]);
    log.resume();
    append(log, 1, 1);
    expect(log.entries.map(({ key }) => key)).toEqual([2]);
  });
});

describe("rate", () => {
  const after = (samples: readonly (readonly [number, number])[]): number =>
    perSecond(samples.reduce((kept: readonly Sample[], [atMs, total]) => sampled(kept, { atMs, total }), []));

  it("counts over the last three seconds", () => {
    expect(
      after([
        [0, 0],
        [1000, 900],
        [2000, 900],
        [3000, 900],
        [4000, 930],
      ]),
    ).toBe(10);
    expect(after([[0, 0]])).toBe(0);
    expect(after([])).toBe(0);
  });

  it("is said short", () => {
    expect([0, 0.4, 12.6, 1234].map(rateWords)).toEqual(["0/s", "0.4/s", "13/s", "1,234/s"]);
  });
});
