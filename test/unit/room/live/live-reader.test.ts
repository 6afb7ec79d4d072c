import { beforeEach, describe, expect, it } from "vitest";
import { V2 } from "../../../../src/protocol/subprotocol.ts";
import { ModelClock } from "../../../support/model/clock.ts";
import { bench, HEAD, message, opened, readTo11 } from "../../../support/model/live-reader.ts";
import { client } from "../../../support/model/small.ts";

let clock = new ModelClock();
let { lines: logged } = clock;

beforeEach(() => {
  clock = new ModelClock();
  logged = clock.lines;
});

describe("LiveReader", () => {
  it("[W3] nobody may rely on a place before a consumer has proven it", () => {
    const { reading } = bench(clock);
    expect([reading.settle(), reading.checkpoint(), reading.fanout]).toEqual([null, null, null]);
    expect(reading.startAt(HEAD, "unknown")).toBe(10);
    expect(reading.settle()).toBeNull();
    reading.begin({ start: 10, head: HEAD, atHead: true });
    reading.confirm();
    expect(reading.settle()).toEqual({ cursor: 10, atHead: true, windowFrom: 10, epoch: "e" });
    expect(reading.startAt({ ...HEAD, epoch: "f", lastSeq: 3 }, "unknown")).toBe(3);
    expect(reading.settle()).toBeNull();
  });

  it("[B3] a cold room begins where its joiners want it", () => {
    const { reading, startRequests } = bench(clock);
    startRequests.push({ since: 7, epoch: null });
    expect(reading.startAt(HEAD, "unknown")).toBe(7);
    expect(reading.position).toBe(7);
  });

  it("[W12] with somebody there it goes on after what was read, matching or not", async () => {
    const { reading, heard } = opened(clock);
    reading.read(message(11, 0));
    reading.read({ kind: "position", position: 15, passed: 0 });
    await clock.advance(5);
    // What was read last is there still: it is read again, to know the stream by.
    expect(reading.startAt({ ...HEAD, lastSeq: 20 }, "unknown")).toBe(10);
    expect(reading.startAt({ ...HEAD, firstSeq: 12, lastSeq: 20 }, "unknown")).toBe(15);
    expect(heard).toEqual(["11"]);
    const last = { seq: 11, time: "t11" };
    const landmark = { seq: 10, time: "t10" };
    expect(reading.checkpoint()).toEqual({ subject: "a.>", cursor: 11, position: 15, epoch: "e", last, landmark });
  });

  it("[P8] [W12] [W2] the last message read again proves the stream, and is given to nobody twice", async () => {
    const { reading, heard, doubts } = await readTo11(clock);
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
    const { reading, heard, doubts } = await readTo11(clock);
    const head = { ...HEAD, lastSeq: 20 };
    reading.begin({ start: 10, head, atHead: false });
    reading.read(event);
    expect(doubts).toEqual(["the stream has another history"]);
    expect(reading.startAt(head, "unknown")).toBe(20);
    expect(heard).toEqual(["11", "problem undefined", "close 4410"]);
    expect(reading.startAt(head, "unknown")).toBe(20);
  });

  it("[W5] [W9] what was read last may be gone: that ends nobody who has read further", async () => {
    const { reading, heard } = await readTo11(clock);
    reading.begin({ start: 14, head: { ...HEAD, firstSeq: 15, lastSeq: 20 }, atHead: false });
    expect([heard, reading.position]).toEqual([["11"], 15]);
  });

  it.each([
    ["another stream", { ...HEAD, epoch: "f" }, 0],
    ["a shorter one, after a while", { ...HEAD, lastSeq: 9 }, 8_000],
  ])("[W6] [P5] %s ends everybody", async (_name, head, patienceMs) => {
    const { reading, heard } = opened(clock);
    if (patienceMs > 0) {
      expect(reading.startAt(head, "unknown")).toBeNull();
      await clock.advance(patienceMs - 1);
      expect(reading.startAt(head, "unknown")).toBeNull();
      expect(heard).toEqual([]);
      await clock.advance(1);
    }
    expect(reading.startAt(head, "unknown")).toBe(head.lastSeq);
    expect(heard).toEqual(["problem undefined", "close 4410"]);
    expect(reading.fanout?.epoch).toBe(head.epoch);
    expect(reading.checkpoint()).toBeNull();
  });

  it("[P5] [W12] a stream that was only behind ends nobody, however often", async () => {
    const { reading, heard } = opened(clock);
    for (let n = 0; n < 3; n++) {
      expect(reading.startAt({ ...HEAD, lastSeq: 9 }, "unknown")).toBeNull();
      await clock.advance(5_000);
      expect(reading.startAt({ ...HEAD, lastSeq: 9 }, "unknown")).toBeNull();
      expect(reading.startAt(HEAD, "unknown")).toBe(10);
    }
    expect(heard).toEqual([]);
    const said = logged.filter((line) => line.includes("upstream-behind"));
    expect(said).toHaveLength(3);
    expect(said[0]).toContain('"event":"upstream-behind","subject":"a.>","position":10,"last":9');
  });

  it("[W5] a consumer that begins one later than asked has lost one", () => {
    const { reading, heard } = opened(clock);
    reading.begin({ start: 11, head: { ...HEAD, firstSeq: 12, lastSeq: 12 }, atHead: false });
    expect(heard).toEqual(["problem undefined", "close 4410"]);
    expect([reading.position, reading.fanout?.cursor]).toEqual([11, 11]);
    expect(logged.join("")).toContain('"event":"retention-passed","subject":"a.>","position":10,"oldest":12');
  });

  it("[V5] knows the head by the last message, without waiting for a heartbeat", async () => {
    const { reading } = bench(clock);
    reading.startAt({ ...HEAD, lastSeq: 8 }, "unknown");
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
    const { reading, heard } = opened(clock);
    reading.read(message(11, 0, '{"secret": hunter2'));
    reading.drop(11, "not-json", "a.b");
    reading.drop(12, "not-utf8", "a.c");
    expect([reading.dropped, reading.position, heard]).toEqual([2, 12 - 1, []]);
    expect(logged).toEqual([
      '{"event":"event-dropped","subject":"a.b","seq":11,"reason":"not-json","dropped":1}',
      '{"event":"event-dropped","subject":"a.c","seq":12,"reason":"not-utf8","dropped":2}',
    ]);
    reading.fanout?.heartbeat(reading.position, "connected", clock.nowMs);
    expect(heard).toEqual(["heartbeat 11"]);
  });

  it("[W12] wakes up where it was, with what had been read", () => {
    const { reading } = bench(clock);
    const fanout = reading.resumeFrom({
      subject: "a.>",
      cursor: 5,
      position: 9,
      epoch: "e",
      last: { seq: 4, time: "t4" },
      landmark: null,
    });
    expect([fanout.cursor, reading.position]).toEqual([5, 9]);
    expect(reading.settle()).toMatchObject({ cursor: 5, windowFrom: 5, atHead: false });
    fanout.join(client(V2, 5).session, clock.nowMs);
    expect(reading.startAt(HEAD, "unknown")).toBe(3);
  });

  it("[W5] asks for no more than it can hold back", () => {
    const { reading } = bench(clock);
    reading.startAt({ ...HEAD, lastSeq: 0 }, "unknown");
    reading.begin({ start: 0, head: HEAD, atHead: false });
    for (let i = 0; i < 512; i++) reading.read(message(100 + i, 1_000));
    expect(reading.wantsMore).toBe(true);
    reading.read(message(700, 1_000));
    expect(reading.wantsMore).toBe(false);
  });

  it("[P20] asks for no more once it holds back a megabyte, however few the events", () => {
    const { reading } = bench(clock);
    reading.startAt({ ...HEAD, lastSeq: 0 }, "unknown");
    reading.begin({ start: 0, head: HEAD, atHead: false });
    const large = JSON.stringify("x".repeat(600_000));
    reading.read(message(100, 1_000, large));
    expect(reading.wantsMore).toBe(true);
    reading.read(message(101, 1_000, large));
    expect(reading.wantsMore).toBe(false);
    reading.end();
    expect(reading.wantsMore).toBe(true);
  });
});
