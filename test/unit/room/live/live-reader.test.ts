import { beforeEach, describe, expect, it } from "vitest";
import { Isolate } from "../../../../src/room/isolate/isolate.ts";
import { loadConfig } from "../../../../src/config/config.ts";
import { V2 } from "../../../../src/protocol/subprotocol.ts";
import { Fanout } from "../../../../src/room/delivery/fanout.ts";
import type { ReadEvent } from "../../../../src/upstream/feed-ports.ts";
import type { StartRequest } from "../../../../src/room/join/decision.ts";
import { LiveReader } from "../../../../src/room/live/live-reader.ts";
import type { Head } from "../../../../src/upstream/stream-info.ts";
import { ModelClock } from "../../../support/model/clock.ts";
import { client, HEARTBEAT_MS } from "../../../support/model/small.ts";

let clock = new ModelClock();
let { lines: logged } = clock;

beforeEach(() => {
  clock = new ModelClock();
  logged = clock.lines;
});

const HEAD: Head = {
  created: "c",
  epoch: "e",
  firstSeq: 1,
  lastSeq: 10,
  messages: 10,
  bytes: 100,
  subjects: null,
  askedAt: 1,
};

function message(position: number, pending: number, text = `{"n":${position}}`, time = `t${position}`): ReadEvent {
  const payload = new TextEncoder().encode(text);
  return { kind: "message", position, time, pending, subject: "a.b", payload, headers: null };
}

function bench(): { reading: LiveReader; doubts: string[]; startRequests: StartRequest[] } {
  const config = loadConfig({});
  if (!config.ok) throw new Error(config.problem);
  const doubts: string[] = [];
  const startRequests: StartRequest[] = [];
  const options = {
    ...config.config,
    heartbeatMs: HEARTBEAT_MS,
    isolate: new Isolate(),
    id: "room",
    ackBytes: 1_000,
    pingAtMs: () => null,
    onGone: () => {},
    onPoison: () => {},
  };
  const reading = new LiveReader(clock.runtime, "a.>", config.config, {
    newFanout: (cursor, epoch) => new Fanout(cursor, epoch, options),
    onFlushed: () => {},
    firstSeq: () => Promise.resolve(HEAD.firstSeq),
    doubt: (why) => doubts.push(why),
    readOn: () => {},
    startRequests: () => startRequests,
  });
  return { reading, doubts, startRequests };
}

/** A room that has opened at the head, with a live client. */
function opened(): { reading: LiveReader; heard: string[]; doubts: string[] } {
  const { reading, doubts } = bench();
  reading.startAt(HEAD);
  reading.begin({ start: 10, head: HEAD, atHead: true });
  reading.confirm();
  const { session, heard } = client(V2, 10);
  reading.fanout?.join(session, clock.nowMs);
  return { reading, heard, doubts };
}

/** The same after one match, and other subjects' events. */
async function readTo11(): Promise<ReturnType<typeof opened>> {
  const room = opened();
  room.reading.read(message(11, 0));
  room.reading.read({ kind: "position", position: 15 });
  await clock.advance(5);
  expect(room.reading.startAt({ ...HEAD, lastSeq: 20 })).toBe(10);
  return room;
}

