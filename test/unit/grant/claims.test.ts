import { describe, expect, it } from "vitest";
import { loadConfig, type JwtConfig } from "../../../src/config/config.ts";
import { readClaims, type Claims } from "../../../src/grant/claims.ts";

const NOW_MS = 1_700_000_000_000;
const NOW = NOW_MS / 1000;

function jwt(env: Record<string, string> = {}): JwtConfig {
  const result = loadConfig({ JWT_SECRET: "s".repeat(32), ...env });
  if (!result.ok || result.config.jwt === null) throw new Error("no key");
  return result.config.jwt;
}

const subjectsOf = (claims: Claims, env?: Record<string, string>): readonly string[] | undefined =>
  readClaims({ exp: NOW + 60, ...claims }, jwt(env), NOW_MS)?.subjects;

describe("the filters of a token", () => {
  it.each<readonly [unknown, readonly string[]]>([
    [
      ["a.>", "b"],
      ["a.>", "b"],
    ],
    ["a.> b", ["a.>", "b"]],
    ["  a.>   b ", ["a.>", "b"]],
    [["a", "a"], ["a"]],
    [["a.>", "b.>.c", "", "b b", " c", "d..e", ".", "f\tg", "h\n"], ["a.>"]],
    ["a.>\tb.>", []],
    [["a", 1, null, ["b.>"], { c: "d" }], ["a"]],
    [[], []],
    ["", []],
    [null, []],
    [true, []],
    [{ "0": "a" }, []],
    [{ length: 1, 0: "a.>" }, []],
    [7, []],
    ["x".repeat(257), []],
  ])("[A2] of the claim %j are %j", (subjects, expected) => {
    expect(subjectsOf({ subjects })).toEqual(expected);
  });

  it("[A2] are 64 at most, and none of more", () => {
    const some = (count: number): string[] => Array.from({ length: count }, (_, n) => `a.${n}`);
    expect(subjectsOf({ subjects: some(64) })).toHaveLength(64);
    expect(subjectsOf({ subjects: [...some(64), "a.0", "not..one"] })).toHaveLength(64);
    expect(subjectsOf({ subjects: some(65) })).toEqual([]);
  });

  it("[A2] are looked for under one literal name, and not in what every object has", () => {
    const url = "https://app.example/subjects";
    expect(subjectsOf({ [url]: ["a"] }, { JWT_SUBJECTS_CLAIM: url })).toEqual(["a"]);
    expect(subjectsOf({ a: { b: ["c"] } }, { JWT_SUBJECTS_CLAIM: "a.b" })).toEqual([]);
    expect(subjectsOf({ "a.b": ["c"] }, { JWT_SUBJECTS_CLAIM: "a.b" })).toEqual(["c"]);
    expect(subjectsOf({}, { JWT_SUBJECTS_CLAIM: "constructor", JWT_SUBJECTS: "a" })).toEqual(["a"]);
  });

  const templates = { JWT_SUBJECTS: "cellos.events.{tenant}.> cellos.events.all.user-{sub}" };
  it("[A2] are those of JWT_SUBJECTS where the claim is absent, and only there", () => {
    const claims = { tenant: "acme", sub: "bob" };
    expect(subjectsOf(claims, templates)).toEqual(["cellos.events.acme.>", "cellos.events.all.user-bob"]);
    expect(subjectsOf({ ...claims, subjects: [] }, templates)).toEqual([]);
    expect(subjectsOf({ ...claims, subjects: null }, templates)).toEqual([]);
    expect(subjectsOf(claims)).toEqual([]);
  });

  it.each<readonly [string, unknown]>([
    ["a wildcard", "*"],
    ["the tail wildcard", ">"],
    ["a wildcard in a word", "a*"],
    ["two tokens", "acme.evil"],
    ["an empty one", ""],
    ["white space", "a b"],
    ["a line end", "acme\n"],
    ["a control character", "a\u0000"],
    ["a lone surrogate", "a\ud800"],
    ["no text", 7],
    ["a list", ["acme"]],
    ["nothing", undefined],
    ["null", null],
    ["what every object has", { toString: "acme" }],
  ])("[A2] are none at all where a claim of a template is %s", (_name, tenant) => {
    expect(subjectsOf({ sub: "bob", ...(tenant === undefined ? {} : { tenant }) }, templates)).toEqual([]);
  });

  it("[A2] are filled in once: what a claim says is no template", () => {
    expect(subjectsOf({ tenant: "{sub}", sub: "bob" }, templates)).toEqual([
      "cellos.events.{sub}.>",
      "cellos.events.all.user-bob",
    ]);
    expect(subjectsOf({ tenant: "$&", sub: "$1" }, templates)?.[0]).toBe("cellos.events.$&.>");
    expect(subjectsOf({ sub: "bob" }, { JWT_SUBJECTS: "a.{toString}" })).toEqual([]);
    expect(subjectsOf({ tenant: "x".repeat(250), sub: "bob" }, templates)).toEqual(["cellos.events.all.user-bob"]);
  });
});

