import { describe, expect, it } from "vitest";
import { corsHeaders } from "../../../src/edge/origin.ts";

const OWN = "https://relay.example";

describe("corsHeaders", () => {
  it("[H11] names the origin that passes, and what a page may read", () => {
    expect(corsHeaders("https://app.example", OWN, ["https://app.example"])).toEqual({
      Vary: "Origin",
      "Access-Control-Allow-Origin": "https://app.example",
      "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
    });
  });

  it("[H11] names the origin itself when * is configured", () => {
    expect(corsHeaders("https://any.example", OWN, ["*"])["Access-Control-Allow-Origin"]).toBe("https://any.example");
  });

  it.each([null, "https://evil.example", "null"])(
    "[H11] grants nothing to origin %j, and still varies by it",
    (origin) => {
      expect(corsHeaders(origin, OWN, ["https://app.example"])).toEqual({ Vary: "Origin" });
    },
  );
});
