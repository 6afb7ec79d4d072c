/** Signatures and keys, by the library and an issuer with keys of its own; what a request gets is in test/e2e. */
import type { JWTPayload } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { loadConfig, type JwtConfig } from "../../../src/config/config.ts";
import { checkSignedToken } from "../../../src/grant/signed-token.ts";
import { ALGORITHMS, Issuer, type Mood } from "../../support/issuer.ts";
import { inSeconds, secretToken } from "../../support/tokens.ts";

function jwt(env: Readonly<Record<string, string>>): JwtConfig {
  const result = loadConfig(env);
  if (!result.ok || result.config.jwt === null) throw new Error(result.ok ? "no key" : result.problem);
  return result.config.jwt;
}

let issuer: Issuer;
const lines: string[] = [];

beforeAll(async () => {
  issuer = await Issuer.start();
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
});
afterEach(async () => {
  issuer.mood = "well";
  await issuer.publishMore(0);
  lines.length = 0;
});
afterAll(() => issuer[Symbol.asyncDispose]());

const events = (): unknown[] => lines.map((line) => (JSON.parse(line) as { event: unknown }).event);

describe("checkSignedToken", () => {
  it.each(ALGORITHMS)("[A2] takes a token of a published %s key", async (alg) => {
    const checked = await checkSignedToken(await issuer.token({}, { alg }), jwt(issuer.vars));
    expect(checked).toMatchObject({ subjects: ["cellos.events.>"], mark: { kind: "jwt", sub: "alice" } });
  });

  it.each(ALGORITHMS)("[A2] takes a token of the %s key that is set, as PEM and as JWK", async (alg) => {
    for (const JWT_PUBLIC_KEY of [await issuer.publicPem(alg), JSON.stringify(issuer.jwk(alg))]) {
      const token = await issuer.token({}, { alg, kid: "of no meaning here" });
      expect(await checkSignedToken(token, jwt({ JWT_PUBLIC_KEY }))).toMatchObject({ subjects: ["cellos.events.>"] });
    }
  });

  it("[A2] takes a token of the shared secret, and of no other", async () => {
    const [one, two] = ["1".repeat(32), "2".repeat(32)];
    expect(await checkSignedToken(await secretToken(one), jwt({ JWT_SECRET: one }))).toMatchObject({
      mark: { sub: "alice" },
    });
    expect(await checkSignedToken(await secretToken(two), jwt({ JWT_SECRET: one }))).toBe("invalid");
    expect(await checkSignedToken(await secretToken(one, {}, "HS512"), jwt({ JWT_SECRET: one }))).toBe("invalid");
    const named = jwt({ JWT_SECRET: one, JWT_ALGORITHMS: "HS512" });
    expect(await checkSignedToken(await secretToken(one, {}, "HS512"), named)).not.toBe("invalid");
  });

  it("[A2] gives exp no second, and nbf thirty", async () => {
    const config = jwt(issuer.vars);
    const check = async (claims: JWTPayload) => checkSignedToken(await issuer.token(claims), config);
    expect(await check({ exp: inSeconds(-1) })).toBe("invalid");
    expect(await check({ exp: inSeconds(0) })).toBe("invalid");
    expect(await check({ nbf: inSeconds(25) })).toMatchObject({ subjects: ["cellos.events.>"] });
    expect(await check({ nbf: inSeconds(40) })).toBe("invalid");
  });

  it("[A2] fetches keys once for all who ask at a time, and keeps them", async () => {
    const config = jwt(issuer.vars);
    issuer.asked = 0;
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => issuer.token({ sub: `s${n}` })));
    const checked = await Promise.all(tokens.map((token) => checkSignedToken(token, config)));
    expect(checked.every((holder) => typeof holder === "object")).toBe(true);
    expect(issuer.asked).toBe(1);
  });

  it("[A2] picks up rotated keys, and does not ask again for each token of a key that nobody published", async () => {
    const config = jwt(issuer.vars);
    const old = await issuer.token();
    expect(await checkSignedToken(old, config)).not.toBe("invalid");
    await issuer.rotate();
    issuer.asked = 0;
    expect(await checkSignedToken(await issuer.token(), config)).toMatchObject({ mark: { sub: "alice" } });
    expect(await checkSignedToken(old, config)).toBe("invalid");
    for (let n = 0; n < 20; n += 1)
      expect(await checkSignedToken(await issuer.token({}, { kid: `made-up-${n}` }), config)).toBe("invalid");
    expect(issuer.asked).toBe(1);
    expect(lines).toEqual([]);
  });

  it.each<Mood>(["500", "redirects", "no JSON", "no key set"])(
    "[A2] does not know where the keys are answered by: %s",
    async (mood) => {
      issuer.mood = mood;
      const config = jwt(issuer.vars);
      issuer.asked = 0;
      for (let n = 0; n < 5; n += 1) expect(await checkSignedToken(await issuer.token(), config)).toBe("unavailable");
      expect(issuer.asked).toBe(1);
      expect(events()).toEqual(["keys-unreachable"]);
      expect(await checkSignedToken("no.token.at-all", config)).toBe("invalid");
    },
  );

  it("[A2] does not know of an unknown key whose fetch fails, and goes on with the known ones", async () => {
    const config = jwt(issuer.vars);
    const known = await issuer.token();
    expect(await checkSignedToken(known, config)).not.toBe("unavailable");
    issuer.mood = "500";
    issuer.asked = 0;
    for (let n = 0; n < 3; n += 1) {
      expect(await checkSignedToken(await issuer.token({}, { kid: "new" }), config)).toBe("unavailable");
      expect(await checkSignedToken(known, config)).toMatchObject({ mark: { sub: "alice" } });
    }
    expect(issuer.asked).toBe(1);
    expect(events()).toEqual(["keys-unreachable"]);
  });

  it("[A2] does not look at the content type", async () => {
    issuer.mood = "wrong content type";
    expect(await checkSignedToken(await issuer.token(), jwt(issuer.vars))).toMatchObject({ mark: { sub: "alice" } });
  });

  it("[A2] finds its key among a thousand others", { tags: "long" }, async () => {
    await issuer.publishMore(1_000);
    const config = jwt(issuer.vars);
    expect(await checkSignedToken(await issuer.token(), config)).toMatchObject({ mark: { sub: "alice" } });
  });

  it("[A2] tries the first keys that fit a token without kid", async () => {
    await issuer.publishMore(2);
    expect(await checkSignedToken(await issuer.token({}, { kid: null }), jwt(issuer.vars))).toMatchObject({ mark: {} });
    await issuer.publishMore(4);
    expect(await checkSignedToken(await issuer.token({}, { kid: null }), jwt(issuer.vars))).toBe("invalid");
  });
});
