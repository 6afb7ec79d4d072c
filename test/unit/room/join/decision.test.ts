import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decide,
  type Decision,
  type RoomView,
  type StreamView,
  type StartRequest,
} from "../../../../src/room/join/decision.ts";

const ROOM: RoomView = { cursor: 100, atHead: true, windowFrom: 80, epoch: "e" };
const STREAM: StreamView = { epoch: "e", firstSeq: 50, floor: 50, lastSeq: 120 };
const OTHER: StreamView = { epoch: "f", firstSeq: 1, floor: 1, lastSeq: 500 };
const EMPTY: StreamView = { epoch: "e", firstSeq: 0, floor: 0, lastSeq: 0 };
const PURGED: StreamView = { epoch: "e", firstSeq: 121, floor: 121, lastSeq: 120 };

const ask: Decision = { kind: "ask" };
const admit = (cursor: number, live: boolean, fromOldest = false): Decision => ({
  kind: "admit",
  cursor,
  live,
  fromOldest,
});
const lost = (why: "stream-reset" | "retention-exhausted", oldestSeq = 50): Decision => ({
  kind: "lost",
  why,
  oldestSeq,
});

type Row = [
  name: string,
  since: number | null,
  epoch: string | null,
  room: RoomView | null,
  stream: StreamView | null,
  expected: Decision,
];

const ROWS: Row[] = [
  ["[W11] [B3] inside the window: at once, without the broker", 90, null, ROOM, null, admit(90, false)],
  ["[W11] [B3] inside the window, epoch ours", 90, "e", ROOM, null, admit(90, false)],
  ["[B3] at the window's lower edge", 80, null, ROOM, null, admit(80, false)],
  ["[B3] [V3] at R: live", 100, null, ROOM, null, admit(100, true)],
  [
    "[B3] [V3] at R, and more waits to be read: not live",
    100,
    null,
    { ...ROOM, atHead: false },
    null,
    admit(100, false),
  ],
  [
    "[B3] inside the window although retention has passed it",
    85,
    null,
    ROOM,
    { ...STREAM, firstSeq: 95 },
    admit(85, false),
  ],
  ["[B3] just below the window", 79, null, ROOM, null, ask],
  ["[W4] above R: the room has not read so far, so the broker is asked before W6", 101, null, ROOM, null, ask],
  ["[V6] another epoch, confirmed with the broker first", 90, "f", ROOM, null, ask],
  ["[W3] without since: never without a STREAM.INFO", null, null, ROOM, null, ask],
  ["[W3] without since, room cold", null, null, null, null, ask],
  ["[W4] with since, room cold", 90, null, null, null, ask],
  ["[W3] without since: the stream's last seq, above R", null, null, ROOM, STREAM, admit(120, true)],
  ["[W3] without since, with an epoch that says nothing", null, "f", ROOM, STREAM, admit(120, true)],
  ["[W3] without since, room cold", null, null, null, STREAM, admit(120, true)],
  ["[W4] above R, not above the stream", 110, null, ROOM, STREAM, admit(110, false)],
  ["[W4] [V3] at the stream's last seq", 120, null, ROOM, STREAM, admit(120, true)],
  ["[W6] above the stream's last seq", 121, null, ROOM, STREAM, lost("stream-reset")],
  ["[W6] above the stream's last seq, epoch ours", 121, "e", ROOM, STREAM, lost("stream-reset")],
  [
    "[W6] above a last seq that is older than R, but not above R",
    100,
    "e",
    { ...ROOM, windowFrom: 100 },
    { ...STREAM, lastSeq: 95 },
    admit(100, true),
  ],
  [
    "[W6] between a stale last seq and R, below the window",
    97,
    null,
    { ...ROOM, windowFrom: 99 },
    { ...STREAM, lastSeq: 95 },
    admit(97, false),
  ],
  ["[W6] above R, and the last seq is older still", 101, null, ROOM, { ...STREAM, lastSeq: 95 }, lost("stream-reset")],
  ["[V6] [W6] another epoch, whatever the numbers say", 90, "f", ROOM, STREAM, lost("stream-reset")],
  ["[V6] another epoch than the room's, but the stream's: the room is stale", 90, "f", ROOM, OTHER, admit(90, false)],
  [
    "[W6] R of another epoch does not raise the stream's last seq",
    501,
    "f",
    { ...ROOM, cursor: 900 },
    OTHER,
    lost("stream-reset", 1),
  ],
  ["[V6] since=0 with another epoch", 0, "f", ROOM, STREAM, lost("stream-reset")],
  ["[W5] below retention", 48, null, ROOM, STREAM, lost("retention-exhausted")],
  ["[W5] at the floor: nothing above it is gone", 49, null, ROOM, STREAM, admit(49, false)],
  ["[W5] below retention, room cold", 48, null, null, STREAM, lost("retention-exhausted")],
  ["[W4] [W5] since=0 with the epoch is a cursor like any other", 0, "e", ROOM, STREAM, lost("retention-exhausted")],
  ["[W4] since=0 with the epoch, nothing gone", 0, "e", null, { ...STREAM, firstSeq: 1, floor: 1 }, admit(0, false)],
  ["[W4] since=0: from the oldest retained", 0, null, ROOM, STREAM, admit(49, false, true)],
  ["[W4] since=0 inside the window", 0, null, { ...ROOM, windowFrom: 0 }, null, admit(0, false, true)],
  ["[W4] since=0 of an empty stream", 0, null, null, EMPTY, admit(0, true, true)],
  ["[W4] [V3] since=0 of a purged stream is the head", 0, null, null, PURGED, admit(120, true, true)],
  ["[W5] any other since of a purged stream", 100, null, null, PURGED, lost("retention-exhausted", 121)],
];

