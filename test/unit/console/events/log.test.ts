import { describe, expect, it } from "vitest";
import { EventLog, MAX_CHARS, MAX_ENTRIES } from "../../../../src/console/events/log.ts";

const seqs = (log: EventLog): number[] => log.entries.map(({ seq }) => seq);
const fill = (log: EventLog, from: number, to: number): void => {
  for (let seq = from; seq <= to; seq++) log.append(seq, {});
};

describe("EventLog", () => {
  it("keeps the newest, oldest first, and counts keys up", () => {
    const log = new EventLog();
    fill(log, 1, MAX_ENTRIES + 3);
    expect(log.entries).toHaveLength(MAX_ENTRIES);
    expect([log.entries[0]?.seq, log.entries[0]?.key]).toEqual([4, 3]);
    expect(log.entries.at(-1)?.seq).toBe(MAX_ENTRIES + 3);
  });

  it("is bounded by size too, but keeps a single event of any size", () => {
    const log = new EventLog();
    const pad = "x".repeat(MAX_CHARS / 4);
    for (let seq = 1; seq <= 6; seq++) log.append(seq, pad);
    expect(seqs(log)).toEqual([4, 5, 6]);
    log.append(7, "x".repeat(MAX_CHARS));
    expect(seqs(log)).toEqual([7]);
  });

  it("[W17] counts what it keeps beside the text", () => {
    const log = new EventLog();
    const type = "x".repeat(MAX_CHARS / 8);
    for (let seq = 1; seq <= 6; seq++) log.append(seq, { type });
    expect(seqs(log)).toEqual([4, 5, 6]);
  });

  it("holds back while held, counts, and shows all of it in order afterwards", () => {
    const log = new EventLog();
    fill(log, 1, 2);
    log.hold();
    fill(log, 3, 5);
    log.hold();
    expect([seqs(log), log.isHeld, log.heldCount, log.droppedCount]).toEqual([[1, 2], true, 3, 0]);
    log.release();
    expect([seqs(log), log.isHeld, log.heldCount]).toEqual([[1, 2, 3, 4, 5], false, 0]);
  });

  it("bounds what it holds back, and says how much of it is gone", () => {
    const log = new EventLog();
    log.hold();
    fill(log, 1, MAX_ENTRIES + 10);
    expect([log.heldCount, log.droppedCount]).toEqual([MAX_ENTRIES + 10, 10]);
    log.release();
    expect([log.entries[0]?.seq, log.entries.length, log.droppedCount]).toEqual([11, MAX_ENTRIES, 0]);
  });

  it("stays held when it is cleared", () => {
    const log = new EventLog();
    log.hold();
    fill(log, 1, 2);
    log.clear();
    log.append(3, {});
    expect([seqs(log), log.heldCount]).toEqual([[], 1]);
    log.release();
    expect(seqs(log)).toEqual([3]);
  });

  it("forgets what comes after an entry, held events included: it will come again", () => {
    const log = new EventLog();
    fill(log, 1, 4);
    log.hold();
    fill(log, 5, 6);
    log.cutAfter(1);
    expect([seqs(log), log.isHeld]).toEqual([[1, 2], false]);
    log.append(3, {});
    expect(log.entries.map(({ key }) => key)).toEqual([0, 1, 6]);
  });
});
