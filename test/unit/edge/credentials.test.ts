import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfig, type Config } from "../../../src/config/config.ts";
import { authenticate } from "../../../src/edge/authenticate.ts";
import { presentedCredential } from "../../../src/edge/credentials.ts";
import { equalBytes } from "../../../src/shared/constant-time.ts";

const bearer = (token: string) => `bearer.${Buffer.from(token).toString("base64url")}`;
const MISSING = { kind: "missing" };
const MALFORMED = { kind: "malformed" };

function configWith(tokens: string): Config {
  const result = loadConfig({ RELAY_API_TOKEN: tokens });
  if (!result.ok) throw new Error(result.problem);
  return result.config;
}

describe("presentedCredential", () => {
  it("[A1] reads the Authorization header, scheme in any case", () => {
    for (const header of ["Bearer tok-1", "bearer tok-1", "BEARER   tok-1", " Bearer tok-1 "]) {
      expect(presentedCredential(header, null)).toEqual({ kind: "bearer", token: "tok-1" });
    }
  });

  it.each(["", "Bearer", "Bearer ", "Basic dXNlcg==", "tok-1", "Bearer a b", "Bearertok-1"])(
    "[A1] finds no token in Authorization: %j",
    (header) => {
      expect(presentedCredential(header, null)).toEqual(MALFORMED);
    },
  );

  it("[V1] reads any token from the subprotocols, as unpadded base64url of UTF-8", { tags: "long" }, () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (token) => {
        expect(presentedCredential(null, `cellos.relay.v2, ${bearer(token)}`)).toEqual({ kind: "bearer", token });
      }),
    );
  });

  it.each([
    "bearer.",
    "bearer.a",
    "bearer.YWJj=",
    "bearer.a+b/",
    "bearer.%41",
    "bearer._w",
    `${bearer("a")},${bearer("b")}`,
    `${bearer("a")},${bearer("a")}`,
  ])("[V1] finds no token in %s", (protocols) => expect(presentedCredential(null, protocols)).toEqual(MALFORMED));

  it("[V1] finds none where none is offered", () => {
    for (const protocols of [null, "", "cellos.relay.v2", "Bearer.YQ", "xbearer.YQ"])
      expect(presentedCredential(null, protocols)).toEqual(MISSING);
  });

  it("[A1] lets the Authorization header decide alone", () => {
    expect(presentedCredential("Bearer a", bearer("b"))).toEqual({ kind: "bearer", token: "a" });
    expect(presentedCredential("Basic x", bearer("b"))).toEqual(MALFORMED);
  });
});

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
    expect(ids[0]).toMatch(/^[0-9a-f]{12}$/);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
  });
});

describe("equalBytes", { tags: "long" }, () => {
  it("[A1] is equality", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4, max: 2 }), fc.uint8Array({ maxLength: 4, max: 2 }), (a, b) => {
        expect(equalBytes(a, b)).toBe(a.join() === b.join());
      }),
    );
  });
});