describe("decide", () => {
  it.each(ROWS)("%s", (_name, since, epoch, room, stream, expected) => {
    expect(decide({ since, epoch }, room, stream)).toEqual(expected);
  });
});

const epochs = fc.constantFrom("e", "f");
const startRequests: fc.Arbitrary<StartRequest> = fc.record({ since: fc.option(fc.nat(30)), epoch: fc.option(epochs) });
const rooms: fc.Arbitrary<RoomView> = fc
  .record({ a: fc.nat(25), b: fc.nat(25), atHead: fc.boolean(), epoch: epochs })
  .map(({ a, b, atHead, epoch }) => ({ windowFrom: Math.min(a, b), cursor: Math.max(a, b), atHead, epoch }));
const streams: fc.Arbitrary<StreamView> = fc
  .record({ firstSeq: fc.integer({ min: 1, max: 25 }), count: fc.nat(25), epoch: epochs })
  .map(({ firstSeq, count, epoch }) => ({ firstSeq, floor: firstSeq, lastSeq: firstSeq - 1 + count, epoch }));

describe("decide, whatever the room and the stream", { tags: "long" }, () => {
  it("[W5] [B3] never admits below retention unless the window covers it, and [W6] never above what exists", () => {
    fc.assert(
      fc.property(startRequests, fc.option(rooms), fc.option(streams), (request, room, stream) => {
        const decision = decide(request, room, stream);
        if (decision.kind !== "admit") return;
        const { cursor, fromOldest } = decision;
        const since = request.since ?? cursor;
        const inWindow = room !== null && cursor >= room.windowFrom && cursor <= room.cursor;
        const retained = stream !== null && cursor + 1 >= stream.firstSeq;
        expect(inWindow || retained).toBe(true);
        expect(cursor).toBeLessThanOrEqual(Math.max(room?.cursor ?? 0, stream?.lastSeq ?? 0));
        expect(fromOldest ? cursor >= since : cursor === since).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("[V6] never admits a cursor of an epoch that is neither the room's nor the stream's, nor asks twice", () => {
    fc.assert(
      fc.property(startRequests, fc.option(rooms), streams, (request, room, stream) => {
        const decision = decide(request, room, stream);
        expect(decision.kind).not.toBe("ask");
        const isKnown = request.epoch === null || request.epoch === room?.epoch || request.epoch === stream.epoch;
        expect(decision.kind === "admit" && request.since !== null && !isKnown).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it("[V3] calls live exactly those with nothing between their cursor and the head it knows", () => {
    fc.assert(
      fc.property(startRequests, streams, (request, stream) => {
        const decision = decide(request, null, stream);
        if (decision.kind !== "admit") return;
        expect(decision.live).toBe(decision.cursor >= stream.lastSeq);
      }),
    );
  });
});
