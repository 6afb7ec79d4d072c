import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { CLOSE, PROBLEM } from "../../../../src/protocol/codes.ts";
import { FORMS } from "../../../../src/protocol/form.ts";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import { dismiss, sendProblem } from "../../../../src/room/delivery/close.ts";
import { keptFlow, type Flow } from "../../../../src/room/delivery/flow-control.ts";
import { newInbound } from "../../../../src/room/delivery/inbound.ts";
import { RoomStorage } from "../../../../src/room/storage.ts";
import {
  fromAttachment,
  LIVE,
  sentTo,
  toAttachment,
  type Phase,
  type Session,
} from "../../../../src/room/delivery/session.ts";

const phases: fc.Arbitrary<Phase> = fc.oneof(
  fc.constant(LIVE),
  fc.record({ kind: fc.constant("lagging" as const), cursor: fc.maxSafeNat(), readTo: fc.maxSafeNat() }),
);
const flows: fc.Arbitrary<Flow> = fc.record({
  protocol: fc.constantFrom(V1, V2),
  sentBytes: fc.maxSafeNat(),
  dueBytes: fc.maxSafeNat(),
  provenBytes: fc.maxSafeNat(),
  drainedBytes: fc.maxSafeNat(),
  grantBytes: fc.maxSafeNat(),
  pingAtMs: fc.option(fc.maxSafeNat()),
  keptPingAtMs: fc.option(fc.maxSafeNat()),
  markBytes: fc.maxSafeNat(),
  polledBytes: fc.maxSafeNat(),
  sentAtPingBytes: fc.maxSafeNat(),
  owedSinceMs: fc.option(fc.maxSafeNat()),
  waitedSinceMs: fc.option(fc.maxSafeNat()),
  marks: fc.array(fc.maxSafeNat()),
});
const sessions: fc.Arbitrary<Session> = fc
  .record({
    socket: fc.constant({ send: () => {}, close: () => {} }),
    form: fc.constantFrom(...FORMS),
    expiresAtMs: fc.option(fc.maxSafeNat()),
    grantId: fc.string(),
    lease: fc.option(fc.record({ renewedAtMs: fc.option(fc.maxSafeNat()) })),
    mark: fc.oneof(
      fc.constant(null),
      fc.constant({ kind: "api-token" as const }),
      fc.record({ kind: fc.constant("jwt" as const), sub: fc.option(fc.string()), jti: fc.option(fc.string()) }),
    ),
    isRenewing: fc.constant(false),
    phase: phases,
    owesCaughtUp: fc.boolean(),
    fromOldest: fc.boolean(),
    lastFrameAtMs: fc.nat(),
    flow: flows,
    charge: fc.constant(null),
    inbound: fc.constant(newInbound()),
  })
  .map((session) => ({ ...session, protocol: session.form.protocol }));

describe("an attachment", () => {
  it(
    "[V10] [A3] [B1] [B4] brings back cursor, protocol, expiry, what is owed and what is unproven",
    { tags: "long" },
    () => {
      fc.assert(
        fc.property(sessions, (session) => {
          const kept = fromAttachment(structuredClone(toAttachment(session)));
          const { protocol, expiresAtMs, grantId, lease, owesCaughtUp, fromOldest, phase, flow, mark, form } = session;
          const own = phase.kind === "live" ? null : { cursor: phase.cursor, readTo: phase.readTo };
          expect(kept).toEqual({
            v: 1,
            protocol,
            expiresAtMs,
            grantId,
            lease,
            owesCaughtUp,
            fromOldest,
            own,
            flow: keptFlow(flow),
            mark,
            meta: form.meta,
          });
          expect(JSON.stringify(kept).length).toBeLessThan(1_024);
        }),
      );
    },
  );

  it.each([null, undefined, 7, "x", {}, { v: 2, protocol: V1 }, { v: 1 }, { v: 1, protocol: "cellos.relay.v3" }])(
    "[V10] of another version is none: %o",
    (value) => {
      expect(fromAttachment(value)).toBeNull();
    },
  );

  it("[B1] is what it was when it was written, whatever is sent afterwards", () => {
    const session = fc.sample(sessions, 1)[0] as Session;
    const attachment = toAttachment(session);
    const before = structuredClone(attachment);
    session.flow.sentBytes += 1;
    expect(attachment).toEqual(before);
  });

  it("[W5] [W12] a client was sent what the room has read, unless it is behind the room", () => {
    const session = fc.sample(sessions, 1)[0] as Session;
    const own = (cursor: number, readTo: number): Phase => ({ kind: "lagging", cursor, readTo });
    expect(sentTo({ ...session, phase: LIVE }, 7, 9)).toBe(9);
    expect(sentTo({ ...session, phase: own(3, 5) }, 7, 9)).toBe(5);
    expect(sentTo({ ...session, phase: own(3, 7) }, 7, 9)).toBe(9);
    expect(sentTo({ ...session, phase: own(12, 12) }, 7, 9)).toBe(12);
  });
});

