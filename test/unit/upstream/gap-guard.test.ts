import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReadEvent } from "../../../src/upstream/feed-ports.ts";
import { GapGuard } from "../../../src/upstream/gap-guard.ts";

const message = (position: number, pending: number, bytes = 0): ReadEvent => ({
  kind: "message",
  position,
  time: String(position),
  pending,
  endsPull: false,
  subject: "a.b",
  payload: new Uint8Array(bytes),
  headers: null,
});
const heartbeat = (position: number): ReadEvent => ({ kind: "position", position, passed: 0 });
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A guard whose questions are answered by hand, in order; `log` has what came of it. */
function guarded(): {
  guard: GapGuard;
  /** A consumer begins above `position`. */
  begin: (position: number, isWhole: boolean) => void;
  log: (string | number)[];
  answer: (firstSeq: number | Error) => Promise<void>;
} {
  const log: (string | number)[] = [];
  const asked: { resolve: (firstSeq: number) => void; reject: (error: Error) => void }[] = [];
  let read = 0;
  const guard = new GapGuard({
    get position() {
      return read;
    },
    floor: () => new Promise((resolve, reject) => void asked.push({ resolve, reject })),
    pass: (event) => {
      read = Math.max(read, event.position);
      log.push(event.position);
    },
    released: () => log.push("released"),
    doubt: () => log.push("doubt"),
    overtaken: (firstSeq) => {
      read = firstSeq - 1;
      log.push(`overtaken ${firstSeq}`);
    },
  });
  return {
    guard,
    begin: (position, isWhole) => {
      read = position;
      guard.begin(isWhole);
    },
    log,
    answer: (firstSeq) => {
      const question = asked.shift();
      if (firstSeq instanceof Error) question?.reject(firstSeq);
      else question?.resolve(firstSeq);
      return settle();
    },
  };
}

