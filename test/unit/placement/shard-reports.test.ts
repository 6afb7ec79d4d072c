import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Measure } from "../../../src/shared/measure.ts";
import { SystemRuntime } from "../../../src/shared/system-runtime.ts";
import type { ShardReport } from "../../../src/placement/shard-book.ts";
import { ShardReports } from "../../../src/placement/shard-reports.ts";

const LIMITS = { maxClients: 3, maxShards: 3 };
/** How soon the coordinator hears, when it must think that the shard is full and otherwise. */
const FULL_MS = 20;
const SOON_MS = 500;

/** Shard 1 of a subject, and what its coordinator heard. */
class Shard {
  readonly heard: ShardReport[] = [];
  readonly shards: ShardReports;
  clients = 0;

  constructor() {
    const id = { region: "test", subject: "a", shard: 1 };
    this.shards = new ShardReports(
      // Each has the measure of its own clock: the clocks of these tests fall from one to the next.
      new SystemRuntime(new Measure(() => Date.now())),
      id,
      () => this.clients,
      () => ({ report: async (_shard, report) => void this.heard.push(report) }),
    );
  }

  come(count: number): this {
    for (let n = 0; n < count; n++) if (this.shards.arrive(LIMITS) === 0) this.clients++;
    return this;
  }

  leave(count: number): this {
    for (let n = 0; n < count; n++) {
      this.clients--;
      this.shards.left(LIMITS);
    }
    return this;
  }

  tell(): this {
    this.shards.tell();
    return this;
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a shard tells its coordinator who left", () => {
  it("[B2] at once when it was full, of all that leave together", () => {
    const shard = new Shard().come(3).tell().leave(1);
    vi.advanceTimersByTime(FULL_MS - 1);
    shard.leave(1);
    expect(shard.heard).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(shard.heard.slice(1)).toEqual([{ clients: 1, arrivals: 3 }]);
  });

  it("[B2] later when the coordinator knows of places here", () => {
    const shard = new Shard().come(2).tell().leave(1);
    vi.advanceTimersByTime(SOON_MS - 1);
    expect(shard.heard).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(shard.heard.slice(1)).toEqual([{ clients: 1, arrivals: 2 }]);
  });

  it("[B2] sooner than it meant to, once the coordinator has filled the places it knew of", () => {
    const shard = new Shard().come(2).tell().leave(1).come(1);
    vi.advanceTimersByTime(FULL_MS);
    expect(shard.heard.slice(1)).toEqual([{ clients: 2, arrivals: 3 }]);
  });

  it("[B2] at once when it filled up since the coordinator heard", () => {
    const shard = new Shard().tell().come(3).leave(1);
    vi.advanceTimersByTime(FULL_MS);
    expect(shard.heard.slice(1)).toEqual([{ clients: 2, arrivals: 3 }]);
  });

  it("[B2] at once when it lost its memory of what the coordinator heard", () => {
    const shard = new Shard();
    shard.clients = 3;
    shard.leave(1);
    vi.advanceTimersByTime(FULL_MS);
    expect(shard.heard).toEqual([{ clients: 2, arrivals: 0 }]);
  });

  it("[B2] at once when all that the coordinator sent were refused", () => {
    const shard = new Shard();
    for (let n = 0; n < 3; n++) shard.shards.arrive(LIMITS);
    shard.shards.left(LIMITS);
    vi.advanceTimersByTime(FULL_MS);
    expect(shard.heard).toEqual([{ clients: 0, arrivals: 3 }]);
  });

  it("[B2] and who it has, when it is sent more than it can take", () => {
    const shard = new Shard().come(3).tell().come(5);
    vi.advanceTimersByTime(FULL_MS);
    expect(shard.heard.slice(1)).toEqual([{ clients: 3, arrivals: 8 }]);
  });

  it("[B2] not more often than clients come, however many leave and try again", () => {
    const shard = new Shard().come(3).tell();
    for (let round = 0; round < 100; round++) {
      shard.leave(3).come(20);
      vi.advanceTimersByTime(FULL_MS);
    }
    expect(shard.heard).toHaveLength(101);
    shard.leave(2);
    vi.advanceTimersByTime(FULL_MS);
    shard.leave(1);
    vi.advanceTimersByTime(SOON_MS - 1);
    expect(shard.heard).toHaveLength(102);
  });

  it("[B2] and the coordinator itself tells nobody", () => {
    const heard: unknown[] = [];
    const report = async (): Promise<void> => void heard.push(null);
    for (const id of [null, { region: "test", subject: "a", shard: 0 }]) {
      const coordinator = new ShardReports(
        // Each has the measure of its own clock: the clocks of these tests fall from one to the next.
        new SystemRuntime(new Measure(() => Date.now())),
        id,
        () => 3,
        () => ({ report }),
      );
      coordinator.left(LIMITS);
      coordinator.tell();
    }
    vi.advanceTimersByTime(SOON_MS);
    expect(heard).toEqual([]);
  });
});
