/** What a reader knows its stream by, and what it forgets (W6, P8, W18, W19). */
import { beforeEach, describe, expect, it } from "vitest";
import { ModelClock } from "../../../support/model/clock.ts";
import { LIMITS } from "../../../support/model/head.ts";
import { at, message, opened, readTo11 } from "../../../support/model/live-reader.ts";

let clock = new ModelClock();

beforeEach(() => {
  clock = new ModelClock();
});

describe("the history that a LiveReader reads", () => {
  it("[W6] [P8] where a message is known to be the same, only what follows it is read again", async () => {
    const { reading, heard, doubts } = await readTo11(clock);
    expect(reading.landmarks(at(20))).toEqual([
      { seq: 11, time: "t11" },
      { seq: 10, time: "t10" },
    ]);
    expect(reading.startAt(at(20), "same")).toBe(11);
    reading.begin({ start: 11, head: at(20), atHead: false });
    reading.read(message(16, 0));
    await clock.advance(5);
    expect([heard, doubts]).toEqual([["11", "16"], []]);
  });

  it("[W6] [P8] a match between what the stream is known by and the position is of another history", async () => {
    const { reading, heard, doubts } = await readTo11(clock);
    reading.startAt(at(20), "same");
    reading.begin({ start: 11, head: at(20), atHead: false });
    reading.read(message(14, 3));
    expect(doubts).toEqual(["the stream has another history"]);
    expect(reading.startAt(at(20), "unknown")).toBe(20);
    expect(heard).toEqual(["11", "problem undefined", "close 4410"]);
  });

  it("[W6] [P8] a message found to be another ends everybody at once", async () => {
    const { reading, heard } = await readTo11(clock);
    expect(reading.startAt(at(20), "other")).toBe(20);
    expect(heard).toEqual(["11", "problem undefined", "close 4410"]);
  });

  it("[W6] a narrow room knows its stream by what others published, once it has read so far", async () => {
    const { reading, doubts } = opened(clock);
    reading.observe(at(14));
    expect(reading.landmarks(at(20))).toEqual([{ seq: 10, time: "t10" }]);
    reading.read({ kind: "position", position: 15, passed: 0 });
    await clock.advance(1);
    expect(reading.landmarks(at(20))).toEqual([{ seq: 14, time: "t14" }]);
    reading.observe(at(15));
    expect(reading.landmarks(at(20))).toEqual([{ seq: 15, time: "t15" }]);
    expect(reading.landmarks(at(14))).toEqual([]);
    reading.observe({ ...at(15), last: { seq: 15, time: "another" } });
    expect(doubts).toEqual(["the stream has another history"]);
  });

  it("[W19] the window forgets what lies below the first seq, and everything when somebody removed a message", async () => {
    const { reading } = await readTo11(clock);
    const windowFrom = (): number | undefined => reading.settle()?.windowFrom;
    reading.begin({ start: 11, head: at(20), atHead: false });
    reading.read(message(16, 0));
    expect(windowFrom()).toBe(10);
    reading.forgetRemoved({ ...at(20), firstSeq: 11 });
    expect(windowFrom()).toBe(10);
    reading.forgetRemoved({ ...at(20), firstSeq: 12 });
    expect(windowFrom()).toBe(11);
    reading.forgetRemoved({ ...at(20), deleted: 1, shape: { ...LIMITS, replaces: true } });
    expect(windowFrom()).toBe(11);
    reading.forgetRemoved({ ...at(20), deleted: 2, epoch: "f" });
    expect(windowFrom()).toBe(11);
    reading.forgetRemoved({ ...at(20), deleted: 2 });
    expect(windowFrom()).toBe(16);
  });

  it("[W19] what an idle room remembers proves nothing until a consumer has begun again", async () => {
    const { reading } = await readTo11(clock);
    reading.idle();
    expect(reading.settle()).toBeNull();
    expect(reading.startAt(at(20), "same")).toBe(11);
    reading.begin({ start: 11, head: at(20), atHead: false });
    reading.confirm();
    expect(reading.settle()).toMatchObject({ cursor: 11, atHead: false });
  });

  it("[W18] where newer messages replace older ones, a first seq above the position ends nobody", async () => {
    const { reading, heard } = await readTo11(clock);
    const shape = { ...LIMITS, replaces: true, cutsOldest: false };
    reading.startAt({ ...at(40), firstSeq: 30, shape }, "unknown");
    reading.begin({ start: 29, head: { ...at(40), firstSeq: 30, shape }, atHead: false });
    reading.read(message(33, 0));
    await clock.advance(5);
    expect(heard).toEqual(["11", "33"]);
  });
});
