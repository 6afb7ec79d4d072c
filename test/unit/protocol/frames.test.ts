import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLOSE, PROBLEM, type CloseName } from "../../../src/protocol/codes.ts";
import {
  caughtUpFrame,
  eventFrames,
  expiryAt,
  heartbeatFrame,
  problemFrame,
  reasonFrame,
  welcomeFrame,
  FRAME_MAX_BYTES,
  FRAME_MAX_EVENTS,
  HEARTBEAT_TYPE,
  type Envelope,
  type Frame,
} from "../../../src/protocol/frames.ts";
import { V1, V2 } from "../../../src/protocol/subprotocol.ts";

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).byteLength;

function envelope(seq: number, event: string): Envelope {
  const text = `{"seq":${seq},"event":${event}}`;
  return { seq, text, bytes: utf8Bytes(text), subject: "a.é.b", timeMs: 1_700_000_000_000, timeNanos: seq % 1_000_000 };
}

/** An envelope of so many bytes. */
function sized(seq: number, bytes: number): Envelope {
  return envelope(seq, `"${"x".repeat(bytes - utf8Bytes(envelope(seq, '""').text))}"`);
}

const events = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 1_000_000 }),
      event: fc.oneof(
        { weight: 5, arbitrary: fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.stringify(value)) },
        {
          weight: 2,
          arbitrary: fc.integer({ min: 1, max: 40_000 }).map((length) => JSON.stringify("é".repeat(length))),
        },
      ),
    }),
    { maxLength: 30, size: "max" },
  )
  .map((list) => {
    let seq = 0;
    return list.map(({ gap, event }) => envelope((seq += gap), event));
  });

interface EventsFrame {
  readonly type: string;
  readonly prev: number;
  readonly events: readonly { readonly seq: number; readonly event: unknown }[];
}

const parsed = (frame: Frame): EventsFrame => JSON.parse(frame.text) as EventsFrame;

describe("eventFrames, v2", () => {
  it(
    "[V4] [V10] carries every event once, in order, in a chain that starts at the reader's cursor",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(events, (list) => {
          let cursor = 0;
          const carried: unknown[] = [];
          for (const frame of eventFrames(V2, 0, list)) {
            const { type, prev, events: held } = parsed(frame);
            expect({ type, prev }).toEqual({ type: "events", prev: cursor });
            carried.push(...held);
            cursor = held.at(-1)?.seq ?? NaN;
            expect(frame.cursor).toBe(cursor);
          }
          expect(carried).toEqual(list.map(({ text }) => JSON.parse(text) as unknown));
        }),
      );
    },
  );

  it("[V7] holds at most 256 events and 64 KiB, or one larger event, and says its size", { tags: "long" }, () => {
    fc.assert(
      fc.property(events, (list) => {
        for (const frame of eventFrames(V2, 0, list)) {
          const held = parsed(frame).events.length;
          expect(frame.bytes).toBe(utf8Bytes(frame.text));
          expect(held).toBeGreaterThan(0);
          expect(held).toBeLessThanOrEqual(FRAME_MAX_EVENTS);
          expect(held === 1 || frame.bytes <= FRAME_MAX_BYTES).toBe(true);
        }
      }),
    );
  });

  it.each([
    [256, [256]],
    [257, [256, 1]],
    [600, [256, 256, 88]],
  ])("[V7] packs %i small events as full as allowed", (count, expected) => {
    const list = Array.from({ length: count }, (_, index) => envelope(index + 1, "1"));
    expect(eventFrames(V2, 0, list).map((frame) => parsed(frame).events.length)).toEqual(expected);
  });

  it("[V7] fills a frame to its last byte", () => {
    const head = '{"type":"events","prev":0,"events":['.length + "]}".length;
    const rest = FRAME_MAX_BYTES - head - 1;
    const full = [sized(1, 30_000), sized(2, rest - 30_000)];
    expect(eventFrames(V2, 0, full).map(({ bytes }) => bytes)).toEqual([FRAME_MAX_BYTES]);
    const over = [sized(1, 30_000), sized(2, rest - 30_000 + 1)];
    expect(eventFrames(V2, 0, over).map((frame) => parsed(frame).events.length)).toEqual([1, 1]);
  });

  it("[V7] gives a larger event a frame of its own", () => {
    const list = [sized(1, 100), sized(2, 200_000), sized(3, 100)];
    expect(eventFrames(V2, 0, list).map((frame) => parsed(frame).events.map(({ seq }) => seq))).toEqual([
      [1],
      [2],
      [3],
    ]);
  });

  it("[V4] needs no frame for no events", () => {
    expect(eventFrames(V2, 5, [])).toEqual([]);
    expect(eventFrames(V1, 5, [])).toEqual([]);
  });
});

