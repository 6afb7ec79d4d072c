import { expect, test } from "vitest";
import { page } from "../../bench/report.ts";
import { bytes, markdown, ranged, short, times } from "../../bench/table.ts";

test("columns are as wide as their widest cell, missing cells are empty", () => {
  const text = markdown({ head: ["side", "µs"], rows: [["relay v2", "1.25"], ["x"]] });
  expect(text.split("\n")).toEqual([
    "| side     | µs   |",
    "| -------- | ---- |",
    "| relay v2 | 1.25 |",
    "| x        |      |",
  ]);
});

test("numbers have three digits and a unit of thousands", () => {
  const written = [0, 1.2345, 99.96, 100.4, 5_678, 9_994, 9_996, 47_123, 999_499, 999_500, 1_234_567, Number.NaN].map(
    short,
  );
  expect(written).toEqual(["0", "1.23", "100", "100", "5678", "9994", "10k", "47.1k", "999k", "1M", "1.23M", "n/a"]);
});

test("a range is shown where there is one", () => {
  expect(ranged({ median: 2, min: 1, max: 3 })).toBe("2 (1–3)");
  expect(ranged({ median: 2, min: 2, max: 2 })).toBe("2");
});

test("a ratio of nothing is none", () => {
  expect(times(3, 2)).toBe("1.5 x");
  expect(times(3, 0)).toBe("n/a");
});

test("bytes are binary", () => {
  expect([100, 2_048, 88 * 1024, 3.5 * 1024 ** 2, -2 * 1024 ** 3].map(bytes)).toEqual([
    "100 B",
    "2 KiB",
    "88 KiB",
    "3.5 MiB",
    "-2 GiB",
  ]);
});

test("a page names machine and command, and ends with the claims", () => {
  const text = page({
    machine: { head: ["", ""], rows: [["CPU", "abacus"]] },
    command: "npm run bench",
    rounds: 3,
    sections: [
      {
        title: "Fan-out",
        notes: ["How."],
        tables: [{ head: ["n"], rows: [["1"]] }],
        claims: [{ what: "speed", relay: "2", other: "1", ratio: "2 x" }],
      },
    ],
  });
  expect(text).toContain("abacus");
  expect(text).toContain("## Fan-out\n\nHow.");
  expect(text.trimEnd().split("\n").at(-1)).toBe("| speed | 2     | 1       | 2 x   |");
});
