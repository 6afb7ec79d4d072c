import { describe, expect, it } from "vitest";
import { CLOSE, RelayError } from "../../../../src/client/index.ts";
import { factOf, renewalWords, wordOf, wordsOf } from "../../../../src/console/connection/why.ts";

describe("wordsOf", () => {
  it.each(Object.values(CLOSE))("[C] says in a sentence what close $code $reason means, and the code", (close) => {
    const error = new RelayError(close.reason || "lost", close);
    expect(wordsOf(error)).toMatch(/^[A-Z].*\.$/);
    expect(wordsOf(error)).not.toContain("does not know");
    expect(factOf(error)).toBe(`Close code ${close.code}${close.reason === "" ? "" : ` ${close.reason}`}`);
  });

  it("[C] has words of its own for every entry of the table", () => {
    const words = Object.values(CLOSE).map((close) => wordsOf(new RelayError(close.reason || "lost", close)));
    expect(new Set(words).size).toBe(words.length);
  });

  it("[C] judges a reason nobody knows by its code", () => {
    expect(wordsOf(new RelayError("new-reason", { code: 4410 }))).toContain("Choose where to go on");
    expect(wordsOf(new RelayError("lost", { code: 4999 }))).toContain("does not know");
  });

  it.each([1001, 1006, 1012])("says that a line which broke with %i mends itself", (code) => {
    expect(wordsOf(new RelayError("lost", { code }))).toContain("goes on by itself");
  });

  it.each([200, 400, 401, 403, 404, 426, 429, 500, 503])("[H3] says in a sentence what %i means", (status) => {
    const error = new RelayError("refused", { status, problem: { detail: "Because." } });
    expect(wordsOf(error)).toMatch(/^[A-Z].*\.$/);
    expect(factOf(error)).toBe(`HTTP ${status}: Because.`);
  });

  it("tells the beginning of a long answer", () => {
    const error = new RelayError("refused", { status: 502, problem: { detail: "x".repeat(1_000_000) } });
    expect(factOf(error)).toMatch(/^HTTP 502: x{400,500}$/);
  });

  it.each(["unreachable", "silent", "gap", "unreadable", "callback"])(
    "says what %s means, without a number",
    (reason) => {
      expect(wordsOf(new RelayError(reason))).toMatch(/^[A-Z].*\.$/);
      expect(factOf(new RelayError(reason))).toBe("");
    },
  );

  it("[A3] [V8] [H3] has a word for a token that expired, and for one that is not for this subject", () => {
    const word = (reason: string, facts: { code?: number; status?: number }): string =>
      wordOf(new RelayError(reason, facts));
    expect(word("token-expired", { code: 4401 })).toBe("Expired");
    expect(word("token-refused", { code: 4401 })).toBe("Stopped");
    expect([word("forbidden", { code: 4403 }), word("refused", { status: 403 })]).toEqual(
      Array.from({ length: 2 }, () => "Not for this subject"),
    );
    expect(word("refused", { status: 401 })).toBe("Stopped");
  });

  it("[V8] tells nobody to paste a token while the page gets one", () => {
    const words = (reason: string, facts: { code?: number; status?: number }): string | null =>
      renewalWords(new RelayError(reason, facts));
    for (const said of [
      words("token-expired", { code: 4401 }),
      words("token-refused", { code: 4401 }),
      words("refused", { status: 401 }),
    ]) {
      expect(said).toContain("gets a new one");
      expect(said).not.toContain("aste");
    }
    expect(words("token-expired", { code: 4401 })).toContain("expired");
    expect(words("token-refused", { code: 4401 })).toContain("refused");
    expect(words("lost", { code: 1006 })).toBeNull();
  });

  it("tells the oldest retained event when the relay did", () => {
    const error = new RelayError("retention-exhausted", { code: 4410, problem: { oldest_seq: 90 } });
    expect(wordsOf(error)).toContain("The oldest retained event is 90.");
  });
});
