import { expect, test } from "vitest";
import { readFlags, SCENARIOS } from "../../bench/flags.ts";

test("all scenarios in three rounds, unless told otherwise", () => {
  expect(readFlags([])).toEqual({ only: SCENARIOS, quick: false, rounds: 3, profile: false });
  expect(readFlags(["--quick"])).toMatchObject({ quick: true, rounds: 1 });
  expect(readFlags(["--only", "storm,memory", "--rounds", "5"])).toMatchObject({
    only: ["storm", "memory"],
    rounds: 5,
  });
});

test("what cannot be meant is refused with the usage", () => {
  expect(() => readFlags(["--only", "speed"])).toThrow('no scenario "speed"');
  expect(() => readFlags(["--rounds", "0"])).toThrow("--rounds");
  expect(() => readFlags(["--rounds", "many"])).toThrow("--rounds");
});
