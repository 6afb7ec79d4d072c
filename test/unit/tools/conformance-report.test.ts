import { describe, expect, test } from "vitest";
import { anyFailed, formatResult, formatSummary, type Result } from "../../conformance/report.ts";

const result = (id: string, verdict: Result["verdict"], detail = ""): Result => ({
  id,
  sentence: "what it says",
  verdict,
  detail,
});

describe("one line", () => {
  test("a rule that holds is its id and its sentence", () => {
    expect(formatResult(result("W3", "pass"))).toBe("W3  pass         what it says");
  });

  test("a failure says what was expected, on the same line, and is cut off", () => {
    expect(formatResult(result("H11", "FAIL", "expected 1 got 2\n  at a glance"))).toBe(
      "H11 FAIL         what it says: expected 1 got 2 | at a glance",
    );
    expect(formatResult(result("W1", "FAIL", "x".repeat(5_000))).length).toBeLessThan(1_000);
  });

  test("what was not checked says what it needs, once", () => {
    expect(formatResult(result("B2", "not checked", "many clients"))).toBe(
      "B2  not checked  what it says: needs many clients",
    );
    expect(formatResult(result("B2", "not checked", "needs many clients"))).toContain("says: needs many");
  });
});

describe("the summary", () => {
  const results = [
    result("H1", "pass"),
    result("H1", "pass"),
    result("H3", "pass"),
    result("H3", "not checked", "a full relay"),
    result("W5", "pass"),
    result("W5", "FAIL", "expected a close got none"),
    result("W12", "not checked", "a restart"),
  ];

  test("counts rules: one failing check fails its rule, one that ran is enough to have checked it", () => {
    expect(formatSummary(results)).toBe("5 checks: 2 rules hold, 1 fails (W5), 1 not checked (W12)");
    expect(formatSummary([result("H1", "pass")])).toBe("1 checks: 1 rule holds, 0 fail, 0 not checked");
  });

  test("only a failure fails the run", () => {
    expect(anyFailed(results)).toBe(true);
    expect(anyFailed([result("H1", "pass"), result("W12", "not checked", "a restart")])).toBe(false);
  });
});
