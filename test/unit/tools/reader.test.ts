import { describe, expect, test } from "vitest";
import { Pinger } from "../../support/wire/pinger.ts";
import type { Reader, Reading } from "../../support/wire/reader.ts";
import { ReaderV1 } from "../../support/wire/reader-v1.ts";
import { ReaderV2 } from "../../support/wire/reader-v2.ts";

const HEARTBEAT_MS = 1_000;
const ACK_BYTES = 300;

const read = (reader: Reader, text: string): Reading => reader.read(text, Buffer.byteLength(text));
const wrong = (reader: Reader, ...texts: string[]): string[] =>
  texts.flatMap((text) => read(reader, text).breaches.map(({ kind, text: what }) => `${kind}: ${what}`));

const envelope = (seq: number, event = '{"n":1}'): string => `{"seq":${seq},"event":${event}}`;
const events = (prev: number, ...seqs: number[]): string =>
  `{"type":"events","prev":${prev},"events":[${seqs.map((seq) => envelope(seq)).join()}]}`;
const heartbeat1 = (seq: number, epoch = "e"): string =>
  envelope(seq, `{"type":"io.cellos.relay.v1.heartbeat","data":{"epoch":"${epoch}","upstream":"connected"}}`);
const heartbeat2 = (cursor: number): string => JSON.stringify({ type: "heartbeat", cursor, upstream: "connected" });
const caughtUp = (cursor: number): string => JSON.stringify({ type: "caught-up", cursor });
const welcome = (cursor: number, live = true): string =>
  JSON.stringify({
    type: "welcome",
    protocol: 2,
    epoch: "e",
    cursor,
    live,
    heartbeatMs: HEARTBEAT_MS,
    ackBytes: ACK_BYTES,
    upstream: "connected",
    expiresAtMs: null,
    expiresInMs: null,
  });
const gone = { type: "/problems/ws/retention-exhausted", title: "Cursor older than stream retention", oldest_seq: 9 };

const slow = { type: "/problems/ws/slow-consumer", title: "Client does not read what it is sent" };

describe("the reader of v1", () => {
  const v1 = (since: number | null = 5, pings = true): ReaderV1 =>
    new ReaderV1(
      { since, epoch: null },
      { acks: pings, seen: (seq) => seq === 7, isForged: (id) => id.startsWith("forged-") },
    );

  test("passes a faultless connection and gives back the very text of each event", () => {
    const reader = v1();
    const text = '{"big":9007199254740993, "s":"}]\\"{", "l":[[],{}]}';
    expect(read(reader, envelope(6, text)).events).toEqual([{ seq: 6, text, origin: null }]);
    expect(read(reader, envelope(7, '"word"')).events).toEqual([{ seq: 7, text: '"word"', origin: null }]);
    expect(wrong(reader, heartbeat1(7), heartbeat1(12), envelope(13))).toEqual([]);
    expect(reader).toMatchObject({ cursor: 13, epoch: "e", problem: null });
  });

  test("[W2] finds events that do not rise, and tells a repeated one from one out of order", () => {
    const reader = v1();
    expect(wrong(reader, envelope(7), envelope(7))).toEqual(["repeated: event 7 after cursor 7"]);
    expect(wrong(reader, envelope(6))).toEqual(["order: event 6 after cursor 7"]);
    expect(wrong(v1(), envelope(5))).toEqual(["order: event 5 after cursor 5"]);
  });

  test("[W9] finds a heartbeat that goes back, and an event that a heartbeat had passed", () => {
    expect(wrong(v1(), heartbeat1(4))).toEqual(["protocol: heartbeat at 4, cursor 5"]);
    expect(wrong(v1(), heartbeat1(20), envelope(20))).toEqual(["order: event 20 after cursor 20"]);
  });

  test("[W17] takes a producer's heartbeat for an event, and tells it", () => {
    const reader = v1();
    const forged = '{"\\u0074ype":"io.cellos.relay.v1.heartbeat","id":"forged-1","data":{"epoch":"e"}}';
    const { events: told, breaches } = read(reader, envelope(6, forged));
    expect(told).toEqual([{ seq: 6, text: forged, origin: null }]);
    expect(breaches).toEqual([{ kind: "protocol", text: "a producer's heartbeat at 6 (W17)" }]);
    expect(wrong(v1(), envelope(6, '{"type":"io.cellos.relay.v1.heartbeat"}'))).toHaveLength(2);
    expect(wrong(v1(), envelope(6, '{"type":["io.cellos.relay.v1.heartbeat"],"id":"forged-1"}'))).toEqual([]);
  });

  test("finds what is no frame of v1, another epoch, and a frame behind the problem", () => {
    expect(wrong(v1(), "nonsense", welcome(5), `${envelope(6)} `, '{"event":{},"seq":6}')).toHaveLength(4);
    expect(wrong(v1(), heartbeat1(6), heartbeat1(6, "other"))).toEqual(["protocol: epoch other"]);
    const reader = v1();
    expect(wrong(reader, JSON.stringify(gone))).toEqual([]);
    expect(reader.problem).toEqual({ type: gone.type, oldestSeq: 9 });
    expect(wrong(reader, envelope(10))).toEqual(["protocol: a frame after the problem"]);
    expect(wrong(v1(), JSON.stringify(slow))).toEqual([]);
    expect(wrong(v1(), JSON.stringify({ ...slow, type: "/problems/ws/token-expired" }))).toHaveLength(1);
    expect(wrong(v1(), JSON.stringify({ ...slow, oldest_seq: 9 }))).toHaveLength(1);
  });

  test("pings only if it is one of those that do, and counts what is unproven", () => {
    const reader = v1();
    expect(read(reader, heartbeat1(6)).ping).toBe(true);
    expect(read(reader, heartbeat1(6)).ping).toBe(false);
    expect(reader.unprovenBytes).toBeGreaterThan(0);
    expect(read(reader, "pong").ping).toBe(true);
    expect(reader.unprovenBytes).toBe(0);
    expect(read(v1(5, false), heartbeat1(6)).ping).toBe(false);
    expect(wrong(v1(), "pong")).toEqual(["protocol: a pong without a ping"]);
  });
});