/** The storage of a Durable Object, as far as the memory uses it: a map and an alarm. */
function storage(value?: unknown): { value: unknown; hasAlarm: boolean; asStorage: DurableObjectStorage } {
  const state = { value, hasAlarm: true };
  const asStorage: DurableObjectStorage = {
    kv: {
      get: (key: string) => (key === "room" ? state.value : undefined) as never,
      put: (_key, put) => (state.value = put),
    },
    getAlarm: async () => (state.hasAlarm ? 1 : null),
    setAlarm: async () => void (state.hasAlarm = true),
    deleteAlarm: async () => void (state.hasAlarm = false),
    deleteAll: async () => void (state.value = undefined),
  };
  return Object.assign(state, { asStorage });
}

describe("the room's memory", () => {
  const memory = { subject: "a.>", cursor: 5, position: 9, epoch: "e", last: { seq: 5, time: "1" }, landmark: null };

  it("[W12] is read back as it was written", () => {
    const kept = storage();
    new RoomStorage(kept.asStorage).write(memory);
    expect(new RoomStorage(kept.asStorage).read()).toEqual(memory);
  });

  it.each([undefined, null, 5, {}, { seq: "5", time: "1" }, { seq: 5 }])(
    "[W12] whose last message is %o knows none",
    (last) => {
      expect(new RoomStorage(storage({ ...memory, last }).asStorage).read()).toEqual({ ...memory, last: null });
    },
  );

  it.each([
    undefined,
    null,
    {},
    { ...memory, subject: undefined },
    { ...memory, epoch: 7 },
    { ...memory, cursor: "5" },
    { ...memory, cursor: 0.5 },
    { ...memory, position: undefined },
    { ...memory, position: 2 ** 60 },
  ])("[W12] that this version cannot read is none: %o", (value) => {
    expect(new RoomStorage(storage(value).asStorage).read()).toBeNull();
  });

  it("[U4] leaves nothing behind, alarm included", async () => {
    const kept = storage(memory);
    await new RoomStorage(kept.asStorage).clear();
    expect({ value: kept.value, hasAlarm: kept.hasAlarm }).toEqual({ value: undefined, hasAlarm: false });
  });
});

describe("the last words to a socket", () => {
  it("[W5] [W6] are the problem, then the close", () => {
    const said: unknown[] = [];
    const socket = { send: (text: string) => said.push(text), close: (...close: unknown[]) => said.push(close) };
    sendProblem(socket, V1, "retention-exhausted", 7);
    sendProblem(socket, V2, "stream-reset", 1);
    const { retentionExhausted, streamReset } = CLOSE;
    expect(said).toEqual([
      '{"type":"/problems/ws/retention-exhausted","title":"Cursor older than stream retention","oldest_seq":7}',
      [retentionExhausted.code, retentionExhausted.reason],
      '{"type":"problem","problem":{"type":"/problems/ws/stream-reset","title":"Stream was reset","oldest_seq":1}}',
      [streamReset.code, streamReset.reason],
    ]);
  });

  it("[V5] [B5] tell v2 why, and v1 only that it is too slow", () => {
    const said: unknown[] = [];
    const socket = { send: (text: string) => said.push(text), close: (...close: unknown[]) => said.push(close) };
    dismiss(socket, V1, "slowConsumer");
    dismiss(socket, V2, "slowConsumer");
    dismiss(socket, V1, "tokenExpired");
    dismiss(socket, V2, "normal");
    const { type, title } = PROBLEM.slowConsumer;
    expect(said).toEqual([
      JSON.stringify({ type, title }),
      [4408, "slow-consumer"],
      JSON.stringify({ type: "problem", problem: { type, title } }),
      [4408, "slow-consumer"],
      [4401, "token-expired"],
      [1000, ""],
    ]);
  });

  it("[W13] to a socket that is closing already are lost without a throw", () => {
    const broken = {
      send: () => {
        throw new TypeError("closed");
      },
      close: vi.fn<(code: number, reason: string) => void>(() => {
        throw new TypeError("closed");
      }),
    };
    dismiss(broken, V2, "slowConsumer");
    sendProblem(broken, V2, "stream-reset", 1);
    expect(broken.close.mock.calls).toEqual([
      [4408, "slow-consumer"],
      [4410, "stream-reset"],
    ]);
  });
});
