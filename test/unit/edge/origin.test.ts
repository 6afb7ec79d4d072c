import { describe, expect, it } from "vitest";
import { corsHeaders, originPasses } from "../../../src/edge/origin.ts";

const OWN = "https://relay.example";

describe("corsHeaders", () => {
  it("[H11] names the origin, and what a page may read", () => {
    expect(corsHeaders("https://app.example", true)).toEqual({
      Vary: "Origin",
      "Access-Control-Allow-Origin": "https://app.example",
      "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate, Relay-Cursor, Relay-Epoch",
    });
  });

  it("[H11] grants nothing where there is no page, or it may not read the answer, and still varies by it", () => {
    expect(corsHeaders(null, true)).toEqual({ Vary: "Origin" });
    expect(corsHeaders("https://evil.example", false)).toEqual({ Vary: "Origin" });
  });
});

describe("originPasses", () => {
  it.each([
    [null, true],
    [OWN, true],
    ["https://app.example", true],
    ["https://evil.example", false],
    ["null", false],
  ])("[A5] %j: %s", (origin, passes) => {
    expect(originPasses(origin, OWN, ["https://app.example"])).toBe(passes);
    expect(originPasses(origin, OWN, ["*"])).toBe(true);
  });
});
