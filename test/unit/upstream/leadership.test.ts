import { expect, it } from "vitest";
import { doubtOf } from "../../../src/upstream/leadership.ts";

const NOT_HEARD = "the stream's leader hears no majority";

it.each([
  ["both are offline", [{ offline: true }, { offline: true }], NOT_HEARD],
  ["neither was heard for 4 s", [{ active: 4e9 }, { active: 4_100_000_000 }], NOT_HEARD],
  ["one is offline, one was not heard", [{ offline: true, active: 1e8 }, { active: 4e9 }], NOT_HEARD],
  ["the only one is offline", [{ offline: true }], NOT_HEARD],
  ["one of four was heard", [{ active: 1 }, { active: 8e9 }, { active: 4e9 }, { offline: true }], NOT_HEARD],
  ["one is offline", [{ offline: true }, { active: 1e9, current: true }], null],
  ["one was not heard, one lags", [{ active: 9e9 }, { active: 1e9, current: false, lag: 70 }], null],
  ["all were heard", [{ active: 5e8 }, { active: 2.4e9 }], null],
  ["two of four were heard", [{ active: 1 }, { active: 1 }, { active: 4e9 }, { offline: true }], null],
  ["there is no other", [], null],
  ["nothing is said of them", [{}, { name: "n1" }], null],
  ["they are no list", "n1 n2", null],
])("[W6] [P5] a leader is believed as long as it hears most of the members: %s", (_, replicas, doubt) => {
  expect(doubtOf({ name: "C", leader: "n0", replicas })).toBe(doubt);
});

it("[W6] [P5] a side without a leader is not believed, a stream outside of a cluster is", () => {
  expect(doubtOf({ name: "C", replicas: [{ active: 1 }, { active: 1 }] })).toBe("the stream has no leader");
  expect([doubtOf(undefined), doubtOf(null), doubtOf("c")]).toEqual([null, null, null]);
});
