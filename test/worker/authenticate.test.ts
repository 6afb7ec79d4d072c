/** In workerd, since the comparison is the runtime's own: Node has no `crypto.subtle.timingSafeEqual`. */
import { describe, expect, it } from "vitest";
import { loadConfig, type Config } from "../../src/config/config.ts";
import { authenticate } from "../../src/grant/authenticate.ts";

function configWith(tokens: string): Config {
  const result = loadConfig({ RELAY_API_TOKEN: tokens });
  if (!result.ok) throw new Error(result.problem);
  return result.config;
}

describe("authenticate", () => {
  const token = (text: string) => ({ kind: "bearer", token: text }) as const;

  it("[A4] accepts nothing when no token is configured", async () => {
    for (const credential of [token(""), token("undefined"), { kind: "missing" } as const]) {
      expect(await authenticate(credential, configWith(""))).toEqual({ kind: "unconfigured" });
    }
  });

  it("[A1] grants all of SUBJECT_ROOT to each configured token, without expiry", async () => {
    for (const text of ["one", "two", "thrée"]) {
      expect(await authenticate(token(text), configWith("one two,thrée"))).toMatchObject({
        kind: "granted",
        grant: { subjects: ["cellos.events.>"], expiresAtMs: null },
      });
    }
  });

  it.each(["", "on", "onee", "one two", "one,two", "ONE"])("[A1] refuses %j, which is no token", async (text) => {
    expect(await authenticate(token(text), configWith("one,two"))).toEqual({ kind: "invalid" });
  });

  it("[A1] tells a missing credential from a malformed one", async () => {
    expect(await authenticate({ kind: "missing" }, configWith("one"))).toEqual({ kind: "missing" });
    expect(await authenticate({ kind: "malformed" }, configWith("one"))).toEqual({ kind: "invalid" });
  });

  it("[A6] labels a grant by credential, without the credential", async () => {
    const ids = await Promise.all(
      ["one", "one", "two"].map(async (text) => {
        const result = await authenticate(token(text), configWith("one,two"));
        return result.kind === "granted" ? result.grant.id : "";
      }),
    );
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
  });
});
