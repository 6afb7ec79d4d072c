import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadConfig, type JwtConfig } from "../../../src/config/config.ts";

function jwt(env: Record<string, unknown>): JwtConfig | null {
  const result = loadConfig(env);
  if (!result.ok) throw new Error(result.problem);
  return result.config.jwt;
}

function problem(env: Record<string, unknown>): string {
  const result = loadConfig(env);
  return result.ok ? "" : result.problem;
}

const SECRET = { JWT_SECRET: "s".repeat(32) };
const PUBLISHED = { JWT_JWKS_URL: "https://issuer.example/keys", JWT_ISSUER: "i", JWT_AUDIENCE: "a" };

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const smallRsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const secp = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
const ed = generateKeyPairSync("ed25519");
const x = generateKeyPairSync("x25519");

const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const jwk = (key: KeyObject, more: object = {}): string =>
  JSON.stringify({ ...key.export({ format: "jwk" }), ...more });

describe("the settings of signed tokens", () => {
  it("[A2] accept none where no key is set", () => {
    expect(jwt({ RELAY_API_TOKEN: "t" })).toBeNull();
  });

  it("[A2] have the defaults of the specification", () => {
    expect(jwt(SECRET)).toEqual({
      keys: { kind: "secret", secret: SECRET.JWT_SECRET },
      algorithms: ["HS256"],
      issuer: null,
      audience: null,
      subjectsClaim: "subjects",
      subjects: [],
      header: null,
      denied: new Set(),
    });
    expect(jwt(PUBLISHED)).toMatchObject({
      keys: { kind: "jwks", url: "https://issuer.example/keys" },
      algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
      issuer: "i",
      audience: "a",
    });
  });

  it.each(["http://127.0.0.1:8000/k", "http://localhost/k", "http://[::1]:1/k", "https://issuer.example/k?a=b"])(
    "[A2] take %s for published keys",
    (url) => expect(jwt({ ...PUBLISHED, JWT_JWKS_URL: url })?.keys).toEqual({ kind: "jwks", url }),
  );

  it("[A2] count the bytes of a secret", () => {
    expect(jwt({ JWT_SECRET: "é".repeat(16) })).not.toBeNull();
    expect(problem({ JWT_SECRET: "é".repeat(15) })).toMatch(/^JWT_SECRET must be/);
  });

  it.each<readonly [string, string, readonly string[]]>([
    ["RSA as PEM", pem(rsa.publicKey), ["RS256", "PS256"]],
    ["RSA as PEM on one line", pem(rsa.publicKey).replaceAll("\n", " "), ["RS256", "PS256"]],
    ["RSA as PEM with written line ends", pem(rsa.publicKey).replaceAll("\n", "\\n"), ["RS256", "PS256"]],
    ["P-256 as PEM", pem(p256.publicKey), ["ES256"]],
    ["Ed25519 as PEM", pem(ed.publicKey), ["EdDSA"]],
    ["RSA as JWK", jwk(rsa.publicKey), ["RS256", "PS256"]],
    ["RSA as JWK for one algorithm", jwk(rsa.publicKey, { alg: "PS256", use: "sig", kid: "1" }), ["PS256"]],
    ["P-256 as JWK", jwk(p256.publicKey, { key_ops: ["verify"] }), ["ES256"]],
    ["Ed25519 as JWK", jwk(ed.publicKey), ["EdDSA"]],
  ])("[A2] take %s for a public key", (_name, key, algorithms) => {
    expect(jwt({ JWT_PUBLIC_KEY: key })?.algorithms).toEqual(algorithms);
  });

  it("[A2] take keys of other curves where their algorithm is named", () => {
    expect(jwt({ JWT_PUBLIC_KEY: pem(p384.publicKey), JWT_ALGORITHMS: "ES384 ES256" })?.algorithms).toEqual(["ES384"]);
    expect(jwt({ JWT_PUBLIC_KEY: jwk(p521.publicKey), JWT_ALGORITHMS: "ES512" })?.algorithms).toEqual(["ES512"]);
    expect(problem({ JWT_PUBLIC_KEY: pem(p384.publicKey) })).toMatch(/^JWT_ALGORITHMS must name an algorithm/);
  });

  it.each<readonly [string, string]>([
    ["a private key as PEM", rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    ["a private key as JWK", jwk(p256.privateKey)],
    ["a secret as JWK", JSON.stringify({ kty: "oct", k: "c2VjcmV0".repeat(8) })],
    ["a secret in disguise", jwk(rsa.publicKey, { k: "c2VjcmV0" })],
    ["RSA of 1,024 bits as PEM", pem(smallRsa.publicKey)],
    ["RSA of 1,024 bits as JWK", jwk(smallRsa.publicKey)],
    ["a curve of no algorithm as PEM", pem(secp.publicKey)],
    ["a curve of no algorithm as JWK", jwk(secp.publicKey)],
    ["a key for key agreement as PEM", pem(x.publicKey)],
    ["a key for key agreement as JWK", jwk(x.publicKey)],
    ["a key for encryption", jwk(rsa.publicKey, { use: "enc" })],
    ["a key that may not verify", jwk(rsa.publicKey, { key_ops: ["encrypt"] })],
    ["a key for an algorithm of shared secrets", jwk(rsa.publicKey, { alg: "HS256" })],
    ["RSA in PKCS #1", rsa.publicKey.export({ type: "pkcs1", format: "pem" }).toString()],
    ["a key set", `{"keys":[${jwk(rsa.publicKey)}]}`],
    ["a cut PEM", pem(rsa.publicKey).replace(/[^-]{40}\n-----END/, "\n-----END")],
    ["JSON that is cut", jwk(rsa.publicKey).slice(0, -1)],
    ["an empty PEM", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"],
  ])("[A2] [O2] do not take %s for a public key", (_name, key) => {
    expect(problem({ JWT_PUBLIC_KEY: key })).toMatch(/^JWT_PUBLIC_KEY must be [^"]*$/);
  });

  const MANY = Array.from({ length: 65 }, (_, n) => `a.${n}`).join(" ");
  it.each<readonly [string, Record<string, string>, RegExp]>([
    ["a secret and a public key", { ...SECRET, JWT_PUBLIC_KEY: pem(ed.publicKey) }, /^Only one of JWT_JWKS_URL/],
    ["a secret and published keys", { ...SECRET, ...PUBLISHED }, /^Only one of JWT_JWKS_URL/],
    ["published keys without issuer", { ...PUBLISHED, JWT_ISSUER: "" }, /^JWT_ISSUER and JWT_AUDIENCE must/],
    ["published keys without audience", { ...PUBLISHED, JWT_AUDIENCE: " " }, /^JWT_ISSUER and JWT_AUDIENCE must/],
    [
      "a secret's algorithm beside published keys",
      { ...PUBLISHED, JWT_ALGORITHMS: "RS256 HS256" },
      /^JWT_ALGORITHMS must name no/,
    ],
    [
      "a secret's algorithm beside a public key",
      { JWT_PUBLIC_KEY: pem(rsa.publicKey), JWT_ALGORITHMS: "HS256" },
      /^JWT_ALGORITHMS must name no/,
    ],
    [
      "a public key's algorithm beside a secret",
      { ...SECRET, JWT_ALGORITHMS: "HS256,RS256" },
      /^JWT_ALGORITHMS must name algorithms of a shared/,
    ],
    [
      "an algorithm of another key",
      { JWT_PUBLIC_KEY: pem(ed.publicKey), JWT_ALGORITHMS: "RS256" },
      /^JWT_ALGORITHMS must name an algorithm/,
    ],
    ["65 filters", { ...SECRET, JWT_SUBJECTS: MANY }, /^JWT_SUBJECTS must hold at most 64 filters\.$/],
    ["an issuer without a key", { JWT_ISSUER: "i" }, /^JWT_ISSUER must be set together with one of JWT_JWKS_URL/],
    ["a header without a key", { RELAY_API_TOKEN: "t", JWT_HEADER: "X-Token" }, /^JWT_HEADER must be set together/],
    ["filters without a key", { JWT_SUBJECTS: "a.>" }, /^JWT_SUBJECTS must be set together/],
  ])("[O2] contradict each other: %s", (_name, env, sentence) => {
    expect(problem(env)).toMatch(sentence);
  });

  it("[A10] leave a list of denied tokens alone where no key is set", () => {
    expect(problem({ JWT_DENY: "a" })).toBe("");
  });

  it("[A10] decode the denied", () => {
    expect(jwt({ ...SECRET, JWT_DENY: "a%20b, auth0%7C1\nc%2Cd" })?.denied).toEqual(new Set(["a b", "auth0|1", "c,d"]));
  });
});
