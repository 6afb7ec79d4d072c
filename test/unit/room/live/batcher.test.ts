import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Measure } from "../../../../src/shared/measure.ts";
import { SystemRuntime } from "../../../../src/shared/system-runtime.ts";
import { Batcher } from "../../../../src/room/live/batcher.ts";

const BATCH_MS = 5;

let runtime: SystemRuntime;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ["setTimeout", "clearTimeout", "Date", "queueMicrotask"] });
  // Each test begins at the same moment: to the measure of an isolate that were a clock set back.
  runtime = new SystemRuntime(new Measure(() => Date.now()));
});
afterEach(() => {
  vi.useRealTimers();
});

describe("Batcher", () => {
  it("[V7] adds nothing while the stream is quiet: sent at the end of the turn", () => {
    const sent: number[] = [];
    const batcher = new Batcher(runtime, BATCH_MS, (nowMs) => sent.push(nowMs));
    batcher.schedule(false);
    expect(sent).toEqual([]);
    vi.runAllTicks();
    expect(sent).toEqual([1_000_000]);
  });

  it("[V7] events of one turn travel together", () => {
    let sent = 0;
    const batcher = new Batcher(runtime, BATCH_MS, () => sent++);
    for (let i = 0; i < 10; i++) batcher.schedule(false);
    vi.runAllTicks();
    vi.advanceTimersByTime(100);
    expect(sent).toBe(1);
  });

  it("[V7] after a pause sends a few batches a millisecond apart, then waits until the last one is BATCH_MS old", () => {
    const sent: number[] = [];
    const batcher = new Batcher(runtime, BATCH_MS, (nowMs) => sent.push(nowMs - 1_000_000));
    for (let i = 0; i < 10; i++) {
      batcher.schedule(false);
      vi.runAllTicks();
      vi.advanceTimersByTime(1);
    }
    // What the rests between them add up to is saved as well: 0.6 of a batch after the fourth.
    expect(sent).toEqual([0, 1, 2, 3, 5, 10]);
    vi.advanceTimersByTime(100);
    expect(sent).toHaveLength(6);
  });

  it("[V7] events of turns that follow at once travel together a millisecond later", () => {
    const sent: number[] = [];
    const batcher = new Batcher(runtime, BATCH_MS, (nowMs) => sent.push(nowMs - 1_000_000));
    for (let i = 0; i < 10; i++) {
      batcher.schedule(false);
      vi.runAllTicks();
    }
    expect(sent).toEqual([0]);
    vi.advanceTimersByTime(100);
    expect(sent).toEqual([0, 1]);
  });

  it("[V7] a room whose sends take longer than BATCH_MS does not send event by event", () => {
    let sent = 0;
    const batcher = new Batcher(runtime, BATCH_MS, () => {
      sent++;
      // Time passes, and no timer can fire meanwhile.
      vi.setSystemTime(Date.now() + 3 * BATCH_MS);
    });
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 10; i++) {
        batcher.schedule(false);
        vi.runAllTicks();
      }
      vi.advanceTimersByTime(BATCH_MS);
    }
    expect(sent).toBeLessThanOrEqual(30);
  });

  it("[V7] on a steady stream sends one batch every BATCH_MS, after what a pause had saved", () => {
    let sent = 0;
    const batcher = new Batcher(runtime, BATCH_MS, () => sent++);
    for (let atMs = 0; atMs < 1_000; atMs += 2) {
      batcher.schedule(false);
      vi.runAllTicks();
      vi.advanceTimersByTime(2);
    }
    expect(sent).toBeLessThanOrEqual(4 + 1_000 / BATCH_MS);
    expect(sent).toBeGreaterThanOrEqual(1_000 / (BATCH_MS + 2));
  });

  it("[V7] sends what fills a frame at the end of the turn, whatever was saved, and then nothing twice", () => {
    const sent: number[] = [];
    const batcher = new Batcher(runtime, BATCH_MS, (nowMs) => sent.push(nowMs - 1_000_000));
    for (let i = 0; i < 5; i++) {
      batcher.schedule(false);
      vi.runAllTicks();
      batcher.schedule(true);
      batcher.schedule(true);
      vi.runAllTicks();
    }
    expect(sent).toEqual(Array.from({ length: 6 }, () => 0));
    batcher.schedule(false);
    vi.runAllTicks();
    expect(sent).toHaveLength(6);
    vi.advanceTimersByTime(100);
    expect(sent.slice(6)).toEqual([5]);
  });

  it("[V7] with BATCH_MS=0 never waits", () => {
    let sent = 0;
    const batcher = new Batcher(runtime, 0, () => sent++);
    for (let i = 1; i <= 5; i++) {
      batcher.schedule(false);
      vi.runAllTicks();
      expect(sent).toBe(i);
    }
  });

  it(
    "[V7] sends every event within BATCH_MS, at once after a pause, and not much oftener than every BATCH_MS",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(fc.array(fc.nat(12), { minLength: 1, maxLength: 50 }), (gaps) => {
          const startMs = Date.now();
          let waitingSinceMs: number | null = null;
          let lastSentMs = -Infinity;
          let sent = 0;
          const batcher = new Batcher(runtime, BATCH_MS, (nowMs) => {
            expect(waitingSinceMs).not.toBeNull();
            expect(nowMs - (waitingSinceMs ?? 0)).toBeLessThanOrEqual(BATCH_MS);
            waitingSinceMs = null;
            lastSentMs = nowMs;
            sent++;
          });
          for (const gap of gaps) {
            vi.advanceTimersByTime(gap);
            const quiet = Date.now() - lastSentMs >= BATCH_MS && waitingSinceMs === null;
            waitingSinceMs ??= Date.now();
            batcher.schedule(false);
            vi.runAllTicks();
            expect(!quiet || lastSentMs === Date.now()).toBe(true);
            expect(sent).toBeLessThanOrEqual(5 + (Date.now() - startMs) / BATCH_MS);
          }
          vi.advanceTimersByTime(BATCH_MS);
          expect(waitingSinceMs).toBeNull();
        }),
      );
    },
  );
});
