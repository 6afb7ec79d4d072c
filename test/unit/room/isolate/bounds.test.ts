import { describe, expect, it } from "vitest";
import { V1, V2 } from "../../../../src/protocol/subprotocol.ts";
import { bytesOf } from "../../../../src/room/isolate/unread-sums.ts";
import { IsolateBench } from "../../../support/model/isolate.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const DEFAULTS = { maxQueuedBytes: 48 * MIB, maxUnreadBytes: MIB, sendTimeoutMs: 50_000 };
const MORE = 64 * KIB + 200;

describe("one isolate", () => {
  it(
    "[B6] a full room of healthy v2 readers gets everything, within the bound, and nobody is closed",
    { tags: "long" },
    () => {
      const bench = new IsolateBench(DEFAULTS);
      const rooms = [bench.room("a")];
      const [room] = rooms;
      const clients = Array.from({ length: 1_000 }, () => room?.join(V2, "g", true));
      let most = 0;
      for (let n = 0; n < 400; n += 1) {
        room?.publish(3_000);
        bench.run(50, rooms);
        most = Math.max(most, bytesOf(bench.isolate.unread.total));
      }
      bench.run(3_000, rooms);
      expect(most).toBeGreaterThan(DEFAULTS.maxQueuedBytes / 2);
      expect(most).toBeLessThan(DEFAULTS.maxQueuedBytes + MORE);
      expect(new Set(clients.map((client) => client?.closed))).toEqual(new Set([null]));
      expect(new Set(clients.map((client) => client?.session.phase.kind))).toEqual(new Set(["live"]));
      expect(bench.isolate.unread.total.v2Bytes).toBeLessThan(DEFAULTS.maxQueuedBytes / 2);
    },
  );

  it.each([1, 30])(
    "[B6] [B7] 1,000 v2 sockets that never read, in %i rooms, hold half of the bound, and readers go on",
    { tags: "long" },
    (count) => {
      const bench = new IsolateBench(DEFAULTS);
      const rooms = Array.from({ length: count }, (_, n) => bench.room(`${n}`));
      for (let n = 0; n < 1_000; n += 1) rooms[n % count]?.join(V2, "g", false);
      const other = bench.room("other");
      const bystander = other.join(V2, "h", true);
      for (let n = 0; n < 300; n += 1) {
        for (const room of rooms) room.publish(3_000);
        other.publish(3_000);
        bench.run(50, [...rooms, other]);
        const total = bytesOf(bench.isolate.unread.total);
        expect(total).toBeLessThan(DEFAULTS.maxQueuedBytes / 2 + MORE);
      }
      expect(bystander.session.phase.kind === "live" || bystander.closed).toBe(true);
      expect(other.fanout.cursor - 5).toBeLessThan(bystander.events);
      // Each is asked once, and then waited for.
      expect(
        Math.max(
          ...bench.clients
            .filter(({ reads }) => !reads)
            .map(({ said }) => said.filter((type) => type === "heartbeat").length),
        ),
      ).toBeLessThan(100);
      bench.run(60_000, [...rooms, other], 250);
      expect(bench.clients.filter(({ closed }) => closed === null)).toHaveLength(1);
      expect(bystander.closed).toBeNull();
      // With the heartbeats of a minute.
      expect(bytesOf(bench.isolate.unread.total)).toBeLessThan(DEFAULTS.maxQueuedBytes / 2 + 4 * MIB);
    },
  );

  it("[B6] a room that never flushes counts, and its clients are asked with its next heartbeat", () => {
    const bench = new IsolateBench({ ...DEFAULTS, maxQueuedBytes: MIB });
    const [quiet, busy] = [bench.room("quiet"), bench.room("busy")];
    const sleeper = quiet.join(V2, "g", true);
    for (let n = 0; n < 4; n += 1) quiet.publish(100 * KIB);
    sleeper.reads = false;
    quiet.publish(120 * KIB);
    const reader = busy.join(V2, "h", true);
    for (let n = 0; n < 5; n += 1) busy.publish(50 * KIB);
    expect(reader.session.phase.kind).toBe("lagging");
    bench.run(2_000, [busy]);
    expect(reader.events).toBe(5);
    sleeper.reads = true;
    bench.run(2_000, [quiet, busy]);
    expect(bench.isolate.unread.total.v2Bytes).toBeLessThanOrEqual(MIB / 2);
    expect([sleeper.closed, sleeper.events, reader.session.phase.kind]).toEqual([null, 5, "live"]);
  });

  it("[B7] one credential holds half of the budget while another is there, and all of it alone", () => {
    const most = (others: boolean): number => {
      const bench = new IsolateBench({ ...DEFAULTS, maxQueuedBytes: MIB });
      const rooms = [bench.room("a"), bench.room("b")] as const;
      for (let n = 0; n < 40; n += 1) rooms[0].join(V2, "a", true);
      if (others) rooms[1].join(V2, "b", true);
      let bytes = 0;
      for (let n = 0; n < 60; n += 1) {
        rooms[0].publish(30 * KIB);
        bytes = Math.max(bytes, bench.isolate.unread.grant("a").v2Bytes);
        bench.run(50, rooms);
      }
      expect(bench.clients.filter(({ closed }) => closed !== null)).toHaveLength(0);
      return bytes;
    };
    expect(most(true)).toBeLessThan(MIB / 2 + MORE);
    expect(most(false)).toBeGreaterThan(MIB / 2 + MORE);
  });

  it(
    "[B5] v1 readers of 20 KB a second are never closed, 48 of them, whatever else the isolate holds",
    { tags: "long" },
    () => {
      const bench = new IsolateBench(DEFAULTS);
      const rooms = [bench.room("v1"), bench.room("deaf")] as const;
      for (let n = 0; n < 48; n += 1) rooms[0].join(V1, "a", true);
      for (let n = 0; n < 100; n += 1) rooms[1].join(V2, "b", false);
      for (let second = 0; second < 180; second += 1) {
        for (let n = 0; n < 10; n += 1) {
          rooms[0].publish(1_975);
          bench.run(100, rooms, 50);
        }
        rooms[1].publish(20 * KIB);
      }
      expect(bench.clients.filter(({ session, closed }) => session.protocol === V1 && closed !== null)).toHaveLength(0);
    },
  );

  it("[B5] [W13] v1 sockets past the bound go first where they were sent most, told before they are closed", () => {
    const bench = new IsolateBench({ ...DEFAULTS, maxQueuedBytes: 2 * MIB });
    const rooms = [bench.room("a"), bench.room("b")] as const;
    const most = rooms[0].join(V1, "a", true);
    rooms[0].publish(MIB);
    const others = [1, 2, 3].map(() => rooms[0].join(V1, "a", true));
    for (let n = 0; n < 3; n += 1) {
      rooms[0].publish(120 * KIB);
      bench.run(300, rooms);
    }
    expect([most.closed, ...others.map(({ closed }) => closed)]).toEqual(["slowConsumer", null, null, null]);
    expect(most.said.at(-1)).toBe("/problems/ws/slow-consumer");
  });

  it("[B5] a v1 client has 4 MiB, however many there are, and 32 MiB alone", () => {
    for (const [count, mib] of [
      [1, 32],
      [20, 4],
    ] as const) {
      const bench = new IsolateBench({ ...DEFAULTS, maxQueuedBytes: 96 * MIB });
      const rooms = [bench.room("a")] as const;
      const clients = Array.from({ length: count }, () => rooms[0].join(V1, "a", true));
      let sent = 0;
      while (clients.every(({ closed }) => closed === null))
        sent = Math.max(...clients.map(({ sentBytes }) => sentBytes), (rooms[0].publish(20 * KIB), sent));
      expect(sent).toBeGreaterThanOrEqual(mib * MIB - 40 * KIB);
      expect(sent).toBeLessThan(mib * MIB + MORE);
    }
  });

  it("[B6] works with the smallest settings", () => {
    const bench = new IsolateBench({ maxQueuedBytes: KIB, maxUnreadBytes: KIB, sendTimeoutMs: 1_000 });
    const rooms = [bench.room("a"), bench.room("b")] as const;
    const readers = rooms.flatMap((room) => Array.from({ length: 10 }, () => room.join(V2, "a", true)));
    for (let n = 0; n < 40; n += 1) {
      for (const room of rooms) room.publish(300);
      bench.run(500, rooms);
    }
    bench.run(20_000, rooms);
    expect(readers.map(({ closed }) => closed)).toEqual(readers.map(() => null));
    expect(readers.map(({ session }) => session.phase.kind)).toEqual(readers.map(() => "live"));
  });
});
