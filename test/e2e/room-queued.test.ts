/** What lies unread in one isolate is bounded for all of its clients together (B5, B7). */
import { expect, test } from "vitest";
import { RefusedError } from "../support/wire/dial.ts";
import { until } from "../support/until.ts";
import { World, type Client } from "../support/world.ts";

const SUBJECT = "cellos.events.queued.x";
const MAX_QUEUED_BYTES = 2 * 1024 * 1024;
const PAD_BYTES = 1_000;
/** To one client less than a v1 client may be sent unproven, to four more than the isolate may hold. */
const EVENTS = 750;

/** Clients that do not read, not even the close of their connection. */
async function deaf(world: World, count: number): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => world.join(SUBJECT, 1, { acks: false })));
  for (const { raw } of clients) raw.pause();
  return clients;
}

/** 503 while nobody may join, 101 when somebody may; anything else is another trouble. */
async function answer(world: World): Promise<number> {
  try {
    (await world.join(SUBJECT, 2)).raw.terminate();
    return 101;
  } catch (error) {
    if (error instanceof RefusedError) return error.refusal.status;
    throw error;
  }
}

test("[B7] [B5] [H3] [WS-3] [WS-4] past MAX_QUEUED_BYTES sheds who does not read, refuses newcomers until that has drained, and harms no reader", async () => {
  await using world = await World.start({ vars: { MAX_QUEUED_BYTES: String(MAX_QUEUED_BYTES) } });
  const reader = await world.join(SUBJECT, 2);
  const others = await deaf(world, 4);
  // In parts: what lies unread is measured four times a second.
  let last = 0;
  for (let part = 0; part < 5; part += 1) {
    last = await world.publishMany(SUBJECT, EVENTS / 5, { padBytes: PAD_BYTES });
    await reader.reaches(last);
    await reader.beat();
  }
  expect(await answer(world)).toBe(503);

  for (const { raw } of others) raw.resume();
  const shed = await until("some are shed", () => {
    const closed = others.filter(({ socket }) => socket.isClosed);
    return closed.length >= 2 ? closed : null;
  });
  for (const { socket } of shed) expect(await socket.closed()).toMatchObject({ code: 4408, reason: "slow-consumer" });
  await until("newcomers are let in again", async () => (await answer(world)) === 101);
  expect([reader.faults, reader.socket.isClosed, reader.seqs.length]).toEqual([[], false, EVENTS]);
});

test("[B7] a room of which only closed sockets remain that do not drain ends itself, and is there for the next client", async () => {
  await using world = await World.start({ vars: { MAX_QUEUED_BYTES: String(MAX_QUEUED_BYTES / 4) } });
  const reader = await world.join(SUBJECT, 2);
  const others = await deaf(world, 2);
  let last = 0;
  for (let part = 0; part < 2; part += 1) {
    last = await world.publishMany(SUBJECT, EVENTS / 2, { padBytes: PAD_BYTES });
    await reader.reaches(last);
    await reader.beat();
  }
  expect(await answer(world)).toBe(503);
  reader.raw.close();
  await until("newcomers are let in again", async () => (await answer(world)) === 101, 20_000);
  const next = await world.join(SUBJECT, 2, { since: 0 });
  await next.reaches(last);
  for (const { raw } of others) raw.terminate();
});

test("[B7] with nobody left to shed the room ends itself: its reader resumes and has missed nothing", async () => {
  await using world = await World.start({ vars: { MAX_QUEUED_BYTES: String(MAX_QUEUED_BYTES / 4) } });
  const reader = await world.join(SUBJECT, 2);
  const others = await deaf(world, 2);
  const last = await world.publishMany(SUBJECT, EVENTS, { padBytes: PAD_BYTES });
  await reader.reaches(last);
  const { code } = await reader.socket.closed(20_000);
  expect([code, reader.faults]).toEqual([1006, []]);
  const [next = 0] = await world.publish(SUBJECT, 1);
  const resumed = await world.join(SUBJECT, 2, { since: reader.cursor ?? 0 });
  await resumed.reaches(next);
  expect([...reader.seqs, ...resumed.seqs]).toEqual(Array.from({ length: EVENTS + 1 }, (_, n) => n + 1));
  for (const { raw } of others) raw.terminate();
});
