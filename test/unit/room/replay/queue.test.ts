import { afterEach, describe, expect, it, vi } from "vitest";
import { CLOSE } from "../../../../src/protocol/codes.ts";
import { LIVE } from "../../../../src/room/delivery/session.ts";
import { ModelClock } from "../../../support/model/clock.ts";
import { ReplaysBench } from "../../../support/model/replays.ts";

const clock = new ModelClock();

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("ReplayQueue", () => {
  it("[U1] bring everybody to R, whole and in order, and delete their consumers when done", async () => {
    const bench = new ReplaysBench(clock, 2_000, 8);
    const sessions = [0, 700, 1_999].map((cursor) => bench.join(cursor)[1]);
    await bench.run(3_000);
    expect(bench.faults).toEqual([]);
    expect(sessions.map(({ phase }) => phase)).toEqual([LIVE, LIVE, LIVE]);
    expect([bench.replays.active, bench.broker.consumers.size]).toEqual([0, 0]);
  });

  it("[W11] whoever's replay the broker refuses is told after the patience of a join, with the reason in the log once", async () => {
    const bench = new ReplaysBench(clock, 2_000, 8);
    bench.broker.refuses = { code: 400, err_code: 10026, description: "maximum consumers limit reached" };
    const [early] = bench.join(0);
    const before = clock.lines.length;
    await bench.run(9_900);
    const [late] = bench.join(0);
    expect(early.closed).toBeNull();
    await bench.run(5_100);
    expect(early.closed?.reason).toBe(CLOSE.subscribeFailed.reason);
    expect(late.closed).toBeNull();
    const said = clock.lines.slice(before).filter((line) => line.includes("replay-failed"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("maximum consumers limit reached");
    bench.broker.refuses = null;
    await bench.run(10_000);
    expect([late.closed, late.reading.cursor]).toEqual([null, 2_000]);
  });

  it("[W4] [W12] what a replay brought before its consumer fell silent counts, or the next would read the same for ever", async () => {
    const bench = new ReplaysBench(clock, 600, 8);
    bench.broker.silentAfter = 250;
    const [client, session] = bench.join(0);
    // Each of them is missed for three seconds.
    await bench.run(25_000);
    expect([client.reading.cursor, session.phase, bench.faults]).toEqual([600, LIVE, []]);
  });

  it("[U1] overlapping ranges share a consumer", async () => {
    const bench = new ReplaysBench(clock, 5_000, 8, 10_000);
    for (const cursor of [0, 10, 500, 4_096]) bench.join(cursor);
    await bench.run(20, []);
    expect(bench.replays.active).toBe(1);
    bench.join(4_700);
    await bench.run(20, []);
    expect(bench.replays.active).toBe(2);
  });

  it("[U1] one below what a replay has passed gets its own", async () => {
    const bench = new ReplaysBench(clock, 3_000, 8);
    bench.join(1_000);
    await bench.run(20);
    bench.join(999);
    await bench.run(20);
    expect(bench.replays.active).toBe(2);
    await bench.run(2_000);
    expect([bench.faults, bench.fanout.lagging.size]).toEqual([[], 0]);
  });

  it("[U1] never more than allowed at a time; who is ahead waits for one that runs, who is behind for an end", async () => {
    const bench = new ReplaysBench(clock, 30_000, 1);
    const [ahead, behind] = [bench.join(20_000), bench.join(25_000)];
    await bench.run(20);
    const [below] = bench.join(0);
    await bench.run(200);
    expect([bench.replays.active, bench.broker.mostConsumers]).toEqual([1, 1]);
    expect(below.reading.events).toBe(0);
    await bench.run(30_000);
    expect([bench.faults, bench.fanout.lagging.size, bench.broker.mostConsumers]).toEqual([[], 0, 1]);
    expect([ahead, behind].map(([client]) => client.reading.cursor)).toEqual([30_000, 30_000]);
    expect(below.reading.cursor).toBe(30_000);
  });

  it("[U1] one that comes no closer for 60 s is closed 4408, and one that does is not", async () => {
    const bench = new ReplaysBench(clock, 3_000, 8, 10_000);
    const [stuck] = bench.join(0);
    await bench.run(60_000, []);
    expect(stuck.closed).toBeNull();
    await bench.run(100, []);
    expect(stuck.closed).toEqual({ code: CLOSE.slowConsumer.code, reason: CLOSE.slowConsumer.reason });
    const [slow] = bench.join(0);
    for (let i = 0; i < 4; i++) {
      await bench.run(30_000, []);
      await bench.run(10, [slow]);
    }
    expect(slow.closed).toBeNull();
  });

  it("[U1] one that waits in the queue may wait for as long as it takes", async () => {
    const bench = new ReplaysBench(clock, 3_000, 1, 10_000);
    const [reader] = bench.join(1_000);
    await bench.run(20, []);
    const [waiting] = bench.join(0);
    for (let i = 0; i < 8; i++) {
      await bench.run(20_000, []);
      await bench.run(10, [reader]);
    }
    expect([reader.closed, waiting.closed]).toEqual([null, null]);
  });

  it("[B1] [W13] a member that does not read holds up the others for two seconds, and catches up by itself later", async () => {
    const bench = new ReplaysBench(clock, 9_000, 8, 20_000);
    const [quick] = bench.join(0);
    const [slow] = bench.join(0);
    await bench.run(1_000, [quick]);
    expect(quick.reading.cursor).toBeLessThan(3_000);
    await bench.run(4_000, [quick]);
    expect(quick.reading.cursor).toBe(9_000);
    expect(slow.reading.cursor).toBeLessThan(3_000);
    await bench.run(4_000);
    expect([slow.reading.cursor, bench.faults, bench.fanout.lagging.size]).toEqual([9_000, [], 0]);
  });

  it("[W5] [P9] what was removed before the consumer was created is told, but to who asked for the oldest", async () => {
    const bench = new ReplaysBench(clock, 1_000, 8);
    bench.stream.remove(300);
    const [early] = bench.join(298);
    const [edge, onEdge] = bench.join(300);
    const [oldest, fromOldest] = bench.join(0, { fromOldest: true });
    await bench.run(2_000);
    expect(early.reading.problem).toEqual({ type: "/problems/ws/retention-exhausted", oldestSeq: 301 });
    expect(early.reading.events).toBe(0);
    expect([edge.reading.events, oldest.reading.events]).toEqual([700, 700]);
    expect([onEdge.phase, fromOldest.phase, bench.faults]).toEqual([LIVE, LIVE, []]);
  });

  it("[W5] what is removed between two pulls is told, and nothing above it was sent before", async () => {
    const bench = new ReplaysBench(clock, 9_000, 8, 10_000);
    const [slow] = bench.join(0);
    const [oldest] = bench.join(0, { fromOldest: true });
    await bench.run(100, []);
    bench.stream.remove(5_000);
    await bench.run(3_000);
    expect(slow.reading.problem).toEqual({ type: "/problems/ws/retention-exhausted", oldestSeq: 5_001 });
    expect(slow.reading.cursor).toBeLessThan(3_000);
    expect(oldest.reading.problem?.type).toBe("/problems/ws/retention-exhausted");
    expect(bench.faults).toEqual([]);
  });

  it.each([
    ["just what was read: nobody misses anything", 0, null],
    ["one more than was read: it was the next one", 1, 4410],
  ])("[W5] retention removes %s", async (_what, more, code) => {
    const bench = new ReplaysBench(clock, 9_000, 8, 10_000);
    const [client] = bench.join(0);
    await bench.run(100, []);
    const read = bench.broker.delivered;
    bench.stream.remove(read + more);
    await bench.run(9_000);
    expect([client.closed?.code ?? null, bench.faults]).toEqual([code, []]);
    expect(client.reading.cursor).toBe(code === null ? 9_000 : read);
  });

  it("[P6] [W13] [U1] a place that only who does not read holds is given to who reads, and asked for again by a ping", async () => {
    const bench = new ReplaysBench(clock, 6_000, 1);
    const [mute, muteSession] = bench.join(3_000);
    await bench.run(500, []);
    const [reader, readerSession] = bench.join(0);
    await bench.run(6_000, [reader]);
    expect([readerSession.phase, muteSession.phase.kind]).toEqual([LIVE, "lagging"]);
    expect(bench.broker.mostConsumers).toBe(1);
    await bench.run(6_000, [mute, reader]);
    expect([bench.faults, muteSession.phase, bench.replays.active]).toEqual([[], LIVE, 0]);
  });

  it("[W5] [W9] a heartbeat that passes a removed match is no proof", async () => {
    const bench = new ReplaysBench(clock, 1, 8);
    bench.fanout.restart(2_000, bench.stream.epoch);
    const [client] = bench.join(0);
    bench.broker.isPrompt = false;
    await bench.run(20);
    bench.broker.arrive(1);
    await clock.advance(0);
    bench.stream.publish("match", 100);
    bench.stream.remove(2);
    bench.broker.hurry();
    await bench.run(1_000);
    expect([bench.faults, client.closed?.code]).toEqual([[], 4410]);
  });

  it("[W9] a session is as far as its replay has read, be it that nothing matched there", async () => {
    const bench = new ReplaysBench(clock, 10, 8);
    for (let i = 0; i < 500; i++) bench.stream.publish("other", 100);
    bench.fanout.restart(2_000, bench.stream.epoch);
    const [, session] = bench.join(0);
    await bench.run(1_000);
    expect(session.phase).toEqual({ kind: "lagging", cursor: 10, readTo: 510 });
  });

  it("[W2] what the filter skips is no gap: the floor says so", async () => {
    const bench = new ReplaysBench(clock, 10, 8);
    for (let i = 0; i < 50; i++) bench.stream.publish(i % 7 === 0 ? "match" : i % 3 === 0 ? "bad" : "other", 100);
    bench.fanout.restart(60, bench.stream.epoch);
    const [client] = bench.join(0);
    bench.stream.remove(1);
    const [edge] = bench.join(1);
    await bench.run(1_000);
    expect([client.closed?.code, edge.reading.events, edge.closed]).toEqual([4410, 17, null]);
    expect(bench.dropped.length).toBeGreaterThan(5);
    expect(bench.faults).toEqual([]);
  });

  it("[W12] a lost message, a lost connection: the replay goes on where its members are", async () => {
    const bench = new ReplaysBench(clock, 2_000, 8);
    const [client] = bench.join(0);
    bench.broker.isPrompt = false;
    await bench.run(20);
    bench.broker.arrive(5);
    bench.broker.loseOne();
    bench.broker.hurry();
    await bench.run(300);
    bench.replays.stop();
    bench.broker.cut();
    bench.connection = null;
    await bench.run(1_000);
    expect(bench.replays.active).toBe(0);
    bench.connection = bench.broker.open(() => {});
    await bench.run(3_000);
    expect([client.reading.cursor, bench.faults]).toEqual([2_000, []]);
  });

  it("[W12] [W17] after a replay broke off, the next waits half a second at most, and then ever longer", async () => {
    const bench = new ReplaysBench(clock, 2_000, 8);
    bench.broker.stream = null;
    const answers = vi.spyOn(bench.broker, "answer");
    bench.join(0);
    await bench.run(1_000);
    expect(answers.mock.calls.length).toBeGreaterThanOrEqual(2);
    expect(answers.mock.calls.length).toBeLessThanOrEqual(4);
    await bench.run(30_000);
    expect(answers.mock.calls.length).toBeLessThanOrEqual(18);
  });

  it("[U1] [W5] who waits in the queue is told when retention passes it, and who is served is not", async () => {
    const bench = new ReplaysBench(clock, 3_000, 1, 10_000);
    const [served] = bench.join(500);
    await bench.run(20, []);
    const [waiting] = bench.join(99);
    const [edge] = bench.join(100);
    const [oldest, session] = bench.join(0, { fromOldest: true });
    await bench.run(20, []);
    bench.replays.expire(bench.fanout, 101);
    expect([served.closed, edge.closed, oldest.closed]).toEqual([null, null, null]);
    expect(waiting.reading.problem?.oldestSeq).toBe(101);
    // Told by a heartbeat, or the chain of cursors would hide what is gone.
    expect(session.phase).toEqual({ kind: "lagging", cursor: 100, readTo: 100 });
  });

  it("[U1] a pull asks for no fewer bytes than the broker's largest payload", async () => {
    const bench = new ReplaysBench(clock, 300, 8);
    const pulls = vi.spyOn(bench.broker, "pull");
    bench.join(0);
    await bench.run(500);
    const bytes = pulls.mock.calls.map(([, , body]) => (body as { max_bytes: number }).max_bytes);
    expect(bytes.length).toBeGreaterThan(0);
    expect(Math.min(...bytes)).toBe(1024 * 1024 + 64 * 1024);
  });
});
