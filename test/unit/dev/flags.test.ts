import { expect, test } from "vitest";
import { readFlags } from "../../../src/dev/flags.ts";

const DEFAULTS = { help: false, port: undefined, nats: undefined, token: undefined, rate: 2 };

test.each([
  [[], DEFAULTS],
  [["--port", "8787", "--token", "t"], { ...DEFAULTS, port: 8787, token: "t" }],
  [["--rate=100"], { ...DEFAULTS, rate: 100 }],
  [["--no-publish", "--rate", "9"], { ...DEFAULTS, rate: 0 }],
  [["--nats", "wss://broker.example"], { ...DEFAULTS, nats: "wss://broker.example" }],
])("%j is understood", (args, flags) => {
  expect(readFlags(args)).toEqual(flags);
});

test.each([
  ["--port", "0"],
  ["--port", "x"],
  ["--rate", "-1"],
  ["--rate", "1.5"],
  ["--token", ""],
  ["--prot", "1"],
  ["extra"],
])("%s %s is refused with a sentence", (...args) => {
  expect(() => readFlags(args.filter((arg) => arg !== undefined))).toThrow(
    /^(--[a-z]+ must|Unknown|Unexpected|Option)/,
  );
});
