/** Real hibernation: the broker is away for so long that the room sleeps, with its sockets open (W12, W8). */
import { describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { World, type Client } from "../support/world.ts";

const SUBJECT = "cellos.events.asleep.x";
const PERIOD_MS = 25_000;
/** A room gives up its timed attempts after some seconds, and the runtime then waits ten more. */
const QUIET_MS = 6_000;

/** Resolves when the relay has stopped trying to connect; only then can the room sleep. */
async function settled(world: World): Promise<number> {
  let seen = world.rig.proxy.accepted;
  let sinceMs = Date.now();
  await until(
    "the relay leaves the broker alone",
    () => {
      if (world.rig.proxy.accepted !== seen) sinceMs = Date.now();
      seen = world.rig.proxy.accepted;
      return Date.now() - sinceMs > QUIET_MS;
    },
    30_000,
  );
  return seen;
}

/** Uses up what a client may send in a minute (W10), which a room knows only by heart. */
function exhaust(clients: readonly Client[]): void {
  for (const { socket } of clients) for (let n = 0; n < 60; n++) socket.send("noted");
}

/** Resolves when the room has beaten out of another memory; in the old one, one message more would be too many. */
async function wokeUp(world: World, clients: readonly Client[]): Promise<void> {
  const tried = await settled(world);
  for (const client of clients) client.ping();
  for (const { socket } of clients) await socket.type("pong");
  expect(world.rig.proxy.accepted, "a ping wakes nobody").toBe(tried);
  const beats = clients.map((client) => client.beats.length);
  await until(
    "a heartbeat came",
    () => clients.every((client, n) => client.beats.length > (beats[n] ?? 0)),
    PERIOD_MS * 1.5,
  );
  for (const { socket } of clients) socket.send("one too many for who remembers");
}

describe.concurrent("a room that slept", () => {
  // Two periods: in the first the room falls asleep, and only the alarm at the end of the second finds the broker back.
  const timeout = 90_000;

  test("[W12] [W8] [DO-1] live clients of both versions lose nothing and get nothing twice", { timeout }, async () => {
    await using world = await World.start({ vars: { HEARTBEAT_SECONDS: "25" } });
    const clients = await world.joinMany(4, SUBJECT);
    const joinedAtMs = Date.now();
    const last = await world.publishMany(SUBJECT, 300);
    exhaust(clients);
    await world.rig.act("kill");
    await wokeUp(world, clients);
    await world.rig.act("start");
    const next = await world.publishMany(SUBJECT, 30);
    for (const client of clients) {
      await client.reaches(next, PERIOD_MS * 1.5);
      expect(client.seqs).toEqual(Array.from({ length: last + 30 }, (_, n) => n + 1));
      expect([client.faults, client.socket.isClosed]).toEqual([[], false]);
      expect(client.silenceMs(joinedAtMs)).toBeLessThan(PERIOD_MS * 1.5);
    }
  });

  test("[W12] [V10] clients in the middle of a catch-up go on where they were", { timeout }, async () => {
    const bounds = { WINDOW_BYTES: "20000", MAX_UNREAD_BYTES: "65536", SEND_TIMEOUT_SECONDS: "120" };
    const vars = { HEARTBEAT_SECONDS: "25", ...bounds };
    await using world = await World.start({ vars });
    const last = await world.publishMany(SUBJECT, 3_000, { padBytes: 400 });
    const mute = await world.join(SUBJECT, 2, { since: 10, acks: false });
    const other = await world.join(SUBJECT, 2, { since: 100, acks: false });
    const live = await world.join(SUBJECT, 1);
    await until("they have begun", () => mute.seqs.length > 0 && other.seqs.length > 0);
    exhaust([live]);
    await world.rig.act("kill");
    // What a mute client is sent may be nothing at all: its last word was not answered.
    await wokeUp(world, [live]);
    expect(mute.seqs.length).toBeLessThan(last - 10);
    await world.rig.act("start");
    for (const client of [mute, other]) client.startAcks();
    // Whoever comes now does not wait for the alarm, and brings the others' events along.
    await world.join(SUBJECT, 2);
    const [next = 0] = await world.publish(SUBJECT, 1);
    for (const client of [mute, other, live]) {
      await client.reaches(next, 20_000);
      expect([client.faults, client.socket.isClosed]).toEqual([[], false]);
    }
    expect(mute.seqs).toEqual(Array.from({ length: next - 10 }, (_, n) => n + 11));
    expect(other.seqs).toEqual(Array.from({ length: next - 100 }, (_, n) => n + 101));
    expect(live.seqs).toEqual([next]);
  });
});
