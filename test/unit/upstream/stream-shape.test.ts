import { describe, expect, it } from "vitest";
import { parseStreamInfo } from "../../../src/upstream/jetstream-api.ts";
import { lossFloor, tellsOfDeletions, unservedReason } from "../../../src/upstream/stream-shape.ts";
import { LIMITS } from "../../support/model/head.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse("2026-01-02T00:00:00Z");
const LAST_VALUE = { ...LIMITS, replaces: true, cutsOldest: false };
const AGED = { ...LAST_VALUE, maxAgeMs: HOUR_MS };
const ago = (ms: number): string => String(BigInt(NOW_MS - ms) * 1_000_000n);

describe("lossFloor", () => {
  it.each([
    ["[W5] limits cut the oldest", LIMITS, 5, null, 100],
    ["[W5] limits, though the reader has just read", LIMITS, 5, ago(1), 100],
    ["[W18] the last of each subject, and no other limit", LAST_VALUE, 5, null, 0],
    ["[W18] ... which retains nothing any more", LAST_VALUE, 0, null, 100],
    ["[W18] ... beside a limit of number or size that removes", { ...LAST_VALUE, cutsOldest: true }, 5, ago(1), 100],
    ["[W18] ... beside an age, for somebody who may have read nothing", AGED, 5, null, 100],
    ["[W18] ... beside an age, the last message read being young", AGED, 5, ago(HOUR_MS - 60_001), 0],
    ["[W18] ... beside an age, the last message read being a minute from its end", AGED, 5, ago(HOUR_MS - 60_000), 100],
    ["[W18] ... beside an age, which retains nothing any more", AGED, 0, ago(1), 100],
    ["[W5] an age alone", { ...LIMITS, maxAgeMs: HOUR_MS, cutsOldest: false }, 5, ago(1), 100],
  ] as const)("%s", (_name, shape, messages, lastRead, floor) => {
    expect(lossFloor({ firstSeq: 100, messages, shape }, lastRead, NOW_MS)).toBe(floor);
  });
});

describe("a stream's shape", () => {
  it("[W18] is served where retention is by limits, and elsewhere the reason names it", () => {
    expect(unservedReason(LIMITS)).toBeNull();
    expect(unservedReason({ ...LIMITS, retention: "interest" })).toContain("interest retention");
    expect(unservedReason({ ...LIMITS, retention: "workqueue" })).toContain("workqueue retention");
  });

  it("[W19] tells of deletions where messages do not leave from between others by themselves", () => {
    expect(tellsOfDeletions(LIMITS)).toBe(true);
    expect(tellsOfDeletions(LAST_VALUE)).toBe(false);
    expect(tellsOfDeletions({ ...LIMITS, hasMessageTtl: true })).toBe(false);
  });

  it.each([
    [{ retention: "interest" }, { retention: "interest" }],
    [{ retention: "limits", max_msgs: -1, max_bytes: -1, max_age: 0, max_msgs_per_subject: -1 }, {}],
    [{ max_msgs_per_subject: 1 }, { replaces: true }],
    [{ max_age: 2_000_000_000 }, { maxAgeMs: 2_000 }],
    [{ max_bytes: 1_024 }, { cutsOldest: true }],
    [{ max_msgs: 5, discard: "old" }, { cutsOldest: true }],
    [{ max_msgs: 5, discard: "new" }, {}],
    [{ allow_msg_ttl: true }, { hasMessageTtl: true }],
  ])("[W18] the shape of %o", (config, shape) => {
    expect(parseStreamInfo({ created: "c", state: {}, config }).shape).toEqual({
      ...LIMITS,
      cutsOldest: false,
      ...shape,
    });
  });
});
