import { describe, expect, it } from "vitest";
import { describeError, logLine } from "../../src/shared/log.ts";

describe("logLine", () => {
  it("[O3] is one JSON object a line, its event first", () => {
    expect(logLine("room-closed", { subject: "a\nb", clients: 3 })).toBe(
      '{"event":"room-closed","subject":"a\\nb","clients":3}',
    );
  });
});

describe("describeError", () => {
  it("[A6] says what was thrown and where, without its message", () => {
    const described = describeError(new TypeError("Invalid URL: ws://user:hunter2@broker\n    token hunter2"));
    expect(described.error).toBe("TypeError");
    expect(described.at).toContain("log.test.ts");
    expect(JSON.stringify(described)).not.toContain("hunter2");
  });

  it("[A6] says only the type of what is no error", () => {
    expect(describeError("hunter2")).toEqual({ error: "string", at: "" });
  });
});
