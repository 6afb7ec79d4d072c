/** What the relay may do is taken away while clients are connected, and given back (W12). */
import { describe, expect, test, vi } from "vitest";
import { Audience } from "../support/audience.ts";
import { RELAY_USER, relayUser, reload, RIG_USER } from "../support/broker/admin.ts";
import { until } from "../support/until.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const SUBJECT = "cellos.events.rights.x";

async function start(vars: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await World.start({ ...RIG_USER, extraConfig: relayUser([]), vars: { ...RELAY_USER, ...vars } });
  await world.rig.act("restart");
  return world;
}

describe.concurrent("rights taken away by a reload of the broker's configuration", () => {
  test.each([
    ["everything: the user is gone", `authorization { users: [{ user: rig, password: rig }] }`],
    ["CONSUMER.MSG.NEXT", relayUser(["$JS.API.CONSUMER.MSG.NEXT.>"])],
    ["STREAM.INFO", relayUser(["$JS.API.STREAM.INFO.>"])],
    ["the whole JetStream API", relayUser(["$JS.API.>"])],
    ["its inboxes", relayUser([], ["_INBOX.>"])],
  ])("[W12] %s", async (_, without) => {
    await using world = await start();
    const audience = await Audience.gather(world, SUBJECT);
    await audience.publish(20);
    await audience.hasAll();
    await reload(world.rig, without);
    await audience.publish(700);
    // Long enough for every watchdog there is with a heartbeat each second.
    const followed = audience.followers.map(({ beats }) => beats.length);
    await until("five heartbeats went by", () =>
      audience.followers.every(({ beats }, index) => beats.length >= (followed[index] ?? 0) + 5),
    );
    await reload(world.rig, relayUser([]));
    await audience.publish(30);
    await audience.hasAll();
    audience.expectUnharmed();
  });

  test("[W12] [W5] STREAM.INFO taken away in a backlog with jumps, which must be asked about", async () => {
    // A long period, so that a path that swallows everything for a moment is not taken for a dead one.
    await using world = await start({ HEARTBEAT_SECONDS: "20" });
    const followers = await world.joinMany(2, SUBJECT);
    await reload(world.rig, relayUser(["$JS.API.STREAM.INFO.>"]));
    await world.rig.act("blackhole");
    // More than one pull may bring, and to the reader of one subject each event of another is a jump.
    const seqs: number[] = [];
    for (let n = 0; n < 60; n++) {
      const [ours] = await Promise.all([world.publish(SUBJECT, 20), world.publish("cellos.events.rights.y", 20)]);
      seqs.push(...ours);
    }
    await world.rig.act("heal");
    const healedAt = Date.now();
    // What comes before the question may be sent, or wait for the right as well: both are fair.
    await until("the room had time to ask", () => {
      return Date.now() - healedAt > 5_000 || followers.every((follower) => follower.seqs.length > 500);
    });
    await reload(world.rig, relayUser([]));
    await Promise.all(followers.map((follower) => follower.reaches(seqs.at(-1) ?? 0, 30_000)));
    for (const follower of followers) expect([follower.seqs, follower.faults]).toEqual([seqs, []]);
  });

  test("[W11] [W12] a newcomer without since is refused while its neighbours stay, and admitted again later", async () => {
    await using world = await start();
    const audience = await Audience.gather(world, SUBJECT, 2);
    await audience.publish(5);
    await audience.hasAll();
    await reload(world.rig, relayUser(["$JS.API.>"]));
    await until("the relay has noticed", async () => {
      const { socket } = await world.join(SUBJECT, 2);
      const end = await Promise.race([socket.closed(), socket.type("welcome")]);
      return "code" in end && end.code === 1008 && end.reason === "subscribe failed";
    });
    const resumed = await world.join(SUBJECT, 1, { since: audience.expected[1] ?? 0 });
    await resumed.reaches(audience.expected[4] ?? 0);
    await reload(world.rig, relayUser([]));
    const late = await until("a newcomer is admitted", async () => {
      const follower = await world.join(SUBJECT, 2);
      const end = await Promise.race([follower.socket.closed(), follower.socket.type("welcome")]);
      return "code" in end ? null : follower;
    });
    await audience.publish(3);
    await audience.hasAll();
    await late.reaches(audience.expected.at(-1) ?? 0);
    audience.expectUnharmed();
    expect(late.seqs).toEqual(audience.expected.slice(5));
    expect(resumed.seqs).toEqual(audience.expected.slice(2));
  });
});
