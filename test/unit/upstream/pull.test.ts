import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseAck,
  pullStart,
  step,
  type PullEvent,
  type PullFrame,
  type PullState,
} from "../../../src/upstream/pull.ts";

const BEFORE: PullState = { delivered: 7, position: 40, pending: 3 };

const FRAMES = {
  next: { kind: "message", seq: 43, dseq: 8, time: "1", pending: 2 },
  skipping: { kind: "message", seq: 44, dseq: 9, time: "1", pending: 2 },
  behind: { kind: "message", seq: 40, dseq: 8, time: "1", pending: 2 },
  repeated: { kind: "message", seq: 40, dseq: 7, time: "1", pending: 2 },
  heartbeat: { kind: "status", code: 100, description: "Idle Heartbeat", lastConsumer: 7, lastStream: 45 },
  oldHeartbeat: {
    kind: "status",
    code: 100,
    description: "Idle Heartbeat",
    lastConsumer: 7,
    lastStream: 39,
  },
  heartbeatAhead: {
    kind: "status",
    code: 100,
    description: "Idle Heartbeat",
    lastConsumer: 8,
    lastStream: 45,
  },
  heartbeatBehind: {
    kind: "status",
    code: 100,
    description: "Idle Heartbeat",
    lastConsumer: 6,
    lastStream: 45,
  },
  expired: { kind: "status", code: 408, description: "Request Timeout", lastConsumer: 0, lastStream: 0 },
  bytesDone: {
    kind: "status",
    code: 409,
    description: "Message Size Exceeds MaxBytes",
    lastConsumer: 0,
    lastStream: 0,
  },
  batchDone: { kind: "status", code: 409, description: "Batch Completed", lastConsumer: 0, lastStream: 0 },
  deleted: { kind: "status", code: 409, description: "Consumer Deleted", lastConsumer: 0, lastStream: 0 },
  leaderChange: {
    kind: "status",
    code: 409,
    description: "Leadership Change",
    lastConsumer: 0,
    lastStream: 0,
  },
  notFound: { kind: "status", code: 404, description: "No Messages", lastConsumer: 0, lastStream: 0 },
  noResponders: { kind: "status", code: 503, description: "No Responders", lastConsumer: 0, lastStream: 0 },
} as const satisfies Record<string, PullFrame>;

const same = BEFORE;
const doubt = (why: string): PullEvent => ({ kind: "doubt", why });

/** Every arrow of the diagram in pull.ts; a frame without a row does not compile. */
const TABLE: Record<keyof typeof FRAMES, readonly [PullState, PullEvent]> = {
  next: [
    { delivered: 8, position: 43, pending: 2 },
    { kind: "message", passed: 0 },
  ],
  skipping: [same, doubt("delivery 9 after 7")],
  behind: [same, doubt("seq 40 after 40")],
  repeated: [same, doubt("delivery 7 after 7")],
  heartbeat: [
    { delivered: 7, position: 45, pending: 0 },
    { kind: "position", passed: 3 },
  ],
  oldHeartbeat: [
    { ...same, pending: 0 },
    { kind: "position", passed: 3 },
  ],
  heartbeatAhead: [same, doubt("broker delivered 8, read 7")],
  heartbeatBehind: [same, doubt("broker delivered 6, read 7")],
  expired: [same, { kind: "ended", tooSmall: false }],
  bytesDone: [same, { kind: "ended", tooSmall: true }],
  batchDone: [same, { kind: "ended", tooSmall: false }],
  deleted: [same, doubt("Consumer Deleted")],
  leaderChange: [same, doubt("Leadership Change")],
  notFound: [same, doubt("status 404 No Messages")],
  noResponders: [same, doubt("status 503 No Responders")],
};

describe("step", () => {
  it.each(Object.entries(TABLE))("[W2] [W12] %s", (name, [state, event]) => {
    expect(step(BEFORE, FRAMES[name as keyof typeof FRAMES])).toEqual({ state, event });
  });

  it("[W4] a consumer that starts at a seq has read everything below it", () => {
    expect(pullStart(1, 0)).toEqual({ delivered: 0, position: 0, pending: 0 });
    expect(pullStart(41, 5)).toEqual({ delivered: 0, position: 40, pending: 5 });
  });
});

