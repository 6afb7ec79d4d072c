import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShardBook } from "../../../src/placement/shard-book.ts";

const LIMITS = { maxClients: 3, maxShards: 3 };
/** A promise is forgotten when a report comes this long after it. */
const PROMISE_MS = 2_000;

/** What is placed one after the other at one moment, the door taking what is its own. */
function placed(book: ShardBook, count: number, own = 0): (number | null)[] {
  return Array.from({ length: count }, () => {
    const shard = book.assign(own, 0);
    if (shard === 0) own++;
    return shard;
  });
}

describe("ShardBook", () => {
  it("[B2] fills the door, opens a shard when all are full, and answers null when none may be opened", () => {
    expect(placed(new ShardBook(LIMITS), 10)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, null]);
  });

  it("[B2] sends a client to the emptiest, the door first", () => {
    const book = new ShardBook(LIMITS);
    placed(book, 6);
    book.report(1, { clients: 1, arrivals: 3 }, 0);
    expect(book.assign(1, 0)).toBe(0);
    expect(book.assign(2, 0)).toBe(1);
    expect(book.assign(2, 0)).toBe(0);
    expect(book.assign(3, 0)).toBe(1);
    expect(book.assign(3, 0)).toBe(2);
  });

  it("[H3] says whether one more would find a place, and promises none", () => {
    const book = new ShardBook(LIMITS);
    for (let clients = 0; clients < 9; clients++) {
      expect([book.hasPlace(Math.min(clients, 3)), book.hasPlace(Math.min(clients, 3))]).toEqual([true, true]);
      placed(book, 1, Math.min(clients, 3));
    }
    expect([book.hasPlace(3), book.assign(3, 0)]).toEqual([false, null]);
    expect(book.hasPlace(2)).toBe(true);
  });

  it("[B2] counts what it promised until the shard says who came", () => {
    const book = new ShardBook(LIMITS);
    placed(book, 5);
    book.report(1, { clients: 1, arrivals: 1 }, 0);
    expect(placed(book, 2, 3)).toEqual([1, 2]);
    book.report(1, { clients: 0, arrivals: 3 }, 0);
    expect(placed(book, 3, 3)).toEqual([1, 1, 2]);
  });

  it("[B2] forgets a promise that nobody came for", () => {
    const book = new ShardBook(LIMITS);
    placed(book, 5);
    book.report(1, { clients: 1, arrivals: 1 }, PROMISE_MS);
    expect(book.assign(3, PROMISE_MS)).toBe(1);
    expect(book.assign(3, PROMISE_MS)).toBe(2);
    const patient = new ShardBook(LIMITS);
    placed(patient, 5);
    patient.report(1, { clients: 1, arrivals: 1 }, PROMISE_MS + 1);
    expect(placed(patient, 3, 3)).toEqual([1, 1, 2]);
  });

  it("[B2] a shard that lost its memory counts from zero again", () => {
    const book = new ShardBook(LIMITS);
    placed(book, 5);
    book.report(1, { clients: 2, arrivals: 2 }, 0);
    book.report(1, { clients: 1, arrivals: 1 }, 0);
    expect(placed(book, 3, 3)).toEqual([1, 1, 2]);
  });

  it("[B2] a door that lost its memory learns of its shards from what they report", () => {
    const book = new ShardBook(LIMITS);
    book.report(2, { clients: 3, arrivals: 3 }, 0);
    expect(book.size).toBe(3);
    expect(placed(book, 4, 3)).toEqual([1, 1, 1, null]);
  });

  it("[B2] closes shards from the end, once nobody is there or on the way", () => {
    const book = new ShardBook(LIMITS);
    placed(book, 7);
    book.report(1, { clients: 0, arrivals: 3 }, 0);
    expect(book.size).toBe(3);
    book.report(2, { clients: 0, arrivals: 0 }, PROMISE_MS);
    expect(book.size).toBe(3);
    book.report(2, { clients: 0, arrivals: 1 }, PROMISE_MS + 1);
    expect(book.size).toBe(1);
  });

  it.each([0, -1, 3, 1_000_000])("[B2] hears nothing of a shard %i that cannot be", (index) => {
    const book = new ShardBook(LIMITS);
    book.report(index, { clients: 1, arrivals: 1 }, 0);
    expect(book.size).toBe(1);
  });

  it(
    "[B2] chooses the emptiest of those open, opens another only when all are full, and never goes past a bound",
    { tags: "long" },
    () => {
      const steps = fc.array(fc.record({ leaves: fc.boolean(), who: fc.nat() }), { maxLength: 150, size: "max" });
      const limits = fc.record({
        maxClients: fc.integer({ min: 1, max: 12 }),
        maxShards: fc.integer({ min: 1, max: 5 }),
      });
      fc.assert(
        fc.property(limits, steps, (bounds, list) => {
          const book = new ShardBook(bounds);
          const rooms = Array.from({ length: bounds.maxShards }, () => ({ clients: 0, arrivals: 0 }));
          for (const { leaves, who } of list) {
            const loads = rooms.slice(0, book.size).map(({ clients }) => clients);
            const least = Math.min(...loads);
            const shard = leaves ? who % rooms.length : book.assign(loads[0] ?? 0, 0);
            const room = shard === null ? undefined : rooms[shard];
            const due = least < bounds.maxClients ? least : book.size > loads.length ? 0 : undefined;
            expect(leaves || room?.clients === due).toBe(true);
            if (room !== undefined) {
              room.clients = Math.max(0, room.clients + (leaves ? -1 : 1));
              room.arrivals += leaves ? 0 : 1;
            }
            expect(rooms.every(({ clients }) => clients <= bounds.maxClients)).toBe(true);
            for (const [index, report] of rooms.entries()) book.report(index, report, 0);
          }
        }),
        { numRuns: 300 },
      );
    },
  );
});
