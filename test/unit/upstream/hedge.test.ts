import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemRuntime } from "../../../src/shared/system-runtime.ts";
import { hedge } from "../../../src/upstream/hedge.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Questions that are answered by hand, and the answers that came too late. */
function asked(): { questions: PromiseWithResolvers<string>[]; late: string[]; answer: Promise<string> } {
  const questions: PromiseWithResolvers<string>[] = [];
  const late: string[] = [];
  const ask = (): Promise<string> => {
    const question = Promise.withResolvers<string>();
    questions.push(question);
    return question.promise;
  };
  return { questions, late, answer: hedge(systemRuntime, ask, [3_000, 9_000], (answer) => late.push(answer)) };
}

describe("hedge", () => {
  it("asks once, if there is an answer in time", async () => {
    const { questions, answer } = asked();
    questions[0]?.resolve("first");
    expect(await answer).toBe("first");
    expect([questions.length, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it("asks again while there is none, and discards what comes too late", async () => {
    const { questions, late, answer } = asked();
    vi.advanceTimersByTime(8_999);
    expect(questions).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(questions).toHaveLength(3);
    questions[1]?.resolve("second");
    expect(await answer).toBe("second");
    questions[0]?.resolve("first");
    questions[2]?.reject(new Error("no answer"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect([late, questions.length, vi.getTimerCount()]).toEqual([["first"], 3, 0]);
  });

  it("fails with the first question that does", async () => {
    const { questions, late, answer } = asked();
    vi.advanceTimersByTime(3_000);
    questions[1]?.reject(new Error("refused"));
    await expect(answer).rejects.toThrow("refused");
    questions[0]?.resolve("first");
    await vi.advanceTimersByTimeAsync(60_000);
    expect([late, questions.length]).toEqual([["first"], 2]);
  });
});