describe("LiveReader", () => {
  it("[W3] nobody may rely on a place before a consumer has proven it", () => {
    const { reading } = bench();
    expect([reading.settle(), reading.checkpoint(), reading.fanout]).toEqual([null, null, null]);
    expect(reading.startAt(HEAD)).toBe(10);
    expect(reading.settle()).toBeNull();
    reading.begin({ start: 10, head: HEAD, atHead: true });
    reading.confirm();
    expect(reading.settle()).toEqual({ cursor: 10, atHead: true, windowFrom: 10, epoch: "e" });
    expect(reading.startAt({ ...HEAD, epoch: "f", lastSeq: 3 })).toBe(3);
    expect(reading.settle()).toBeNull();
  });

  it("[B3] a cold room begins where its joiners want it", () => {
    const { reading, startRequests } = bench();
    startRequests.push({ since: 7, epoch: null });
    expect(reading.startAt(HEAD)).toBe(7);
    expect(reading.position).toBe(7);
  });

  it("[W12] with somebody there it goes on after what was read, matching or not", async () => {
    const { reading, heard } = opened();
    reading.read(message(11, 0));
    reading.read({ kind: "position", position: 15 });
    await clock.advance(5);
    // What was read last is there still: it is read again, to know the stream by.
    expect(reading.startAt({ ...HEAD, lastSeq: 20 })).toBe(10);
    expect(reading.startAt({ ...HEAD, firstSeq: 12, lastSeq: 20 })).toBe(15);
    expect(heard).toEqual(["11"]);
    const last = { seq: 11, time: "t11" };
    expect(reading.checkpoint()).toEqual({ subject: "a.>", cursor: 11, position: 15, epoch: "e", last });
  });

  it("[P8] [W12] [W2] the last message read again proves the stream, and is given to nobody twice", async () => {
    const { reading, heard, doubts } = await readTo11();
    reading.begin({ start: 10, head: { ...HEAD, lastSeq: 20 }, atHead: false });
    reading.read(message(11, 1));
    expect(reading.settle()?.atHead).toBe(false);
    reading.read(message(11, 0));
    expect(reading.settle()?.atHead).toBe(true);
    reading.read(message(16, 0));
    await clock.advance(5);
    expect([heard, doubts, reading.position]).toEqual([["11", "16"], [], 16]);
  });

  it.each([
    ["the same seq at another time", message(11, 3, "{}", "later")],
    ["a seq that held nothing for this room", message(13, 3)],
  ])("[W6] [P8] a stream that was restored and has grown since is told by what it holds: %s", async (_name, event) => {
    const { reading, heard, doubts } = await readTo11();
    const head = { ...HEAD, lastSeq: 20 };
    reading.begin({ start: 10, head, atHead: false });
    reading.read(event);
    expect(doubts).toEqual(["the stream has another history"]);
    expect(reading.startAt(head)).toBe(20);
    expect(heard).toEqual(["11", "problem undefined", "close 4410"]);
    expect(reading.startAt(head)).toBe(20);
  });

  it("[W5] [W9] what was read last may be gone: that ends nobody who has read further", async () => {
    const { reading, heard } = await readTo11();
    reading.begin({ start: 14, head: { ...HEAD, firstSeq: 15, lastSeq: 20 }, atHead: false });
    expect([heard, reading.position]).toEqual([["11"], 15]);
  });

  it.each([
    ["another stream", { ...HEAD, epoch: "f" }, 0],
    ["a shorter one, after a while", { ...HEAD, lastSeq: 9 }, 8_000],
  ])("[W6] [P5] %s ends everybody", async (_name, head, patienceMs) => {
    const { reading, heard } = opened();
    if (patienceMs > 0) {
      expect(reading.startAt(head)).toBeNull();
      await clock.advance(patienceMs - 1);
      expect(reading.startAt(head)).toBeNull();
      expect(heard).toEqual([]);
      await clock.advance(1);
    }
    expect(reading.startAt(head)).toBe(head.lastSeq);
    expect(heard).toEqual(["problem undefined", "close 4410"]);
    expect(reading.fanout?.epoch).toBe(head.epoch);
    expect(reading.checkpoint()).toBeNull();
  });

  it("[P5] [W12] a stream that was only behind ends nobody, however often", async () => {
    const { reading, heard } = opened();
    for (let n = 0; n < 3; n++) {
      expect(reading.startAt({ ...HEAD, lastSeq: 9 })).toBeNull();
      await clock.advance(5_000);
      expect(reading.startAt({ ...HEAD, lastSeq: 9 })).toBeNull();
      expect(reading.startAt(HEAD)).toBe(10);
    }
    expect(heard).toEqual([]);
    const said = logged.filter((line) => line.includes("upstream-behind"));
    expect(said).toHaveLength(3);
    expect(said[0]).toContain('"event":"upstream-behind","subject":"a.>","position":10,"last":9');
  });

  it("[W5] a consumer that begins one later than asked has lost one", () => {
    const { reading, heard } = opened();
    reading.begin({ start: 11, head: { ...HEAD, firstSeq: 12, lastSeq: 12 }, atHead: false });
    expect(heard).toEqual(["problem undefined", "close 4410"]);
    expect([reading.position, reading.fanout?.cursor]).toEqual([11, 11]);
    expect(logged.join("")).toContain('"event":"retention-passed","subject":"a.>","position":10,"oldest":12');
  });

  it("[V5] knows the head by the last message, without waiting for a heartbeat", async () => {
    const { reading } = bench();
    reading.startAt({ ...HEAD, lastSeq: 8 });
    reading.begin({ start: 8, head: HEAD, atHead: false });
    const { session, heard } = client(V2, 8, { owesCaughtUp: true });
    reading.fanout?.join(session, clock.nowMs);
    reading.read(message(9, 1));
    await clock.advance(5);
    expect(heard).toEqual(["9"]);
    reading.read(message(10, 0));
    expect(heard).toEqual(["9", "10", "caught-up 10"]);
  });

  it("[W7] counts and logs what it drops, by the message's subject and seq, without the payload", () => {
    const { reading, heard } = opened();
    reading.read(message(11, 0, '{"secret": hunter2'));
    reading.drop(11, "not-json", "a.b");
    reading.drop(12, "not-utf8", "a.c");
    expect([reading.dropped, reading.position, heard]).toEqual([2, 12 - 1, []]);
    expect(logged).toEqual([
      '{"event":"event-dropped","subject":"a.b","seq":11,"why":"not-json","dropped":1}',
      '{"event":"event-dropped","subject":"a.c","seq":12,"why":"not-utf8","dropped":2}',
    ]);
    reading.fanout?.heartbeat(reading.position, "connected", clock.nowMs);
    expect(heard).toEqual(["heartbeat 11"]);
  });

  it("[W12] wakes up where it was, with what had been read", () => {
    const { reading } = bench();
    const fanout = reading.resumeFrom({
      subject: "a.>",
      cursor: 5,
      position: 9,
      epoch: "e",
      last: { seq: 4, time: "t4" },
    });
    expect([fanout.cursor, reading.position]).toEqual([5, 9]);
    expect(reading.settle()).toMatchObject({ cursor: 5, windowFrom: 5, atHead: false });
    fanout.join(client(V2, 5).session, clock.nowMs);
    expect(reading.startAt(HEAD)).toBe(3);
  });

  it("[W5] asks for no more than it can hold back", () => {
    const { reading } = bench();
    reading.startAt({ ...HEAD, lastSeq: 0 });
    reading.begin({ start: 0, head: HEAD, atHead: false });
    for (let i = 0; i < 512; i++) reading.read(message(100 + i, 1_000));
    expect(reading.wantsMore).toBe(true);
    reading.read(message(700, 1_000));
    expect(reading.wantsMore).toBe(false);
  });
});
