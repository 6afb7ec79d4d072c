import { describe, expect, it } from "vitest";
import type { NatsSettings } from "../../../src/config/config.ts";
import { CAUSES } from "../../../src/upstream/causes.ts";
import type { OpenConnection } from "../../../src/upstream/connection.ts";
import { Feed } from "../../../src/upstream/feed.ts";
import { FeedLog } from "../../../src/upstream/feed-log.ts";
import type { FeedHost, FeedReader } from "../../../src/upstream/feed-ports.ts";
import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import { ModelClock } from "../../support/model/clock.ts";
import { newWorld } from "../../support/model/world.ts";

const MINUTE_MS = 60_000;
const NATS: NatsSettings = {
  servers: ["ws://broker.invalid"],
  auth: { kind: "none" },
  access: null,
  apiPrefix: "$JS.API",
  inboxPrefix: "_INBOX",
};
const OPTIONS = { nats: { ...NATS, servers: ["ws://u:p@broker.invalid:1/x"] }, stream: "S" };
const READER: FeedReader = {
  landmarks: () => [],
  startAt: () => 0,
  begin: () => {},
  read: () => {},
  paused: () => {},
  end: () => {},
  wantsMore: true,
};
const HOST: FeedHost = {
  hasWaiters: () => true,
  collect: () => Promise.resolve(),
  onReady: () => {},
  onLost: () => {},
  onFailed: () => {},
  costs: { allowance: () => Infinity, firstAllowance: Infinity },
};

/** What was printed: the events, each with its reason. */
const printed = ({ lines }: ModelClock): string[] =>
  lines.map((line) => {
    const { event, reason: why = "" } = JSON.parse(line) as { readonly event: string; readonly reason?: string };
    return `${event} ${why}`.trim();
  });

describe("the log of a room", { tags: "long" }, () => {
  it("[O3] tells of a path that is cut all the time in a handful of lines, and that it is well in the end", async () => {
    const world = newWorld({});
    await world.run({ do: "join", v2: true, back: null, epoch: false });
    await world.run({ do: "advance", ms: 300 });
    for (let n = 0; n < 200; n++) {
      await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
      await world.run({ do: "cut" });
      await world.run({ do: "advance", ms: 1_500 });
    }
    await world.run({ do: "advance", ms: 3_000 });
    const lines = printed(world.clock).filter((line) => line.startsWith("upstream-"));
    expect(lines.filter((line) => line.startsWith("upstream-lost")).length).toBeGreaterThan(3);
    expect(lines.length).toBeLessThan(40);
    expect(lines.at(-1)).toBe("upstream-open");
    expect(world.faults).toEqual([]);
  });
});

describe("Feed", () => {
  it("[O3] [W12] tells of a broker that takes connections and never answers, also while newer tries push out older ones", async () => {
    const clock = new ModelClock();
    clock.random = 0;
    let dials = 0;
    const openConnection: OpenConnection = (_nats, _name, _onClosed, signal) => {
      dials++;
      return new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new UpstreamError("unreachable", "given up")));
      });
    };
    const options = { nats: NATS, stream: "S", filter: "a.silent", idleHeartbeatMs: 5_000 };
    const feed = new Feed({ runtime: clock.runtime, openConnection }, options, READER, HOST);
    feed.want();
    await clock.advance(4_000);
    expect(dials).toBeGreaterThan(4);
    expect(printed(clock)[0]).toMatch(/^upstream-failed No connection to ws:\/\/broker\.invalid: /);
    const told = clock.lines.length;
    feed.unwant();
    await clock.advance(60_000);
    expect([clock.lines.length, clock.armed]).toEqual([told, 0]);
  });
});

describe("FeedLog", () => {
  it("[O3] tells the end of every trouble that it told, and of no other", () => {
    const clock = new ModelClock();
    const log = new FeedLog(clock.runtime, { ...OPTIONS, filter: "a.flapping" });
    for (let n = 0; n < 9; n++) {
      log.lost("deleted");
      log.opened(5, 5);
    }
    expect(printed(clock)).toHaveLength(6);
    log.lost("cut");
    log.failed(0, new UpstreamError("not-configured", ""));
    log.opened(5, 5);
    log.lost("cut");
    log.opened(5, 5);
    expect(printed(clock).slice(6)).toEqual([
      "upstream-lost cut",
      `upstream-failed ${CAUSES["not-configured"].sentence}`,
      "upstream-open",
    ]);
  });

  it("[O3] does not fall silent in a long outage, and tells another reason at once", () => {
    const clock = new ModelClock();
    const log = new FeedLog(clock.runtime, { ...OPTIONS, filter: "a.away" });
    for (let attempt = 0; attempt < 40; attempt++) {
      log.failed(attempt, new UpstreamError("timeout", "no answer"));
      clock.nowMs += MINUTE_MS / 3;
    }
    expect(printed(clock)).toHaveLength(3 + 12);
    log.failed(40, new UpstreamError("no-leader", "none"));
    expect(printed(clock).at(-1)).toMatch(/^upstream-failed JetStream has no leader now \(none\)/);
  });

  it("[O3] says how long an outage took, whether it began with a loss or a failure, and nothing where there was none", () => {
    const clock = new ModelClock();
    const log = new FeedLog(clock.runtime, { ...OPTIONS, filter: "a.timed" });
    const opened = (): unknown => JSON.parse(clock.lines.at(-1) ?? "");
    log.opened(1, 1);
    expect(opened()).not.toHaveProperty("outageMs");
    log.lost("cut");
    clock.nowMs += 4_000;
    log.failed(0, new UpstreamError("timeout", "no answer"));
    clock.nowMs += 5_000;
    log.opened(1, 1);
    expect(opened()).toMatchObject({ event: "upstream-open", outageMs: 9_000 });
    log.failed(0, new UpstreamError("timeout", "no answer"));
    log.closed();
    clock.nowMs += 5_000;
    log.opened(1, 1);
    expect(opened()).not.toHaveProperty("outageMs");
  });

  it("[O8] [A6] names the cause by its word, and the broker without its credentials, until it is over", () => {
    const clock = new ModelClock();
    const log = new FeedLog(clock.runtime, { ...OPTIONS, filter: "a.cause" });
    const error = new UpstreamError("authorization", "no");
    log.failed(2, error);
    expect(JSON.parse(clock.lines.at(-1) ?? "")).toMatchObject({ attempt: 3, cause: "authorization" });
    expect(clock.lines.at(-1)).toContain("The broker at ws://broker.invalid:1 refuses");
    expect(clock.lines.at(-1)).not.toContain("u:p");
    expect(log.trouble.cause).toBe("authorization");
    log.opened(1, 1);
    expect(log.trouble.cause).toBe("timeout");
  });
});