/** What a broker does: delivers some matches of a stream, one of which may be lost, between heartbeats. */
const brokers = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("deliver" as const),
        gap: fc.integer({ min: 1, max: 5 }),
        isLost: fc.nat(9).map((n) => n === 0),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("heartbeat" as const), skipped: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const) }) },
  ),
  { maxLength: 60, size: "max" },
);

describe("step over a broker that loses messages", { tags: "long" }, () => {
  it("[W2] [W9] never says that something was read which was not, and doubts at the next frame", () => {
    fc.assert(
      fc.property(brokers, (list) => {
        let state = pullStart(11, 0);
        let seq = 10;
        let dseq = 0;
        let firstLost = Infinity;
        for (const action of list) {
          let frame: PullFrame = { ...FRAMES.expired };
          if (action.do === "deliver") {
            seq += action.gap;
            dseq++;
            if (action.isLost) {
              firstLost = Math.min(firstLost, seq);
              continue;
            }
            frame = { kind: "message", seq, dseq, time: "1", pending: 0 };
          } else if (action.do === "heartbeat") {
            seq += action.skipped;
            frame = { ...FRAMES.heartbeat, lastConsumer: dseq, lastStream: seq };
          }
          const { state: next, event } = step(state, frame);
          expect(next.position).toBeGreaterThanOrEqual(state.position);
          expect(next.position).toBeLessThan(firstLost);
          const tells = frame.kind === "message" || frame.code === 100;
          expect(event.kind === "doubt").toBe(tells && firstLost < Infinity);
          if (event.kind === "doubt") return;
          state = next;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("parseAck", () => {
  it.each([
    [
      "[W2] 9 tokens",
      "$JS.ACK.S.C.1.42.7.1700000000000000000.3",
      { seq: 42, dseq: 7, time: "1700000000000000000", pending: 3 },
    ],
    [
      "[W2] 11 tokens: domain and account hash come first",
      "$JS.ACK.hub.ACC.S.C.1.42.7.1700000000000000000.3",
      { seq: 42, dseq: 7, time: "1700000000000000000", pending: 3 },
    ],
    [
      "[W2] 12 tokens: and something random comes last",
      "$JS.ACK._.ACC.S.C.1.42.7.1700000000000000000.3.x9",
      { seq: 42, dseq: 7, time: "1700000000000000000", pending: 3 },
    ],
    ["[W2] numbers that look like names", "$JS.ACK.1.2.3.4.5.6.7.8.9", { seq: 6, dseq: 7, time: "8", pending: 9 }],
    ["[W2] 8 tokens", "$JS.ACK.S.C.1.42.7.1", null],
    ["[W2] 10 tokens", "$JS.ACK.S.C.1.42.7.1.3.4", null],
    ["[W2] no numbers", "$JS.ACK.S.C.1.x.7.1.3", null],
    ["[W2] a seq above 2^53", "$JS.ACK.S.C.1.9007199254740993.7.1.3", null],
    ["[W17] a seq of 0", "$JS.ACK.S.C.1.0.7.1.3", null],
    ["[W17] a delivery of 0", "$JS.ACK.S.C.1.42.0.1.3", null],
    ["[W17] a negative seq", "$JS.ACK.S.C.1.-42.7.1.3", null],
    ["[W17] an infinite backlog", "$JS.ACK.S.C.1.42.7.1.1e999", null],
    ["[W17] an empty backlog", "$JS.ACK.S.C.1.42.7.1.", null],
    ["[W17] a time that is none", "$JS.ACK.S.C.1.42.7.now.3", null],
    ["[W2] another subject", "_INBOX.S.C.1.42.7.1.3.4", null],
    ["[W2] none", undefined, null],
  ])("%s", (_name, reply, expected) => {
    expect(parseAck(reply)).toEqual(expected);
  });
});
