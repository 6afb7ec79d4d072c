/** How many clients one grant has, as its ledger counts them (A9). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeadCount, type RoomCount } from "../../../src/quota/head-count.ts";

const LEASE_MS = 300_000;
const ON_THE_WAY_MS = 130_000;

/** A count whose rows lie in `rows`. */
function countOf(rows: Map<string, RoomCount>): HeadCount {
  return new HeadCount(rows.values(), {
    put: (count) => void rows.set(count.room, count),
    delete: (room) => void rows.delete(room),
  });
}

describe("the clients of one grant", () => {
  it("[A9] lets so many come, and one more for each that has left", () => {
    const count = countOf(new Map());
    expect([1, 2, 3].map(() => count.come(2, 0))).toEqual([true, true, false]);
    count.tell("room", 2, 1_000);
    count.arrive(2);
    expect(count.couldCome(2, 1_000)).toBe(false);
    count.tell("room", 1, 2_000);
    expect([count.come(2, 2_000), count.come(2, 2_000)]).toEqual([true, false]);
  });

  it("[A9] sums up over rooms, and goes on from what was stored", () => {
    const rows = new Map<string, RoomCount>();
    const count = countOf(rows);
    count.tell("one", 3, 0);
    count.tell("two", 4, 0);
    for (const known of [count, countOf(rows)]) {
      expect([known.couldCome(7, 1), known.couldCome(8, 1)]).toEqual([false, true]);
    }
    count.tell("one", 0, 2);
    expect([...rows.keys()]).toEqual(["two"]);
  });

  it("[A9] counts nobody for ever: not a room that has fallen silent, and not a client that never arrived", () => {
    const rows = new Map<string, RoomCount>();
    const count = countOf(rows);
    count.tell("room", 1, 0);
    count.come(5, 0);
    expect([count.couldCome(2, ON_THE_WAY_MS - 1), count.couldCome(2, ON_THE_WAY_MS)]).toEqual([false, true]);
    expect([count.couldCome(1, LEASE_MS - 1), count.couldCome(1, LEASE_MS)]).toEqual([false, true]);
    count.expire(LEASE_MS);
    expect([rows.size, count.isEmpty]).toEqual([0, true]);
  });

  it("[A9] [P11] a clock that is set back makes nothing last longer than a new row", () => {
    const rows = new Map<string, RoomCount>();
    const count = countOf(rows);
    count.tell("room", 1, 3_600_000);
    count.come(5, 3_600_000);
    count.expire(0);
    expect(rows.get("room")?.untilMs).toBe(LEASE_MS);
    expect(count.couldCome(2, 0)).toBe(true);
  });

  it("[A9] admits exactly what the rooms would leave free, when they say at once what they have", () => {
    const step = fc.record({ room: fc.integer({ min: 0, max: 3 }), comes: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
        const count = countOf(new Map());
        const rooms = [0, 0, 0, 0];
        steps.forEach(({ room, comes }, atMs) => {
          const here = rooms.reduce((sum, clients) => sum + clients, 0);
          const isIn = comes && count.come(limit, atMs);
          expect(isIn).toBe(comes && here < limit);
          const before = rooms[room] ?? 0;
          const after = isIn ? before + 1 : comes ? before : Math.max(0, before - 1);
          rooms[room] = after;
          if (isIn) count.arrive(1);
          count.tell(String(room), after, atMs);
        });
      }),
    );
  });
});
