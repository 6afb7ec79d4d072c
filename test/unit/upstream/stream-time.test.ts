import { expect, it } from "vitest";
import { nanosOf } from "../../../src/upstream/stream-time.ts";

it.each([
  ["2026-01-02T03:04:05.123456789Z", "1767323045123456789"],
  ["2026-01-02T03:04:05.1Z", "1767323045100000000"],
  ["2026-01-02T03:04:05Z", "1767323045000000000"],
  ["2026-01-02T04:04:05+01:00", "1767323045000000000"],
  ["1970-01-01T00:00:00Z", "0"],
  ["0001-01-01T00:00:00Z", null],
  ["2026-13-02T03:04:05Z", null],
  ["yesterday", null],
  [undefined, null],
  [7, null],
])("[W6] the time %o is %o nanoseconds", (text, nanos) => {
  expect(nanosOf(text)).toBe(nanos);
});
