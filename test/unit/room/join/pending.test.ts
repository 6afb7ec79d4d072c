import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Arrivals, type Questions } from "../../../../src/room/join/pending.ts";
import type { StartRequest } from "../../../../src/room/join/decision.ts";

const LATE_MS = 10_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const request = (since: number | null = null): StartRequest => ({ since, epoch: null });
const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
};

/** Answers "late" when it is late, and whatever `known` says before; asks nothing of its own. */
function questions(known: () => string | null): Questions<string> {
  return { answer: (isLate) => known() ?? (isLate ? "late" : null), ask: () => null };
}

describe("Arrivals", () => {
  it("[B3] lets in at once who can be answered at once", async () => {
    const arrivals = new Arrivals();
    const entered: string[] = [];
    void arrivals.wait(
      request(),
      questions(() => "now"),
      (value) => entered.push(value),
    );
    expect(entered).toEqual(["now"]);
    expect(arrivals.count).toBe(0);
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[W11] asks again after every change, all of them together", async () => {
    const arrivals = new Arrivals();
    const entered: string[] = [];
    let known: string | null = null;
    const first = request(1);
    const second = request(2);
    void arrivals.wait(
      first,
      questions(() => known),
      (value) => entered.push(`first ${value}`),
    );
    void arrivals.wait(
      second,
      questions(() => known),
      (value) => entered.push(`second ${value}`),
    );
    expect(arrivals.startRequests).toEqual([first, second]);
    arrivals.notify();
    await settle();
    expect(entered).toEqual([]);
    known = "open";
    arrivals.notify();
    await settle();
    expect(entered).toEqual(["first open", "second open"]);
    expect(arrivals.count).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[W11] waits 10 s from its own arrival, and no longer", async () => {
    const arrivals = new Arrivals();
    const entered: string[] = [];
    void arrivals.wait(
      request(),
      questions(() => null),
      (value) => entered.push(`first ${value}`),
    );
    await vi.advanceTimersByTimeAsync(4_000);
    void arrivals.wait(
      request(),
      questions(() => null),
      (value) => entered.push(`second ${value}`),
    );
    await vi.advanceTimersByTimeAsync(LATE_MS - 4_001);
    expect(entered).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(entered).toEqual(["first late"]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(entered).toEqual(["first late", "second late"]);
  });

  it("[W11] an answer that fails is a change, and one that never comes delays nobody past 10 s", async () => {
    const arrivals = new Arrivals();
    const entered: string[] = [];
    let asked = 0;
    void arrivals.wait(
      request(),
      {
        answer: (isLate) => (isLate ? "late" : null),
        ask: () => (asked++ === 0 ? Promise.reject(new Error("no answer")) : new Promise(() => {})),
      },
      (value) => entered.push(value),
    );
    await settle();
    expect(asked).toBe(2);
    await vi.advanceTimersByTimeAsync(LATE_MS);
    expect(entered).toEqual(["late"]);
  });

  it("[W3] enters in the same turn in which the answer was known", async () => {
    const arrivals = new Arrivals();
    let known: string | null = null;
    let inTurn = false;
    let answered = false;
    const done = arrivals.wait(
      request(),
      {
        answer: () => {
          if (known !== null) {
            answered = true;
            queueMicrotask(() => (answered = false));
          }
          return known;
        },
        ask: () => null,
      },
      () => (inTurn = answered),
    );
    known = "open";
    arrivals.notify();
    await done;
    expect(inTurn).toBe(true);
  });
});
