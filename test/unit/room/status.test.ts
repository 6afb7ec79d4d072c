import { describe, expect, it } from "vitest";
import type { RoomStatus } from "../../../src/protocol/status.ts";
import { V1, V2 } from "../../../src/protocol/subprotocol.ts";
import { statusOf, type RoomFacts } from "../../../src/room/status.ts";
import type { CoreCommand } from "../../support/model/core-commands.ts";
import type { CoreWorld } from "../../support/model/core.ts";
import { newWorld } from "../../support/model/world.ts";

const COLD: RoomFacts = {
  region: "weur",
  shard: 2,
  startedAtMs: 1_000,
  wasAsleep: false,
  upstream: { kind: "idle", sinceMs: 1_000, wasOpen: false, reconnects: 0, lastError: null },
  clients: [],
  at: null,
  lastSeq: null,
  dropped: 0,
  slowCloses: 0,
  resets: 0,
};

const AT: NonNullable<RoomFacts["at"]> = {
  epoch: "e",
  cursor: 40,
  position: 42,
  window: { from: 30, size: 7, bytes: 700 },
  unreadBytes: 123,
};

const upstream = (kind: "opening" | "open" | "waiting", wasOpen: boolean): RoomFacts["upstream"] => ({
  kind,
  sinceMs: 2_000,
  wasOpen,
  reconnects: 3,
  lastError: "unreachable",
});

const someone = { protocol: V2, standing: "live" } as const;

describe("statusOf", () => {
  it("[O4] says of a room in which nobody ever was what there is to say, and null for the rest", () => {
    expect(statusOf(COLD)).toEqual({
      epoch: null,
      room: {
        region: "weur",
        shard: 2,
        state: "cold",
        clients: { v1: 0, v2: 0, stream: 0 },
        live: 0,
        replaying: 0,
        paused: 0,
        cursor: null,
        position: null,
        lag: null,
        upstream: { state: "none", sinceMs: 1_000, reconnects: 0, lastError: null },
        window: { from: null, to: null, events: 0, bytes: 0 },
        unreadBytes: 0,
        dropped: 0,
        slowCloses: 0,
        resets: 0,
        startedAtMs: 1_000,
      },
    });
  });

  it("[O4] has every count of a room in full swing", () => {
    const clients = [
      { protocol: V1, standing: "live" },
      { protocol: V2, standing: "live" },
      { protocol: V2, standing: "replaying" },
      { protocol: V1, standing: "replaying" },
      { protocol: V2, standing: "paused" },
    ] as const;
    const counts = { dropped: 4, slowCloses: 5, resets: 6 };
    const { epoch, room } = statusOf({
      ...COLD,
      ...counts,
      upstream: upstream("open", true),
      clients,
      at: AT,
      lastSeq: 50,
    });
    expect([epoch, room]).toEqual([
      "e",
      {
        region: "weur",
        shard: 2,
        state: "live",
        clients: { v1: 2, v2: 3, stream: 0 },
        live: 2,
        replaying: 2,
        paused: 1,
        cursor: 40,
        position: 42,
        lag: 8,
        upstream: { state: "open", sinceMs: 2_000, reconnects: 3, lastError: "unreachable" },
        window: { from: 30, to: 40, events: 7, bytes: 700 },
        unreadBytes: 123,
        ...counts,
        startedAtMs: 1_000,
      },
    ]);
  });

  it.each([
    ["cold", COLD],
    ["cold", { ...COLD, upstream: null }],
    ["connecting", { ...COLD, upstream: upstream("opening", false) }],
    ["connecting", { ...COLD, upstream: upstream("waiting", false), clients: [someone] }],
    ["reconnecting", { ...COLD, upstream: upstream("opening", true), clients: [someone] }],
    ["reconnecting", { ...COLD, upstream: upstream("waiting", true), clients: [someone] }],
    ["live", { ...COLD, upstream: upstream("open", true) }],
    ["asleep", { ...COLD, upstream: upstream("waiting", true), clients: [someone], wasAsleep: true }],
    ["asleep", { ...COLD, clients: [someone] }],
  ] as const)("[O4] is %s", (state, facts) => {
    expect(statusOf(facts).room.state).toBe(state);
  });

  it.each([
    ["connecting", upstream("opening", false), false],
    ["waiting", upstream("waiting", true), false],
    ["open", upstream("open", false), false],
    ["none", COLD.upstream, false],
    ["none", null, false],
    ["none", upstream("waiting", true), true],
  ] as const)("[O4] has an upstream that is %s", (state, facts, wasAsleep) => {
    expect(statusOf({ ...COLD, upstream: facts, wasAsleep }).room.upstream.state).toBe(state);
  });

  it("[O4] has a lag only where both ends are known, and never a negative one", () => {
    const lag = (at: RoomFacts["at"], lastSeq: number | null): number | null =>
      statusOf({ ...COLD, at, lastSeq }).room.lag;
    expect([lag(null, 50), lag(AT, null), lag(AT, 42), lag(AT, 41), lag(AT, 43)]).toEqual([null, null, 0, 0, 1]);
  });
});

