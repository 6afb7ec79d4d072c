/** The status of a subject through its life, beside what the test knows from outside (O4). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RoomStatus, StatusReport } from "../../src/protocol/status.ts";
import { RELAY_USER, relayUser, reload, RIG_USER } from "../support/broker/admin.ts";
import { until } from "../support/until.ts";
import { joinAt, TOKEN, World, type Client } from "../support/world.ts";

const HEARTBEAT = "1";
let world: World;

beforeAll(async () => {
  world = await World.start({
    ...RIG_USER,
    extraConfig: relayUser([]),
    stream: { maxMessages: 5_000 },
    vars: {
      ...RELAY_USER,
      HEARTBEAT_SECONDS: HEARTBEAT,
      WINDOW_BYTES: "20000",
      MAX_UNREAD_BYTES: "16384",
      SEND_TIMEOUT_SECONDS: "4",
      MAX_CLIENTS_PER_ROOM: "4",
      MAX_SHARDS: "3",
      MAX_ROOMS_PER_GRANT: "40",
    },
  });
  await world.rig.act("restart");
});
afterAll(() => world[Symbol.asyncDispose]());

const authorization = { authorization: `Bearer ${TOKEN}` };

async function ask(query: string): Promise<StatusReport> {
  const response = await fetch(`${world.relay.url}/v1/status?${query}`, { headers: authorization });
  expect(response.status).toBe(200);
  return (await response.json()) as StatusReport;
}

/** The only room of a subject. */
async function roomOf(subject: string): Promise<RoomStatus> {
  const { rooms } = await ask(`subject=${subject}`);
  expect(rooms).toHaveLength(1);
  return rooms[0] as RoomStatus;
}

const count = ({ clients, live, replaying, paused }: RoomStatus): unknown => [clients, live + replaying + paused];

async function untilRoom(
  subject: string,
  what: string,
  is: (room: RoomStatus) => boolean,
  timeoutMs = 15_000,
): Promise<RoomStatus> {
  return until(
    what,
    async () => {
      const room = await roomOf(subject);
      return is(room) ? room : null;
    },
    timeoutMs,
  );
}

const leave = (clients: readonly Client[]): void => {
  for (const { raw } of clients) raw.close();
};