describe("a token", () => {
  const read = (claims: Claims, env?: Record<string, string>) =>
    readClaims({ subjects: ["a"], ...claims }, jwt(env), NOW_MS);

  it.each<unknown>([
    NOW,
    NOW - 1,
    NOW - 0.001,
    0,
    -1,
    253_402_300_800,
    Infinity,
    "2000000000",
    null,
    undefined,
    [NOW + 60],
  ])("[A2] is not valid with exp %j", (exp) => expect(read(exp === undefined ? {} : { exp })).toBeNull());

  it("[A2] [A3] is valid up to the millisecond of its exp", () => {
    expect(read({ exp: NOW + 0.001 })?.expiresAtMs).toBe(NOW_MS + 1);
    expect(read({ exp: NOW + 1.5 })?.expiresAtMs).toBe(NOW_MS + 1_500);
    expect(read({ exp: 253_402_300_799 })?.expiresAtMs).toBe(253_402_300_799_000);
  });

  it.each(["iss", "sub", "jti"])("[A2] is not valid with a %s that is no text, or too long a one", (name) => {
    for (const value of [7, null, ["x"], {}, "x".repeat(1_025)])
      expect(read({ exp: NOW + 60, [name]: value })).toBeNull();
    expect(read({ exp: NOW + 60, [name]: "x".repeat(1_024) })).not.toBeNull();
  });

  it("[A10] is not valid when its sub or its jti is denied, as the claim has it", () => {
    const env = { JWT_DENY: "mallory, a%20b%2Cc\nt-1" };
    for (const claims of [{ sub: "mallory" }, { jti: "mallory" }, { sub: "a b,c" }, { sub: "x", jti: "t-1" }])
      expect(read({ exp: NOW + 60, ...claims }, env)).toBeNull();
    for (const claims of [{ sub: "Mallory" }, { sub: "a%20b%2Cc" }, { name: "mallory" }, {}])
      expect(read({ exp: NOW + 60, ...claims }, env)).not.toBeNull();
  });

  it("[A2] [B4] names its holder by iss and sub, whatever else it says", () => {
    const holder = (claims: Claims): string | undefined => read({ exp: NOW + 60, ...claims })?.holder;
    const alice = holder({ iss: "i", sub: "alice" });
    expect(holder({ iss: "i", sub: "alice", jti: "2", aud: "b", subjects: ["b"], exp: NOW + 9 })).toBe(alice);
    for (const other of [{ iss: "i", sub: "bob" }, { iss: "j", sub: "alice" }, { sub: "alice" }, { iss: "i" }])
      expect(holder(other)).not.toBe(alice);
  });

  it("[A2] [B4] without sub names its holder by iss, audience and filters, never by jti", () => {
    const holder = (claims: Claims): string | undefined => read({ exp: NOW + 60, iss: "i", ...claims })?.holder;
    const one = holder({ aud: "a", subjects: ["b", "a"], jti: "1" });
    expect(holder({ aud: "a", subjects: ["a", "b"], jti: "2" })).toBe(one);
    for (const other of [
      { aud: "b", subjects: ["a", "b"] },
      { aud: "a", subjects: ["a"] },
      { iss: "j", aud: "a", subjects: ["a", "b"] },
    ])
      expect(holder(other)).not.toBe(one);
  });

  it("[A10] is marked by sub and jti, each null where it has none", () => {
    expect(read({ exp: NOW + 60, sub: "s", jti: "t" })?.mark).toEqual({ kind: "jwt", sub: "s", jti: "t" });
    expect(read({ exp: NOW + 60 })?.mark).toEqual({ kind: "jwt", sub: null, jti: null });
  });
});
