import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Batcher } from "../../src/room/batcher.ts";

const BATCH_MS = 5;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ["setTimeout", "clearTimeout", "Date", "queueMicrotask"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("Batcher", () => {
  it("[V7] adds nothing while the stream is quiet: sent at the end of the turn", () => {
    const sent: number[] = [];
    const batcher = new Batcher(BATCH_MS, (nowMs) => sent.push(nowMs));
    batcher.schedule(false);
    expect(sent).toEqual([]);
    vi.runAllTicks();
    expect(sent).toEqual([1_000_000]);
  });

  it("[V7] events of one turn travel together", () => {
    let sent = 0;
    const batcher = new Batcher(BATCH_MS, () => sent++);
    for (let i = 0; i < 10; i++) batcher.schedule(false);
    vi.runAllTicks();
    vi.advanceTimersByTime(100);
    expect(sent).toBe(1);
  });

  it("[V7] after a pause sends a few batches at once, then waits until the last one is BATCH_MS old", () => {
    const sent: number[] = [];
    const batcher = new Batcher(BATCH_MS, (nowMs) => sent.push(nowMs - 1_000_000));
    for (let i = 0; i < 4; i++) {
      batcher.schedule(false);
      vi.runAllTicks();
    }
    expect(sent).toEqual([0, 0, 0, 0]);
    vi.advanceTimersByTime(2);
    batcher.schedule(false);
    batcher.schedule(false);
    vi.runAllTicks();
    vi.advanceTimersByTime(2);
    expect(sent).toHaveLength(4);
    vi.advanceTimersByTime(1);
    expect(sent.slice(4)).toEqual([5]);
    vi.advanceTimersByTime(5);
    batcher.schedule(false);
    vi.runAllTicks();
    expect(sent.slice(4)).toEqual([5, 10]);
  });

  it("[V7] on a steady stream sends one batch every BATCH_MS, after what a pause had saved", () => {
    let sent = 0;
    const batcher = new Batcher(BATCH_MS, () => sent++);
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
    const batcher = new Batcher(BATCH_MS, (nowMs) => sent.push(nowMs - 1_000_000));
    for (let i = 0; i < 4; i++) {
      batcher.schedule(false);
      vi.runAllTicks();
    }
    batcher.schedule(false);
    vi.advanceTimersByTime(1);
    batcher.schedule(true);
    batcher.schedule(true);
    expect(sent).toHaveLength(4);
    vi.runAllTicks();
    expect(sent.slice(4)).toEqual([1]);
    vi.advanceTimersByTime(100);
    expect(sent).toHaveLength(5);
  });

  it("[V7] with BATCH_MS=0 never waits", () => {
    let sent = 0;
    const batcher = new Batcher(0, () => sent++);
    for (let i = 1; i <= 5; i++) {
      batcher.schedule(false);
      vi.runAllTicks();
      expect(sent).toBe(i);
    }
  });

  it("[V7] sends every event within BATCH_MS, at once after a pause, and not much oftener than every BATCH_MS", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { minLength: 1, maxLength: 50 }), (gaps) => {
        const startMs = Date.now();
        let waitingSinceMs: number | null = null;
        let lastSentMs = -Infinity;
        let sent = 0;
        const batcher = new Batcher(BATCH_MS, (nowMs) => {
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
  });
});
