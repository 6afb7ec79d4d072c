import { describe, expect, it } from "vitest";
import { fileName, ndjsonOf } from "../../../../src/console/events/export.ts";
import { entryOf } from "../../../../src/console/events/entry.ts";
import {
  durationWords,
  MAX_MOMENTS,
  momentViews,
  withMoment,
  type Moment,
} from "../../../../src/console/connection/history.ts";
import type { StatusView } from "../../../../src/console/connection/status-words.ts";

const view = (word: string, fact = ""): StatusView => ({ tone: "live", word, sentence: `${word}.`, fact, actions: [] });

describe("the timeline", () => {
  it("has the newest first, each until the next, the newest until now", () => {
    let moments: readonly Moment[] = [];
    moments = withMoment(moments, view("Connecting"), 0);
    moments = withMoment(moments, view("Live"), 1_500);
    moments = withMoment(moments, view("Reconnecting", "Close code 4408 slow-consumer"), 65_000);
    expect(momentViews(moments, 68_000)).toMatchObject([
      { word: "Reconnecting", duration: "for 3 s", text: "Reconnecting.", fact: "Close code 4408 slow-consumer" },
      { word: "Live", duration: "1 min 3 s", iso: "1970-01-01T00:00:01.500Z" },
      { word: "Connecting", duration: "1 s" },
    ]);
  });

  it("takes the same state said twice for one", () => {
    const moments = withMoment([], view("Live"), 0);
    expect(withMoment(moments, view("Live"), 9)).toBe(moments);
    expect(withMoment(moments, view("Live", "Resumed after 3."), 9)).toHaveLength(2);
  });

  it("is bounded", () => {
    let moments: readonly Moment[] = [];
    for (let at = 0; at < 2 * MAX_MOMENTS; at++) moments = withMoment(moments, view(String(at)), at);
    expect([moments.length, moments[0]?.word]).toEqual([MAX_MOMENTS, String(2 * MAX_MOMENTS - 1)]);
  });

  it.each([
    [-5, "0 s"],
    [420, "0.4 s"],
    [59_900, "59 s"],
    [61_000, "1 min 1 s"],
    [7_260_000, "2 h 1 min"],
  ])("%i ms lasted %s", (ms, words) => expect(durationWords(ms)).toBe(words));
});

describe("the export", () => {
  it("is one envelope a line, oldest first", () => {
    const entries = [entryOf(0, 7, { a: 1 }), entryOf(1, 9, "x")];
    expect(ndjsonOf(entries)).toBe('{"seq":7,"event":{"a":1}}\n{"seq":9,"event":"x"}\n');
  });

  it.each([
    ["cellos.events.>", "cellos.events.all-2026-11-23T20-15-06Z.ndjson"],
    ["cellos.*.x", "cellos.any.x-2026-11-23T20-15-06Z.ndjson"],
    ["", "events-2026-11-23T20-15-06Z.ndjson"],
    ["ünsafe/../$x", "_nsafe_.._x-2026-11-23T20-15-06Z.ndjson"],
  ])("of %j is called %s", (subject, name) => {
    expect(fileName(subject, new Date("2026-11-23T20:15:06.789Z"))).toBe(name);
  });
});
