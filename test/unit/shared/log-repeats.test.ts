import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LogLimiter } from "../../../src/shared/log-repeats.ts";
import { systemRuntime } from "../../../src/shared/system-runtime.ts";

const NOW_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The moments at which something happens every `everyMs`, for `forMs`. */
const beats = (everyMs: number, forMs: number): number[] =>
  Array.from({ length: Math.floor(forMs / everyMs) }, (_, n) => NOW_MS + n * everyMs);

describe("LogLimiter", () => {
  it("[O3] prints the first three at once, then one a minute with the number of those left out", () => {
    const limiter = new LogLimiter();
    const lines = beats(200, 3 * MINUTE_MS).map((atMs) => limiter.admit("lost a", "deleted", atMs));
    const printed = lines.flatMap((leftOut, n) => (leftOut === null ? [] : [[n, leftOut]]));
    expect(printed).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [302, 299],
      [602, 299],
    ]);
  });

  it("[O3] prints a changed reason at once, and one that alternates no more often than any", () => {
    const limiter = new LogLimiter();
    const first = beats(200, 10_000).map((atMs) => limiter.admit("failed a", "no answer", atMs));
    expect(first.at(-1)).toBeNull();
    expect(limiter.admit("failed a", "refused", NOW_MS + 10_000)).toBe(47);
    for (const atMs of beats(200, 40_000)) {
      for (const why of ["no answer", "refused"]) expect(limiter.admit("failed a", why, atMs + 10_200)).toBeNull();
    }
  });

  it("[O3] prints no more than a few lines a minute, however many reasons there are", { tags: "long" }, () => {
    const happenings = fc.array(fc.tuple(fc.nat(30_000), fc.nat(100)), { maxLength: 300, size: "max" });
    fc.assert(
      fc.property(happenings, (list) => {
        const limiter = new LogLimiter();
        const printedAtMs: number[] = [];
        let heard = 0;
        let nowMs = NOW_MS;
        for (const [afterMs, why] of list) {
          nowMs += afterMs;
          const leftOut = limiter.admit("failed a", String(why), nowMs);
          if (leftOut === null) continue;
          printedAtMs.push(nowMs);
          heard += leftOut + 1;
        }
        for (const fromMs of printedAtMs) {
          const within = printedAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + MINUTE_MS);
          expect(within.length).toBeLessThanOrEqual(8);
        }
        expect(heard).toBeLessThanOrEqual(list.length);
      }),
    );
  });

  it("[O3] begins anew after a quiet minute, and tells what was left out before", () => {
    const limiter = new LogLimiter();
    for (const atMs of beats(100, 1_000)) limiter.admit("lost a", "deleted", atMs);
    const laterMs = NOW_MS + 2 * MINUTE_MS;
    const lines = beats(100, 500).map((atMs) => limiter.admit("lost a", "deleted", atMs - NOW_MS + laterMs));
    expect(lines).toEqual([7, 0, 0, null, null]);
  });

  it("[O3] lets no story silence another, and forgets the first of too many", () => {
    const limiter = new LogLimiter();
    for (let n = 0; n < 4; n++) limiter.admit("lost a", "deleted", NOW_MS);
    expect(limiter.admit("lost a", "deleted", NOW_MS)).toBeNull();
    for (let n = 0; n < 1_000; n++) expect(limiter.admit(`lost ${n}`, "deleted", NOW_MS)).toBe(0);
    expect(limiter.admit("lost a", "deleted", NOW_MS)).toBe(0);
  });
});

describe("logSparingly", () => {
  it("[O3] is told apart by event and subject, and says how many lines it left out", () => {
    vi.useFakeTimers({ now: NOW_MS });
    const lines = vi.spyOn(console, "log").mockImplementation(() => {});
    for (let n = 0; n < 9; n++)
      systemRuntime.logSparingly("upstream-lost", { subject: "a.sparing", reason: "deleted" });
    systemRuntime.logSparingly("upstream-lost", { subject: "b.sparing", reason: "deleted" });
    systemRuntime.logSparingly("upstream-open", { subject: "a.sparing", cursor: 5 });
    vi.setSystemTime(NOW_MS + MINUTE_MS);
    systemRuntime.logSparingly("upstream-lost", { subject: "a.sparing", reason: "deleted" });
    const lost = { event: "upstream-lost", subject: "a.sparing", reason: "deleted" };
    expect(lines.mock.calls.flat().map((line) => JSON.parse(String(line)) as unknown)).toMatchObject([
      lost,
      lost,
      lost,
      { ...lost, subject: "b.sparing" },
      { event: "upstream-open", subject: "a.sparing", cursor: 5 },
      { ...lost, leftOut: 6 },
    ]);
  });
});