describe("the status of a subject", () => {
  test("[O4] nobody there: no room, and exactly these members", async () => {
    expect(await ask("subject=cellos.events.status.nobody")).toEqual({
      subject: "cellos.events.status.nobody",
      epoch: null,
      rooms: [],
    });
    expect(await ask("")).toMatchObject({ subject: "cellos.events.>" });
  });

  test("[O4] [W7] a room with clients of both kinds has every count as it is known from outside", async () => {
    const subject = "cellos.events.status.a";
    const startedMs = Date.now();
    const clients = await world.joinMany(3, subject);
    const seqs = await world.publish(subject, 5);
    const { messages } = { messages: [{ subject, data: "no JSON" }] };
    const [dropped = 0] = await world.rig.publish(messages);
    for (const client of clients) await client.reaches(seqs.at(-1) ?? 0);
    const room = await untilRoom(
      subject,
      "it has heard the head",
      ({ position, lag }) => position === dropped && lag === 0,
    );
    const welcome = clients[1]?.socket.received.find(({ frame }) => frame.type === "welcome")?.frame;
    expect((await ask(`subject=${subject}`)).epoch).toBe(welcome?.epoch);
    expect(room).toEqual({
      region: expect.any(String) as string,
      shard: 0,
      state: "live",
      clients: { v1: 2, v2: 1, stream: 0 },
      live: 3,
      replaying: 0,
      paused: 0,
      cursor: expect.any(Number) as number,
      position: dropped,
      lag: 0,
      upstream: { state: "open", sinceMs: expect.any(Number) as number, reconnects: 0, lastError: null },
      window: {
        from: (seqs[0] ?? 0) - 1,
        to: expect.any(Number) as number,
        events: 5,
        bytes: expect.any(Number) as number,
      },
      unreadBytes: expect.any(Number) as number,
      dropped: 1,
      slowCloses: 0,
      resets: 0,
      startedAtMs: expect.any(Number) as number,
    });
    expect([seqs.at(-1), dropped]).toContain(room.cursor);
    expect(room.window.to).toBe(room.cursor);
    for (const atMs of [room.startedAtMs, room.upstream.sinceMs]) {
      expect(atMs).toBeGreaterThanOrEqual(startedMs - 1);
      expect(atMs).toBeLessThanOrEqual(Date.now());
    }
    leave(clients);
    const left = await untilRoom(subject, "it is cold", ({ state }) => state === "cold");
    expect([left.upstream.state, count(left)]).toEqual(["none", [{ v1: 0, v2: 0, stream: 0 }, 0]]);
  });

  test("[O4] [B1] one that does not acknowledge is paused, then closed; one that comes from afar is replayed", async () => {
    const subject = "cellos.events.status.slow";
    const first = await world.publishMany(subject, 2_000, { padBytes: 200 });
    const reader = await world.join(subject, 1);
    const deaf = await world.join(subject, 2, { since: first - 1_999, acks: false });
    const room = await untilRoom(subject, "it is paused", ({ paused }) => paused === 1);
    expect([room.live, room.replaying, room.slowCloses]).toEqual([1, 0, 0]);
    expect(room.unreadBytes).toBeGreaterThan(4_000);
    expect(deaf.seqs.length).toBeLessThan(2_000);
    const replaying = await world.join(subject, 2, { since: first - 1_999 });
    await until("it was seen as replaying or has all", async () => {
      const seen = await roomOf(subject);
      expect(seen.live + seen.replaying + seen.paused).toBe(seen.clients.v1 + seen.clients.v2);
      return seen.replaying + seen.paused > 1 || replaying.seqs.length === 1_999;
    });
    await replaying.reaches(first, 30_000);
    expect(await deaf.socket.closed(20_000)).toMatchObject({ code: 4408 });
    await untilRoom(subject, "one was closed", ({ slowCloses, clients }) => slowCloses === 1 && clients.v2 === 1);
    leave([reader, replaying]);
  });

  test("[O4] [B2] has the shards of a subject, and with all=1 every region, as clients were placed", async () => {
    const subject = "cellos.events.status.shards";
    const clients: Client[] = [];
    for (let n = 0; n < 10; n++) clients.push(await world.join(subject, 2));
    const counts = async (query: string): Promise<number[]> =>
      (await ask(query)).rooms.map(({ clients: { v2 } }) => v2);
    const own = await ask(`subject=${subject}`);
    expect(own.rooms.map(({ shard }) => shard)).toEqual([0, 1, 2]);
    expect((await counts(`subject=${subject}`)).reduce((sum, n) => sum + n)).toBe(10);
    const all = await ask(`subject=${subject}&all=1`);
    expect(all.rooms.map(({ region, shard }) => [region, shard])).toEqual(
      own.rooms.map(({ region, shard }) => [region, shard]),
    );
    expect(all.epoch).toBe(own.epoch);
    leave(clients);
  });

  test("[O4] [W12] [O8] an outage and its end, in the words of the log", async () => {
    const subject = "cellos.events.status.outage";
    const clients = await world.joinMany(2, subject);
    const before = await roomOf(subject);
    await world.rig.act("kill");
    const away = await untilRoom(
      subject,
      "it reconnects",
      ({ state, upstream }) => state === "reconnecting" && upstream.lastError !== null,
    );
    expect(["unreachable", "timeout"]).toContain(away.upstream.lastError);
    expect(away.upstream.sinceMs).toBeGreaterThan(before.upstream.sinceMs);
    expect([away.live, away.upstream.reconnects]).toEqual([2, 0]);
    await untilRoom(subject, "the head is too old", ({ lag }) => lag === null);
    await world.rig.act("start");
    const back = await untilRoom(subject, "it is open again", ({ state }) => state === "live", 30_000);
    expect([back.upstream.reconnects, back.startedAtMs]).toEqual([1, before.startedAtMs]);
    const [last = 0] = await world.publish(subject, 1);
    for (const client of clients) await client.reaches(last);
    expect(clients.flatMap(({ faults }) => faults)).toEqual([]);
    leave(clients);
  });

  test("[O4] [O8] a refusal has its cause, and a stream made anew counts as resets of everybody", async () => {
    const subject = "cellos.events.status.reset";
    const clients = await world.joinMany(3, subject);
    await world.publish(subject, 3);
    await reload(world.rig, relayUser(["$JS.API.STREAM.INFO.>"]));
    await untilRoom(subject, "it was refused", ({ upstream }) => upstream.lastError === "permission");
    await reload(world.rig, relayUser([]));
    await untilRoom(subject, "it is open", ({ state }) => state === "live", 30_000);
    await world.rig.deleteStream();
    await world.rig.createStream();
    for (const { socket } of clients) expect(await socket.closed(20_000)).toMatchObject({ code: 4410 });
    const late = await joinAt(world.relay, subject, 2, { since: 3, epoch: "another" });
    expect(await late.socket.closed()).toMatchObject({ code: 4410, reason: "stream-reset" });
    const room = await untilRoom(subject, "all of them count", ({ resets }) => resets === 4);
    expect(count(room)).toEqual([{ v1: 0, v2: 0, stream: 0 }, 0]);
  });

  test("[O4] [B4] takes no place of its credential", async () => {
    for (let n = 0; n < 50; n++) await ask(`subject=cellos.events.status.many.${n}`);
    const client = await world.join("cellos.events.status.after", 2);
    expect(await client.socket.type("welcome")).toMatchObject({ type: "welcome" });
    leave([client]);
  });
});
