import { describe, expect, it } from "vitest";
import type { Landmark } from "../../../src/upstream/jetstream-api.ts";
import { History } from "../../../src/upstream/history.ts";
import type { Head } from "../../../src/upstream/stream-info.ts";

const at = (seq: number, history = "a"): Landmark => ({ seq, time: `${history}${seq}` });

/** A stream of these bounds, whose last message is of this history. */
const head = (firstSeq: number, lastSeq: number, history = "a"): Head =>
  ({ firstSeq, lastSeq, last: lastSeq < firstSeq ? null : at(lastSeq, history) }) as Head;

describe("History", () => {
  it("[P8] [W6] knows a stream by the newest messages at or below the position, the newest first", () => {
    const history = new History();
    history.begin(head(1, 5), 5);
    expect(history.landmarks(head(1, 9), 5)).toEqual([at(5)]);
    history.read(at(7));
    expect(history.observe(head(1, 9), 7)).toBe(true);
    expect(history.landmarks(head(1, 9), 8)).toEqual([at(7), at(5)]);
    // Once everything up to there was read, the head of then is a landmark too.
    expect(history.landmarks(head(1, 9), 9)).toEqual([at(9), at(7)]);
    expect(history.landmarks(head(8, 9), 9)).toEqual([at(9)]);
  });

  it("[P8] [W6] recognises another message in the place of one it knows, also of one ahead", () => {
    const history = new History();
    history.begin(head(1, 5), 3);
    expect(history.observe(head(1, 5, "b"), 3)).toBe(false);
    expect(history.observe(head(1, 5), 5)).toBe(true);
    expect(history.observe(head(1, 5, "b"), 5)).toBe(false);
    expect(history.isLast(at(5))).toBe(false);
    history.read(at(5));
    expect([history.isLast(at(5)), history.isLast(at(5, "b"))]).toEqual([true, false]);
  });

  it("[P8] reads again what was read behind the last message, unless the stream was proven to be the same", () => {
    const history = new History();
    history.begin(head(1, 5), 5);
    expect(history.readAgainFrom(head(1, 9), "unknown", 8)).toBe(8);
    history.read(at(7));
    expect(history.readAgainFrom(head(1, 9), "same", 8)).toBe(7);
    expect(history.readAgainFrom(head(1, 9), "unknown", 8)).toBe(6);
    expect(history.readAgainFrom(head(8, 9), "unknown", 8)).toBe(8);
  });

  it("[P8] remembers through a sleep, and nothing of a stream before", () => {
    const history = new History();
    history.begin(head(1, 5), 3);
    history.read(at(4));
    const woken = new History();
    woken.resume(history.kept(5));
    expect(woken.landmarks(head(1, 9), 5)).toEqual([at(5), at(4)]);
    expect(woken.lastTime).toBe("a4");
    woken.begin(head(1, 0), 0);
    expect([woken.landmarks(head(1, 9), 0), woken.lastTime]).toEqual([[], null]);
  });
});