describe("eventFrames, v1", { tags: "long" }, () => {
  it("[W1] is one frame an event: the envelope itself", () => {
    fc.assert(
      fc.property(events, (list) => {
        expect(eventFrames(V1, 0, list)).toEqual(list.map(({ seq, text, bytes }) => ({ text, bytes, cursor: seq })));
      }),
    );
  });
});

describe("other frames", () => {
  it("[V3] [V5] [W8] say their cursor, and their size in UTF-8", { tags: "long" }, () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.constantFrom(V1, V2),
        fc.integer({ min: 0, max: 4e12 }),
        (cursor, protocol, nowMs) => {
          const epoch = "0123456789abcdef";
          const frames = [
            welcomeFrame({
              epoch,
              cursor,
              live: true,
              heartbeatMs: 25_000,
              ackBytes: 1,
              upstream: "connected",
              expiry: expiryAt(nowMs, nowMs),
            }),
            caughtUpFrame(cursor),
            heartbeatFrame(protocol, { cursor, epoch, upstream: "connected", nowMs, wallMs: nowMs }),
          ];
          for (const frame of frames) {
            expect(frame.cursor).toBe(cursor);
            expect(frame.bytes).toBe(utf8Bytes(frame.text));
            const { cursor: said, seq = said } = JSON.parse(frame.text) as { cursor?: number; seq?: number };
            expect(seq).toBe(cursor);
          }
        },
      ),
    );
  });

  it("[W8] [P11] a v1 heartbeat is an envelope around a CloudEvent with an id of its own, and the time of the wall clock", () => {
    const times = { nowMs: 1_700_003_600_123, wallMs: 1_700_000_000_123 };
    const { text } = heartbeatFrame(V1, { cursor: 7, epoch: "e", upstream: "reconnecting", ...times });
    expect(JSON.parse(text)).toEqual({
      seq: 7,
      event: {
        specversion: "1.0",
        type: HEARTBEAT_TYPE,
        source: "/cellos-relay",
        id: "7-1700003600123",
        time: "2023-11-14T22:13:20.123Z",
        data: { epoch: "e", upstream: "reconnecting" },
      },
    });
  });

  it.each([
    ["retention-exhausted", "Cursor older than stream retention"],
    ["stream-reset", "Stream was reset"],
  ] as const)("[W5] [W6] [V5] the problem %s: bare in v1, wrapped in v2", (why, title) => {
    const problem = { type: `/problems/ws/${why}`, title, oldest_seq: 12 };
    expect(JSON.parse(problemFrame(V1, why, 12))).toEqual(problem);
    expect(JSON.parse(problemFrame(V2, why, 12))).toEqual({ type: "problem", problem });
  });

  it("[V5] [B5] says in v2 why it closes, when there is a reason, and in v1 only that the client is slow", () => {
    expect(JSON.parse(reasonFrame(V1, "slowConsumer") ?? "null")).toEqual(PROBLEM.slowConsumer);
    for (const name of Object.keys(CLOSE) as CloseName[]) {
      if (name !== "slowConsumer") expect(reasonFrame(V1, name)).toBeNull();
      const { reason } = CLOSE[name];
      const frame: unknown = JSON.parse(reasonFrame(V2, name) ?? "null");
      if (reason === "") expect(frame).toBeNull();
      else expect(frame).toEqual({ type: "problem", problem: PROBLEM[name as keyof typeof PROBLEM] });
    }
  });
});
