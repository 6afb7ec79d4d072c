import { describe, expect, test } from "vitest";
import { chainProblems, lossProblems, orderProblems } from "../../conformance/chain.ts";
import { HEARTBEAT_TYPE, type Frame } from "../../support/wire/test-socket.ts";

const welcome = (cursor: number, live = false): Frame => ({ type: "welcome", cursor, live });
const events = (prev: number, ...seqs: number[]): Frame => ({
  type: "events",
  prev,
  events: seqs.map((seq) => ({ seq, event: {} })),
});
const heartbeat = (cursor: number): Frame => ({ type: "heartbeat", cursor, upstream: "connected" });
const caughtUp = (cursor: number): Frame => ({ type: "caught-up", cursor });
const problem: Frame = { type: "problem", problem: { type: "/problems/ws/stream-reset" } };
const v1 = (seq: number): Frame => ({ seq, event: { id: String(seq) } });
const beat = (seq: number): Frame => ({ seq, event: { type: HEARTBEAT_TYPE } });

describe("the chain of cursors of v2", () => {
  test("holds for a replay that meets the head", () => {
    const frames = [
      welcome(3),
      events(3, 5, 9),
      { type: "pong" },
      heartbeat(11),
      events(11, 12),
      caughtUp(12),
      problem,
    ];
    expect(chainProblems(frames)).toEqual([]);
    expect(chainProblems([problem])).toEqual([]);
  });

  test.each<[string, Frame[]]>([
    ["no welcome", [events(0, 1)]],
    ["two welcomes", [welcome(0), welcome(0)]],
    ["a wrong prev", [welcome(3), events(2, 5)]],
    ["an event at the cursor", [welcome(5), events(5, 5)]],
    ["events that do not ascend", [welcome(0), events(0, 2, 1)]],
    ["no events in a frame", [welcome(0), events(0)]],
    ["a heartbeat that goes back", [welcome(5), heartbeat(4)]],
    ["a heartbeat of no known upstream", [welcome(5), { ...heartbeat(5), upstream: "?" }]],
    ["caught-up twice", [welcome(5), caughtUp(5), caughtUp(5)]],
    ["caught-up after live:true", [welcome(5, true), caughtUp(5)]],
    ["a frame after the problem", [welcome(5), problem, heartbeat(5)]],
    ["an unknown frame", [welcome(5), { type: "other" }]],
  ])("%s is a problem", (_name, frames) => {
    expect(chainProblems(frames)).not.toEqual([]);
  });
});

describe("the order of v1", () => {
  test("holds while events ascend and heartbeats follow them", () => {
    expect(orderProblems([v1(3), beat(3), beat(7), v1(8), { type: "pong" }], 2)).toEqual([]);
  });

  test.each<[string, Frame[]]>([
    ["an event at since", [v1(2)]],
    ["a repeated event", [v1(3), v1(3)]],
    ["a heartbeat below an event", [v1(5), beat(4)]],
    ["an event that a heartbeat passed", [v1(3), beat(9), v1(8)]],
    ["a frame that is no envelope", [{ ...v1(3), prev: 1 }]],
  ])("%s is a problem", (_name, frames) => {
    expect(orderProblems(frames, 2)).not.toEqual([]);
  });
});

describe("losses", () => {
  const matches = [2, 5, 9];

  test("none while every match is sent before a cursor passes it", () => {
    expect(lossProblems([welcome(2), events(2, 5), heartbeat(8), events(8, 9), heartbeat(20)], matches)).toEqual([]);
    expect(lossProblems([v1(5), beat(8), v1(9), beat(9)], matches, 2)).toEqual([]);
    expect(lossProblems([welcome(2), heartbeat(4)], matches)).toEqual([]);
  });

  test("a match that was skipped, by an event, a heartbeat or in v1", () => {
    expect(lossProblems([welcome(2), events(2, 9)], matches)).toHaveLength(1);
    expect(lossProblems([welcome(0), heartbeat(9)], matches)).toHaveLength(3);
    expect(lossProblems([v1(5), beat(12)], matches, 2)).toHaveLength(1);
  });
});
