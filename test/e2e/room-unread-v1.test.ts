/** v1 clients never say what they have read: what went to them long ago counts as read, and they are told before a close (B5). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { BareWorld, TOKENS } from "../support/bare-world.ts";
import { RefusedError } from "../support/wire/dial.ts";
import { until } from "../support/until.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SUBJECT = "cellos.events.v1.x";

/** Publishes so many a burst, so many bursts a second; returns the last seq. */
async function paced(
  world: BareWorld,
  bursts: number,
  size: number,
  everyMs: number,
  padBytes: number,
): Promise<number> {
  let last = 0;
  const startedAtMs = Date.now();
  for (let n = 1; n <= bursts; n += 1) {
    last = await world.rig.publishMany(size, { subject: SUBJECT, padBytes });
    await delay(Math.max(0, startedAtMs + n * everyMs - Date.now()));
  }
  return last;
}

describe("v1 clients that never ping", () => {
  test("[B5] one gets 8,000 events of 4 KB without a close, at a rate it reads", async () => {
    await using world = await BareWorld.start({ SEND_TIMEOUT_SECONDS: "4" });
    const follower = await world.follow(SUBJECT, 1);
    const last = await paced(world, 160, 50, 75, 4_200);
    await follower.reaches(last);
    expect([follower.seqs.length, follower.faults, follower.socket.isClosed]).toEqual([8_000, [], false]);
  });

  test("[B5] forty get 100 events of 2 KB a second without a close", async () => {
    await using world = await BareWorld.start();
    const followers = await Promise.all(Array.from({ length: 40 }, () => world.follow(SUBJECT, 1)));
    const last = await paced(world, 55, 10, 100, 2_000);
    for (const follower of followers) {
      await follower.reaches(last);
      expect([follower.seqs.length, follower.faults, follower.socket.isClosed]).toEqual([550, [], false]);
    }
  });

  test("[B5] [W13] [W14] one that takes nothing is told, and closed, after 4 MiB", async () => {
    await using world = await BareWorld.start({ MAX_UNPROVEN_BYTES: "1024" });
    const slow = await world.follow(SUBJECT, 1);
    const other = await world.follow(SUBJECT, 2);
    slow.raw.pause();
    const last = await paced(world, 10, 100, 100, 5_000);
    await other.reaches(last);
    slow.raw.resume();
    expect(await slow.socket.closed()).toMatchObject({ code: 4408, reason: "slow-consumer" });
    const frames = slow.socket.received;
    expect(frames.at(-1)?.frame).toEqual({
      type: "/problems/ws/slow-consumer",
      title: "Client does not read what it is sent",
    });
    const bytes = frames.reduce((sum, { text }) => sum + text.length, 0);
    expect([bytes >= 4 * MIB, bytes < 4 * MIB + 64 * KIB]).toEqual([true, true]);
    expect([slow.faults, slow.seqs]).toEqual([[], Array.from({ length: slow.seqs.length }, (_, n) => n + 1)]);
  });
});

test("[B7] [H3] 31 sockets of one credential that read nothing: it is refused, nobody else is, and their room ends itself", async () => {
  await using world = await BareWorld.start({ MAX_QUEUED_BYTES: String(4 * MIB), HEARTBEAT_SECONDS: "1" });
  const [bad, good] = TOKENS;
  const join = async (subject: string, token: string): Promise<number> => {
    try {
      (await world.follow(subject, 2, { token })).raw.terminate();
      return 101;
    } catch (error) {
      if (error instanceof RefusedError) return error.refusal.status;
      throw error;
    }
  };
  const bystander = await world.follow("cellos.events.warm", 2, { token: good });
  const deaf = await world.ignore([SUBJECT], 31, 1, { token: bad });
  expect(new Set(deaf.map(({ status }) => status))).toEqual(new Set([101]));
  await paced(world, 4, 50, 250, 1_000);
  await until("the credential is refused", async () => (await join(SUBJECT, bad)) === 503);
  const answers = [
    join("cellos.events.warm", good),
    join("cellos.events.cold", good),
    join("cellos.events.chill", bad),
  ];
  expect(await Promise.all(answers)).toEqual([101, 101, 503]);
  await until("their room has ended itself", async () => (await join(SUBJECT, bad)) === 101, 20_000);
  const seq = await world.rig.publishMany(1, { subject: "cellos.events.warm" });
  await bystander.reaches(seq);
  expect([bystander.seqs, bystander.faults, bystander.socket.isClosed]).toEqual([[seq], [], false]);
});