const publish = (count: number, kind: "match" | "bad" = "match"): CoreCommand => ({
  do: "publish",
  kind,
  bytes: 100,
  count,
});
const join = (v2: boolean, back: number | null): CoreCommand => ({ do: "join", v2, back, epoch: false });
const advance = (ms: number): CoreCommand => ({ do: "advance", ms });

const statusIn = ({ core }: CoreWorld): RoomStatus =>
  statusOf({ region: "r", shard: 0, startedAtMs: 0, wasAsleep: false, ...core.facts() }).room;

describe("the status of a room", () => {
  it("[O4] [W7] [U4] follows it from the first client to the last", async () => {
    const world = newWorld({ WINDOW_BYTES: "2000", MAX_UNREAD_BYTES: "4096", SEND_TIMEOUT_SECONDS: "3" });
    expect(statusIn(world)).toMatchObject({ state: "cold", cursor: null });
    await world.run(publish(3));
    await world.run(join(true, null));
    await world.run(advance(500));
    expect(statusIn(world)).toMatchObject({
      state: "live",
      clients: { v1: 0, v2: 1 },
      live: 1,
      cursor: 3,
      position: 3,
      lag: 0,
      upstream: { state: "open", reconnects: 0, lastError: null },
    });

    await world.run(publish(2, "bad"));
    await world.run(publish(5));
    await world.run(advance(500));
    expect(statusIn(world)).toMatchObject({ cursor: 10, dropped: 2, window: { from: 3, to: 10, events: 5 } });

    // One that reads nothing is paused, and closed for it; one that comes back from afar replays first.
    await world.run({ do: "stall", who: 0 });
    await world.run(publish(120));
    await world.run(advance(500));
    expect(statusIn(world)).toMatchObject({ live: 0, replaying: 0, paused: 1 });
    expect(statusIn(world).unreadBytes).toBeGreaterThan(0);
    await world.run({ do: "delay" });
    await world.run(join(false, 120));
    await world.run({ do: "arrive", count: 1 });
    expect(statusIn(world)).toMatchObject({ clients: { v1: 1, v2: 1 }, replaying: 1, paused: 1 });
    await world.run({ do: "hurry" });
    await world.run(advance(8_000));
    expect(statusIn(world)).toMatchObject({ clients: { v1: 1, v2: 0 }, live: 1, slowCloses: 1, unreadBytes: 0 });

    await world.run({ do: "down" });
    await world.run(advance(6_000));
    const away = statusIn(world);
    expect(away).toMatchObject({ state: "reconnecting", lag: null, upstream: { lastError: "timeout" } });
    expect(["connecting", "waiting"]).toContain(away.upstream.state);
    await world.run({ do: "up" });
    await world.run(advance(6_000));
    expect(statusIn(world)).toMatchObject({ state: "live", lag: 0, upstream: { state: "open", reconnects: 1 } });

    await world.run({ do: "new-stream" });
    await world.run(advance(6_000));
    expect(statusIn(world)).toMatchObject({ clients: { v1: 0, v2: 0 }, resets: 1, upstream: { state: "none" } });
    expect(statusIn(world).state).toBe("cold");
    expect(world.faults).toEqual([]);
  });

  it("[O4] asks and changes nothing: whoever looks all the time sees the same room as who never looks", async () => {
    const commands = [publish(3), join(true, null), join(false, 2), advance(300), publish(40), { do: "cut" }] as const;
    const [watched, alone] = [newWorld({}), newWorld({})];
    for (const command of [...commands, advance(7_000), publish(4), advance(3_000)]) {
      await watched.run(command);
      for (let n = 0; n < 3; n++) statusIn(watched);
      await alone.run(command);
    }
    const seen = ({ clients, clock, broker, dialledMs }: CoreWorld): unknown => [
      [...clients.values()].map(({ reading }) => reading),
      [clock.nowMs, clock.armed, broker.delivered, dialledMs],
    ];
    expect(seen(watched)).toEqual(seen(alone));
  });
});
