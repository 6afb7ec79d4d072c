import { describe, expect, it } from "vitest";
import { loadConfig, type Config } from "../../../src/config/config.ts";
import { isAccepted, type Standing } from "../../../src/grant/standing.ts";

function configWith(env: Record<string, string>): Config {
  const result = loadConfig(env);
  if (!result.ok) throw new Error(result.problem);
  return result.config;
}

const SIGNED = { JWT_SECRET: "s".repeat(32) };
const accepted = (standing: Standing, env: Record<string, string>): boolean =>
  isAccepted(standing, configWith(env), new Set(["id-of-one"]));
const jwt = (sub: string | null, jti: string | null): Standing => ({ grantId: "g", mark: { kind: "jwt", sub, jti } });

describe("isAccepted", () => {
  it("[A10] takes an API token as long as it is set", () => {
    expect(accepted({ grantId: "id-of-one", mark: { kind: "api-token" } }, {})).toBe(true);
    expect(accepted({ grantId: "id-of-two", mark: { kind: "api-token" } }, {})).toBe(false);
  });

  it("[A10] takes a signed token as long as neither its sub nor its jti is denied", () => {
    const env = { ...SIGNED, JWT_DENY: "mallory t-1" };
    for (const standing of [jwt("alice", "t-2"), jwt(null, null), jwt("t-2", null)])
      expect(accepted(standing, env)).toBe(true);
    for (const standing of [jwt("mallory", null), jwt("alice", "t-1"), jwt(null, "mallory"), jwt("t-1", "t-2")])
      expect(accepted(standing, env)).toBe(false);
  });

  it("[A10] takes no signed token where none is accepted any more", () => {
    expect(accepted(jwt("alice", null), { RELAY_API_TOKEN: "x" })).toBe(false);
  });

  it("[A10] takes nothing of which an older version kept nothing", () => {
    expect(accepted({ grantId: "id-of-one", mark: null }, SIGNED)).toBe(false);
  });
});
