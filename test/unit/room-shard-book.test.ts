import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRoomName, roomName } from "../../src/room/room-name.ts";
import { ShardBook } from "../../src/room/shard-book.ts";

/** Shards that tell the truth: `place` sends a client to one, which reports now and then. */
class World {
  readonly book: ShardBook;
  readonly clients: number[];
  readonly arrivals: number[];
  nowMs = 0;

  constructor(maxClients: number, maxShards: number) {
    this.book = new ShardBook({ maxClients, maxShards });
    this.clients = Array.from({ length: maxShards }, () => 0);
    this.arrivals = Array.from({ length: maxShards }, () => 0);
  }

  join(): number | null {
    const shard = this.book.place(this.clients[0] ?? 0, this.nowMs);
    if (shard !== null) {
      this.clients[shard] = (this.clients[shard] ?? 0) + 1;
      this.arrivals[shard] = (this.arrivals[shard] ?? 0) + 1;
    }
    return shard;
  }

  leave(shard: number): void {
    if ((this.clients[shard] ?? 0) > 0) this.clients[shard] = (this.clients[shard] ?? 0) - 1;
  }

  report(shard: number): void {
    const own = { clients: this.clients[shard] ?? 0, arrivals: this.arrivals[shard] ?? 0 };
    this.book.report(shard, own, this.nowMs);
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "join" as const, shard: 0 }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leave" as const), shard: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("report" as const), shard: fc.nat(3) }) },
);

describe("the book of shards", () => {
  it("[B2] opens a shard only when the others are full, and fills the emptiest", () => {
    const world = new World(2, 3);
    expect([1, 2, 3, 4, 5, 6, 7].map(() => world.join())).toEqual([0, 0, 1, 1, 2, 2, null]);
    world.leave(1);
    world.report(1);
    expect([world.join(), world.join()]).toEqual([1, null]);
  });

  it("[B2] never sends a client to a full shard, whoever leaves and whenever they report", () => {
    const run = (steps: readonly { kind: "join" | "leave" | "report"; shard: number }[]): void => {
      const world = new World(3, 4);
      for (const { kind, shard } of steps) {
        if (kind === "leave") world.leave(shard);
        else if (kind === "report") world.report(shard);
        else world.join();
        expect(Math.max(...world.clients)).toBeLessThanOrEqual(3);
      }
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), run), { numRuns: 500 });
  });

  it("[B2] after all have reported, the next client finds any place there is", () => {
    const run = (steps: readonly { kind: "join" | "leave" | "report"; shard: number }[]): void => {
      const world = new World(3, 4);
      for (const { kind, shard } of steps) {
        if (kind === "leave") world.leave(shard);
        else if (kind === "report") world.report(shard);
        else world.join();
      }
      for (const shard of [1, 2, 3]) world.report(shard);
      const full = world.clients.every((count) => count === 3);
      expect(world.join() === null).toBe(full);
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), run), { numRuns: 500 });
  });

  it("[B2] a promise that nobody came for is forgotten", () => {
    const book = new ShardBook({ maxClients: 1, maxShards: 2 });
    expect(book.place(1, 0)).toBe(1);
    expect(book.place(1, 100)).toBeNull();
    book.report(1, { clients: 0, arrivals: 0 }, 2_500);
    expect(book.place(1, 2_500)).toBe(1);
  });
});

describe("room names", () => {
  it("are read back as they were written", () => {
    const id = { region: "apac-se", subject: "cellos.events.>", shard: 12 };
    expect(parseRoomName(roomName(id))).toEqual(id);
    expect(parseRoomName(undefined)).toBeNull();
    expect(parseRoomName("v2:weur:a#0")).toBeNull();
  });
});
