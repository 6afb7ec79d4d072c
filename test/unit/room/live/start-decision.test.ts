import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StartRequest } from "../../../../src/room/join/decision.ts";
import {
  coldStart,
  decideStart,
  type RoomProgress,
  type SizedStream,
} from "../../../../src/room/live/start-decision.ts";

/** 100 messages of 10 bytes: the window of 200 bytes holds 20 of them. */
const STREAM: SizedStream = { epoch: "e", firstSeq: 1, floor: 1, lastSeq: 100, messages: 100, bytes: 1_000 };
const WINDOW = 200;
const ROOM: RoomProgress = { epoch: "e", position: 90, clients: 1, windowSize: 5, isPatient: true, isOther: false };
const EMPTY: SizedStream = { epoch: "e", firstSeq: 0, floor: 0, lastSeq: 0, messages: 0, bytes: 0 };
const EMPTY_ROOM: RoomProgress = { ...ROOM, clients: 0 };
const request = (since: number | null, epoch: string | null = null): StartRequest => ({ since, epoch });

describe("resume", () => {
  it.each([
    ["[W12] somebody is here: after what was read", ROOM, STREAM, [request(85)], "continue", 90],
    ["[W12] somebody is here, however far the stream is ahead", { ...ROOM, position: 10 }, STREAM, [], "continue", 10],
    ["[W12] somebody is here, at the stream's last seq", { ...ROOM, position: 100 }, STREAM, [], "continue", 100],
    ["[B3] nobody is here, and the window joins up", EMPTY_ROOM, STREAM, [request(85)], "continue", 90],
    [
      "[B3] nobody is here, and the window is empty",
      { ...EMPTY_ROOM, windowSize: 0 },
      STREAM,
      [request(85)],
      "restart",
      85,
    ],
    ["[B3] nobody is here, at the edge of what fits", { ...EMPTY_ROOM, position: 80 }, STREAM, [], "continue", 80],
    ["[B3] nobody is here, and too much came since", { ...EMPTY_ROOM, position: 79 }, STREAM, [], "restart", 100],
    ["[W6] another epoch", { ...ROOM, epoch: "f" }, STREAM, [], "reset", 100],
    ["[W6] another history", { ...ROOM, isOther: true }, STREAM, [], "reset", 100],
    [
      "[W6] another history, and shorter: no patience",
      { ...ROOM, isOther: true, position: 101 },
      STREAM,
      [],
      "reset",
      100,
    ],
    ["[W6] another epoch, nobody is here", { ...EMPTY_ROOM, epoch: "f" }, STREAM, [request(95)], "reset", 95],
    [
      "[W6] the stream is shorter than what was read, for too long",
      { ...ROOM, position: 101, isPatient: false },
      STREAM,
      [],
      "reset",
      100,
    ],
    ["[W6] the stream is shorter, nobody is here", { ...EMPTY_ROOM, position: 101 }, STREAM, [], "reset", 100],
    ["[W6] another epoch needs no patience", { ...ROOM, epoch: "f", position: 101 }, STREAM, [], "reset", 100],
    ["[B3] cold", null, STREAM, [request(85)], "restart", 85],
    ["[W3] cold, nobody wants the past", null, STREAM, [request(null)], "restart", 100],
  ] as const)("%s", (_name, room, stream, startRequests, kind, cursor) => {
    expect(decideStart(room, stream, startRequests, WINDOW)).toEqual({ kind, cursor });
  });

  it("[P5] [W12] a stream shorter than what was read may only be behind", () => {
    expect(decideStart({ ...ROOM, position: 101 }, STREAM, [], WINDOW)).toEqual({ kind: "wait" });
  });
});

describe("coldStart", () => {
  it.each([
    ["[B3] the lowest since that fits the window", [request(95), request(82), request(90)], STREAM, 82],
    ["[B3] just fits", [request(80)], STREAM, 80],
    ["[B3] one that does not fit is left to a replay", [request(79), request(95)], STREAM, 95],
    ["[W3] without a request for the past: the head", [request(null), request(null, "e")], STREAM, 100],
    ["[W3] nobody", [], STREAM, 100],
    ["[W6] a since above the stream counts for nothing", [request(101)], STREAM, 100],
    ["[V6] a since of another epoch counts for nothing", [request(95, "f")], STREAM, 100],
    ["[V6] a since of this epoch counts", [request(95, "e")], STREAM, 95],
    [
      "[W5] a since below retention counts for nothing",
      [request(93)],
      { ...STREAM, firstSeq: 95, messages: 6, bytes: 60 },
      100,
    ],
    ["[W5] a since at the floor counts", [request(94)], { ...STREAM, firstSeq: 95, messages: 6, bytes: 60 }, 94],
    ["[W4] since=0 is the oldest retained", [request(0)], { ...STREAM, firstSeq: 95, messages: 6, bytes: 60 }, 94],
    [
      "[W4] [W5] since=0 with the epoch is a cursor like any other",
      [request(0, "e")],
      { ...STREAM, firstSeq: 95, messages: 6, bytes: 60 },
      100,
    ],
    ["[W4] an empty stream", [request(0)], EMPTY, 0],
    ["[W4] a purged stream", [request(0)], { ...STREAM, firstSeq: 101, messages: 0, bytes: 0 }, 100],
  ] as const)("%s", (_name, startRequests, stream, expected) => {
    expect(coldStart(startRequests, stream, WINDOW)).toBe(expected);
  });

  it(
    "[B3] never starts below retention, above the stream, or further back than the window should hold",
    { tags: "long" },
    () => {
      const startRequests = fc.array(
        fc.record({ since: fc.option(fc.nat(60)), epoch: fc.option(fc.constantFrom("e", "f")) }),
      );
      const streams = fc.record({
        firstSeq: fc.integer({ min: 1, max: 40 }),
        messages: fc.nat(40),
        average: fc.nat(20),
      });
      fc.assert(
        fc.property(startRequests, streams, (list, { firstSeq, messages, average }) => {
          const stream = {
            epoch: "e",
            firstSeq,
            floor: firstSeq,
            lastSeq: firstSeq + messages - 1,
            messages,
            bytes: messages * average,
          };
          const start = coldStart(list, stream, WINDOW);
          expect(start).toBeLessThanOrEqual(stream.lastSeq);
          expect(start + 1).toBeGreaterThanOrEqual(firstSeq);
          expect((stream.lastSeq - start) * average).toBeLessThanOrEqual(WINDOW);
          const oldest = (since: number, epoch: string | null): number =>
            since === 0 && epoch === null ? firstSeq - 1 : since;
          const wanted = list.map(({ since, epoch }) => oldest(since ?? -1, epoch));
          expect([stream.lastSeq, ...wanted]).toContain(start);
        }),
        { numRuns: 1_000 },
      );
    },
  );
});