describe("GapGuard", () => {
  it("[P10] [W5] passes what follows without a gap, and any jump at the head", () => {
    const { guard, begin, log } = guarded();
    begin(10, false);
    guard.offer(message(11, 2));
    guard.offer(message(12, 0));
    guard.offer(message(20, 0));
    guard.offer(heartbeat(30));
    guard.offer(message(40, 5));
    expect(log).toEqual([11, 12, 20, 30, 40]);
    expect(guard.held).toBe(0);
  });

  it("[P10] [W5] where the filter leaves nothing out, asks about every jump, at the head too, and by heartbeat", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, true);
    guard.offer(message(11, 0));
    guard.offer(message(13, 0));
    guard.offer(message(14, 0));
    expect([log, guard.held]).toEqual([[11], 1]);
    await answer(12);
    expect(log).toEqual([11, 13, 14, "released"]);
    guard.offer(heartbeat(14));
    guard.offer(heartbeat(16));
    await answer(17);
    expect(log.slice(4)).toEqual([14, "overtaken 17", "released"]);
  });

  it("[W5] holds a jump in a backlog and all that follows, until the floor is known to be at or below it", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(message(15, 3));
    guard.offer(message(16, 2));
    expect(log).toEqual([]);
    expect(guard.held).toBe(1);
    await answer(11);
    expect(log).toEqual([15, 16, "released"]);
    expect(guard.held).toBe(0);
  });

  it("[P10] [W5] after a moment in which perhaps nobody delivered it asks once, at the head too, be it asking or not", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(message(11, 0));
    guard.unsure();
    guard.offer(message(15, 0));
    guard.unsure();
    guard.offer(message(17, 0));
    guard.unsure();
    await answer(12);
    expect(log).toEqual([11, 15]);
    await answer(16);
    expect(log).toEqual([11, 15, 17, "released"]);
    guard.offer(message(20, 0));
    await answer(20);
    guard.offer(message(30, 0));
    expect(log.slice(4)).toEqual(["overtaken 20", 20, "released", 30]);
  });

  it("[W5] a floor just above the jump has overtaken it: only what is above is passed", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(message(15, 3));
    guard.offer(message(16, 0));
    await answer(12);
    expect(log).toEqual(["overtaken 12", 15, 16, "released"]);
    begin(20, false);
    guard.offer(message(25, 3));
    await answer(30);
    expect(log.slice(4)).toEqual(["overtaken 30", "released"]);
  });

  it("[W5] a jump among what was held is asked about anew: the old answer does not cover it", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    for (const event of [message(12, 9), message(13, 8), message(20, 7), message(21, 6)]) guard.offer(event);
    await answer(11);
    expect(log).toEqual([12, 13]);
    guard.offer(message(22, 5));
    await answer(15);
    expect(log).toEqual([12, 13, "overtaken 15", 20, 21, 22, "released"]);
  });

  it("[P20] knows how many bytes it holds back, what the question is about included", async () => {
    const { guard, begin, answer } = guarded();
    begin(10, false);
    for (const event of [message(11, 3, 1_000), message(20, 2, 1_000), message(30, 1, 1_000)]) guard.offer(event);
    expect(guard.heldBytes).toBe(2_000);
    // The answer lets the first pass; the second is asked about.
    await answer(12);
    expect(guard.heldBytes).toBe(1_000);
    await answer(21);
    expect(guard.heldBytes).toBe(0);
    guard.offer(message(40, 1, 1_000));
    guard.end();
    expect(guard.heldBytes).toBe(0);
  });

  it("[W9] a heartbeat that jumps in a backlog is held like a message", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(heartbeat(20));
    expect(log).toEqual([]);
    await answer(1);
    expect(log).toEqual([20, "released"]);
  });

  it("[W5] [W9] a heartbeat just above the last seq may pass a match that was removed: it is asked about", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(heartbeat(10));
    expect(log).toEqual([10]);
    begin(10, false);
    guard.offer(heartbeat(11));
    expect(log).toEqual([10]);
    await answer(12);
    expect(log).toEqual([10, "overtaken 12", "released"]);
  });

  it("[W5] a consumer that found nothing may jump with its first frame: nobody delivered before the first pull", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(message(12, 0));
    expect(log).toEqual([]);
    await answer(12);
    expect(log).toEqual(["overtaken 12", 12, "released"]);
  });

  it("[W5] after a pull's end the head may jump too: perhaps nobody delivered for a moment", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(message(11, 0));
    guard.unsure();
    guard.offer(message(15, 0));
    expect(log).toEqual([11]);
    await answer(14);
    expect(log).toEqual([11, "overtaken 14", 15, "released"]);
  });

  it("[W12] no answer is a doubt, and an answer about an older consumer is nothing", async () => {
    const { guard, begin, log, answer } = guarded();
    begin(10, false);
    guard.offer(message(15, 3));
    await answer(new Error("no connection"));
    expect(log).toEqual(["doubt"]);
    begin(10, false);
    guard.offer(message(15, 3));
    begin(10, false);
    await answer(30);
    await answer(new Error("late"));
    guard.offer(message(11, 0));
    expect(log).toEqual(["doubt", 11]);
  });

  it(
    "[W5] [W2] passes everything that was not removed, in order, or says that it was overtaken",
    { tags: "long" },
    async () => {
      const streams = fc.record({
        kept: fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 15 }),
        removed: fc.array(fc.nat(45), { maxLength: 6 }),
      });
      await fc.assert(
        fc.asyncProperty(streams, async ({ kept, removed }) => {
          const seqs = [...new Set(kept)].toSorted((a, b) => a - b);
          const floors = removed.toSorted((a, b) => a - b);
          let floor = 1;
          const passed: number[] = [];
          let overtaken = 0;
          let position = 0;
          const guard = new GapGuard({
            get position() {
              return position;
            },
            floor: () => Promise.resolve(floor),
            pass: (event) => {
              position = Math.max(position, event.position);
              passed.push(event.position);
            },
            released: () => {},
            doubt: () => {},
            overtaken: (firstSeq) => {
              overtaken = firstSeq;
              position = firstSeq - 1;
            },
          });
          guard.begin(false);
          const read: number[] = [];
          for (const [index, seq] of seqs.entries()) {
            floor = Math.max(floor, floors[index] ?? 0);
            if (seq < floor) continue;
            read.push(seq);
            guard.offer(message(seq, seqs.length - index - 1));
            if (index % 3 === 0) await settle();
          }
          await settle();
          // What is missed at the end shows with the next event.
          const missed = seqs.filter((seq) => !passed.includes(seq) && seq < (passed.at(-1) ?? 0));
          expect(passed).toEqual(passed.toSorted((a, b) => a - b));
          expect(missed.every((seq) => seq < overtaken)).toBe(true);
          expect(passed).toEqual(read.filter((seq) => passed.includes(seq)));
        }),
        { numRuns: 300 },
      );
    },
  );
});