describe("the reader of v2", () => {
  const v2 = (since: number | null = 5, epoch: string | null = null): ReaderV2 =>
    new ReaderV2({ since, epoch }, { heartbeatMs: HEARTBEAT_MS, seen: (seq) => seq === 7 });

  test("passes a faultless connection", () => {
    const reader = v2();
    const faultless = [welcome(5, false), events(5, 6, 7), caughtUp(9), events(9, 10), heartbeat2(10), heartbeat2(12)];
    expect(wrong(reader, ...faultless)).toEqual([]);
    expect(reader).toMatchObject({ cursor: 12, epoch: "e", welcomedAt: 5, owesCaughtUp: false });
    expect(read(reader, events(12, 13, 15)).events.map(({ seq }) => seq)).toEqual([13, 15]);
  });

  test("[V3] wants welcome first, once, and where it asked for", () => {
    expect(wrong(v2(), heartbeat2(5))).toEqual(["protocol: heartbeat before welcome"]);
    expect(wrong(v2(), welcome(5), welcome(5))).toEqual(["protocol: a second welcome"]);
    expect(wrong(v2(), welcome(6))).toEqual(["protocol: welcome at 6, asked for 5"]);
    expect(wrong(v2(null), welcome(6, false))).toEqual(["protocol: no since, and not live"]);
    expect(wrong(v2(0), welcome(6))).toEqual([]);
    expect(wrong(v2(0, "e"), welcome(6))).toEqual(["protocol: welcome at 6, asked for 0"]);
  });

  test("[V4] finds a prev that is not its own cursor, whether something was lost or repeated", () => {
    expect(wrong(v2(), welcome(5), events(6, 8))).toEqual(["protocol: prev 6, cursor 5"]);
    const repeated = wrong(v2(), welcome(5), events(5, 7), events(5, 7));
    expect(repeated).toEqual(["protocol: prev 5, cursor 7", "repeated: event 7 after cursor 7"]);
    expect(wrong(v2(), welcome(5), events(5, 7, 6))).toEqual(["order: event 6 after cursor 7"]);
  });

  test("[V5] wants caught-up exactly once after live:false, and never after live:true", () => {
    expect(wrong(v2(), welcome(5), caughtUp(5))).toEqual(["protocol: caught-up that was not due"]);
    expect(wrong(v2(), welcome(5, false), caughtUp(6), caughtUp(6))).toEqual(["protocol: caught-up that was not due"]);
    const reader = v2();
    read(reader, welcome(5, false));
    expect(reader.owesCaughtUp).toBe(true);
  });

  test("[V5] knows a lost cursor from any other reason to close", () => {
    const told = (problem: object): string => JSON.stringify({ type: "problem", problem });
    const [lost, other] = [v2(), v2()];
    expect(wrong(lost, welcome(5), told(gone))).toEqual([]);
    expect(wrong(other, welcome(5), told(slow))).toEqual([]);
    expect([lost.problem?.oldestSeq, other.problem?.oldestSeq]).toEqual([9, null]);
    expect(wrong(v2(), told({ ...slow, oldest_seq: 9 }), told({ type: gone.type, title: "t" }))).toHaveLength(2);
    expect(wrong(other, heartbeat2(5))).toEqual(["protocol: a frame after the problem"]);
  });

  test("[V10] finds cursors that go back", () => {
    expect(wrong(v2(), welcome(5), heartbeat2(4))).toEqual(["protocol: heartbeat at 4, cursor 5"]);
    expect(wrong(v2(), welcome(5, false), events(5, 8), caughtUp(7))).toEqual(["protocol: caught-up at 7, cursor 8"]);
  });

  test("[V7] finds frames that are too large, empty, or no list of envelopes", () => {
    const seqs = Array.from({ length: 257 }, (_, index) => index + 6);
    expect(wrong(v2(), welcome(5), events(5, ...seqs))).toEqual([expect.stringContaining("a frame of 257 events")]);
    const wide = envelope(6, `"${"x".repeat(40_000)}"`);
    const large = `{"type":"events","prev":5,"events":[${wide},${wide.replace('"seq":6', '"seq":7')}]}`;
    expect(wrong(v2(), welcome(5), large)).toEqual([`protocol: a frame of 2 events and ${large.length} bytes`]);
    expect(wrong(v2(), welcome(5), '{"type":"events","prev":5,"events":[]}')).toHaveLength(1);
  });

  test("[H1] [V4] finds items in the form of others: without an origin that was asked for, with one that was not", () => {
    const origin = { subject: 'a."b', time: "2026-11-29T20:10:02.5Z" };
    const item = (event: string): string => `{"seq":6,"event":${event},${JSON.stringify(origin).slice(1)}`;
    const frame = (text: string): string => `{"type":"events","prev":5,"events":[${text}]}`;
    for (const event of ["1", '"a,b"', '{"n":[1,2]}', "null"]) {
      const reader = new ReaderV2({ since: 5, epoch: null }, { meta: true });
      read(reader, welcome(5));
      expect(read(reader, frame(item(event)))).toMatchObject({
        events: [{ seq: 6, text: event, origin }],
        breaches: [],
      });
    }
    expect(wrong(v2(), welcome(5), frame(item("1")))).toEqual(["protocol: items in the form of others"]);
    const asked = new ReaderV2({ since: 5, epoch: null }, { meta: true });
    expect(wrong(asked, welcome(5), events(5, 6))).toEqual(["protocol: items in the form of others"]);
    expect(wrong(new ReaderV1({ since: 5, epoch: null }), item("1"))).toHaveLength(1);
  });

  test("[V9] pings stop-and-wait: by a heartbeat or by bytes, and not before the pong", () => {
    const reader = v2();
    expect(read(reader, welcome(5)).ping).toBe(false);
    expect(read(reader, heartbeat2(5)).ping).toBe(true);
    expect(read(reader, heartbeat2(5)).ping).toBe(false);
    expect(read(reader, "pong").ping).toBe(true);
    expect(read(reader, "pong").ping).toBe(false);
    const large = envelope(6, `"${"x".repeat(ACK_BYTES)}"`);
    expect(read(reader, `{"type":"events","prev":5,"events":[${large}]}`).ping).toBe(true);
  });
});

test("[B1] a client that need not wait for the pong pings as often as bytes ask for it", () => {
  const pinger = new Pinger(100, true, false);
  expect([60, 60, 100, 99].map((bytes) => pinger.onBytes(bytes, false))).toEqual([false, true, true, false]);
  expect([pinger.onPong(), pinger.onBytes(1, false)]).toEqual([null, true]);
});
