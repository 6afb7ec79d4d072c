import fc from "fast-check";
import { nkeys } from "nats.ws";
import { describe, expect, it } from "vitest";
import { isCreds, isUserSeed } from "../../../src/shared/user-seed.ts";
import { newNkey, Operator } from "../../support/broker/operator.ts";

const { createAccount, createOperator }: Record<string, () => { getSeed(): Uint8Array }> = nkeys;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".split("");

const seedOf = (key: { getSeed(): Uint8Array } | undefined): string => new TextDecoder().decode(key?.getSeed());
const withDigit = (seed: string, at: number, digit: string): string => seed.slice(0, at) + digit + seed.slice(at + 1);

describe("isUserSeed", () => {
  it("[O2] takes what the NATS client makes", () => {
    for (let n = 0; n < 50; n++) expect(isUserSeed(newNkey().seed)).toBe(true);
  });

  it("[O2] takes the one in the documentation of NATS", () => {
    expect(isUserSeed("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")).toBe(true);
  });

  it("[O2] refuses one with another digit, wherever it is", { tags: "long" }, () => {
    const { seed } = newNkey();
    // The last digit is left out: two of its bits are padding, which says nothing.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: seed.length - 2 }), fc.constantFrom(...DIGITS), (at, digit) => {
        expect(isUserSeed(withDigit(seed, at, digit))).toBe(digit === seed[at]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("[O2] refuses one with two digits exchanged", () => {
    const { seed } = newNkey();
    for (let at = 0; at < seed.length - 2; at++) {
      const [one = "", other = ""] = seed.slice(at);
      const exchanged = withDigit(withDigit(seed, at, other), at + 1, one);
      expect(isUserSeed(exchanged)).toBe(exchanged === seed);
    }
  });

  it.each([
    ["nothing", ""],
    ["one digit too few", newNkey().seed.slice(0, -1)],
    ["one digit too many", `${newNkey().seed}A`],
    ["small letters", newNkey().seed.toLowerCase()],
    ["a line before it", `\n${newNkey().seed}`],
    ["a digit that base32 does not have", withDigit(newNkey().seed, 20, "1")],
    ["a public key", newNkey().publicKey],
    ["the seed of an account", seedOf(createAccount?.())],
    ["the seed of an operator", seedOf(createOperator?.())],
  ])("[O2] refuses %s", (_name, text) => {
    expect(isUserSeed(text)).toBe(false);
  });
});

describe("isCreds", () => {
  const creds = new Operator().creds();
  const { seed } = newNkey();

  it.each([
    ["as nsc writes it", creds],
    ["without the notes around it", creds.replaceAll(/^\*+.*\n/gm, "")],
    ["with CRLF", creds.replaceAll("\n", "\r\n")],
    ["trimmed", creds.trim()],
    ["with spaces around the seed", creds.replace(/^SU\w+$/m, `  ${seed} `)],
  ])("[U3] takes a file %s", (_name, text) => {
    expect(isCreds(text)).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["a seed alone", seed],
    ["a token alone", creds.slice(0, creds.indexOf("-----BEGIN USER"))],
    ["a seed without a token", creds.slice(creds.indexOf("-----BEGIN USER"))],
    ["a harmed seed", creds.replace(/^SU\w+$/m, withDigit(seed, 30, seed[30] === "A" ? "B" : "A"))],
    ["a seed cut short", creds.replace(/^SU\w+$/m, seed.slice(0, 40))],
    ["no seed between its lines", creds.replace(/^SU\w+$/m, "")],
    ["the seed of an account", creds.replace(/^SU\w+$/m, seedOf(createAccount?.()))],
  ])("[O2] refuses %s", (_name, text) => {
    expect(isCreds(text)).toBe(false);
  });
});
