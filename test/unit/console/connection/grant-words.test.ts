import { expect, test } from "vitest";
import { grantWords } from "../../../../src/console/connection/grant-words.ts";

const NOW_MS = new Date(2026, 10, 23, 9, 5, 7).getTime();

test("[A11] says what a token may read, and until when", () => {
  const words = (subjects: string[], untilMs: number | null = null): string =>
    grantWords({ subjects, untilMs }, NOW_MS);
  expect(words(["a.>"])).toBe("This token may read a.>.");
  expect(words(["a.>", "b"], NOW_MS + 60_000)).toBe("This token may read a.>, b, until 09:06:07.");
  expect(words(["a.>"], NOW_MS + 86_400_000)).toBe("This token may read a.>, until 11-24 09:05:07.");
  expect(words(["a", "b", "c", "d", "e"])).toBe("This token may read a, b, c and 2 more.");
  expect(words([])).toBe("This token may read nothing.");
});
