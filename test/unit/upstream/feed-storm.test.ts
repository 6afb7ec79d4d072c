/** Many rooms that lose the same broker in the same moment (W12). */
import { describe, expect, it } from "vitest";
import { Random } from "../../../src/dev/random.ts";
import type { BrokerConnection } from "../../../src/upstream/connection.ts";
import { Feed } from "../../../src/upstream/feed.ts";
import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import { ModelClock } from "../../support/model/clock.ts";

const ROOMS = 1_000;
const BUCKET_MS = 50;
const AWAY_MS = 30_000;

const NATS = {
  servers: ["ws://broker"],
  auth: { kind: "none" },
  access: null,
  apiPrefix: "$JS.API",
  inboxPrefix: "_INBOX",
} as const;
const HOST = {
  hasWaiters: () => false,
  collect: async () => {},
  onReady() {},
  onLost() {},
  onFailed() {},
  costs: { allowance: () => Infinity, firstAllowance: Infinity },
};
const READER = { landmarks: () => [], startAt: () => 0, begin() {}, read() {}, paused() {}, end() {}, wantsMore: true };

/** An empty stream. */
const connection: BrokerConnection = {
  maxPayloadBytes: 1_048_576,
  receivedBytes: 0,
  request: async (subject) =>
    subject.includes("STREAM.INFO")
      ? { created: "once", state: { messages: 0, bytes: 0, first_seq: 1, last_seq: 0 } }
      : { delivered: { stream_seq: 0 }, num_pending: 0 },
  inbox: () => ({ subject: "inbox", close() {} }),
  publish() {},
  publishChecked: async () => {},
  close() {},
};

/** The most dials within one bucket, of those that began within `forMs` of the loss. */
function busiest(dialledMs: readonly number[], forMs: number): { most: number; all: number } {
  const buckets = new Map<number, number>();
  const within = dialledMs.filter((atMs) => atMs <= forMs);
  for (const atMs of within) {
    const bucket = Math.floor(atMs / BUCKET_MS);
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  return { most: Math.max(...buckets.values()), all: within.length };
}

describe("1,000 rooms", () => {
  it.each(["refuses", "hangs"] as const)("[W12] do not dial in one moment when their broker %s", async (how) => {
    const clock = new ModelClock();
    const chance = new Random(1);
    Object.defineProperty(clock, "random", { get: () => chance.fraction() });
    const closed: ((why: string) => void)[] = [];
    const dialledMs: number[] = [];
    let isUp = true;
    const openConnection = async (
      _settings: unknown,
      _name: string,
      onClosed: (why: string) => void,
      unwanted?: AbortSignal,
    ): Promise<BrokerConnection> => {
      if (isUp) {
        closed.push(onClosed);
        return { ...connection };
      }
      dialledMs.push(clock.nowMs);
      if (how === "hangs") await clock.runtime.delay(8_000);
      throw new UpstreamError("timeout", unwanted?.aborted === true ? "given up" : "no connection");
    };
    const options = { nats: NATS, stream: "S", filter: "s", idleHeartbeatMs: 5_000 };
    const feeds = Array.from(
      { length: ROOMS },
      () => new Feed({ runtime: clock.runtime, openConnection }, options, READER, HOST),
    );
    for (const feed of feeds) feed.want();
    await clock.advance(100);
    expect(feeds.every(({ state }) => state === "open")).toBe(true);
    isUp = false;
    const lostAtMs = clock.nowMs;
    for (const onClosed of closed) onClosed("closed");
    await clock.advance(AWAY_MS);
    const sinceMs = dialledMs.map((atMs) => atMs - lostAtMs);
    // The first tries are the closest: a cut of a moment is not to cost seconds.
    for (const forMs of [2_500, AWAY_MS]) {
      const { most } = busiest(sinceMs, forMs);
      expect(most / ROOMS).toBeLessThan(0.05);
    }
    // A try of each room every 2 to 3 s, all the time.
    expect(sinceMs.length / ROOMS).toBeGreaterThan(AWAY_MS / 4_000);
    expect(sinceMs.length / ROOMS).toBeLessThan(AWAY_MS / 2_000);
    const inLastSecond = sinceMs.filter((atMs) => atMs > AWAY_MS - 1_000);
    expect(busiest(inLastSecond, AWAY_MS).most / ROOMS).toBeLessThan(0.04);
    for (const feed of feeds) feed.unwant();
    await clock.advance(10_000);
    expect(clock.armed).toBe(0);
  });
});
