/** What a broker refuses is told at once, with the code that says so (W11). */
import { describe, expect, test } from "vitest";
import { RELAY_USER, relayUser, RIG_USER } from "../support/broker/admin.ts";
import { joinAt, startInTurn, TOKEN, World, type Client, type WorldOptions } from "../support/world.ts";

const SUBJECT = "cellos.events.refused.>";
const SUBSCRIBE_FAILED = { code: 1008, reason: "subscribe failed", wasClean: true };

/** A relay user that may do everything but `deny`; the rig keeps a user of its own. */
function worldWithout(deny: readonly string[], subscribeDeny: readonly string[] = []): WorldOptions {
  return { ...RIG_USER, extraConfig: relayUser(deny, subscribeDeny), vars: RELAY_USER };
}

/** No welcome and no event before a refusal; to v2 the problem (V3). */
function expectTold({ socket, version }: Client, problem: string): void {
  const told = version === 2 ? [`/problems/ws/${problem}`] : [];
  expect(socket.received.map(({ frame }) => frame.problem?.type)).toEqual(told);
}

/** Joins v1 and v2, with and without since: all are closed alike, and promptly. */
async function expectRefused(world: World): Promise<void> {
  const followers = await Promise.all([
    world.join(SUBJECT, 1),
    world.join(SUBJECT, 2),
    world.join(SUBJECT, 1, { since: 0 }),
    world.join(SUBJECT, 2, { since: 3 }),
  ]);
  for (const { socket } of followers) expect(await socket.closed()).toEqual(SUBSCRIBE_FAILED);
  for (const follower of followers) expectTold(follower, "subscribe-failed");
  const late = await world.join(SUBJECT, 1);
  expect(await late.socket.closed()).toEqual(SUBSCRIBE_FAILED);
}

describe.concurrent("refusals", () => {
  test("[W11] [V3] [V5] without NATS_URL a client is closed 1008 no upstream broker configured", async () => {
    await using relay = await startInTurn({ RELAY_API_TOKEN: TOKEN });
    for (const version of [1, 2] as const) {
      for (const options of [{}, { since: 0 }, { since: 5, epoch: "abc" }]) {
        const follower = await joinAt(relay, SUBJECT, version, options);
        const closed = await follower.socket.closed();
        expect(closed).toMatchObject({ code: 1008, reason: "no upstream broker configured" });
        expectTold(follower, "no-upstream");
      }
    }
  });

  test("[W11] [V3] [V5] [JS-18] a stream that does not exist is refused, and serves as soon as it is there", async () => {
    await using world = await World.start({ stream: false });
    await expectRefused(world);
    // A renamed stream is a stream not found.
    await world.rig.createStream({ name: "CELLOS_EVENTS_2" });
    await expectRefused(world);
    await world.rig.deleteStream("CELLOS_EVENTS_2");
    await world.rig.createStream();
    const follower = await world.join(SUBJECT, 2);
    const [seq = 0] = await world.publish("cellos.events.refused.x", 1);
    await follower.reaches(seq);
  });

  test("[W11] a wrong password is refused", async () => {
    await using world = await World.start({ ...worldWithout([]), vars: { ...RELAY_USER, NATS_PASS: "wrong" } });
    await expectRefused(world);
  });

  test("[W11] no password where one is asked for is refused", async () => {
    await using world = await World.start({ ...worldWithout([]), vars: {} });
    await expectRefused(world);
  });

  test.each([
    ["STREAM.INFO", ["$JS.API.STREAM.INFO.>"]],
    ["CONSUMER.CREATE", ["$JS.API.CONSUMER.CREATE.>"]],
    ["CONSUMER.MSG.NEXT", ["$JS.API.CONSUMER.MSG.NEXT.>"]],
  ])("[W11] [NATS-7] a user without the right to %s is refused", async (_, deny) => {
    await using world = await World.start(worldWithout(deny));
    await expectRefused(world);
  });

  test("[W11] [NATS-7] a user that may not subscribe to its inbox is refused", async () => {
    await using world = await World.start(worldWithout([], ["_INBOX.>"]));
    await expectRefused(world);
  });

  test.each([
    ["with MSG.GET", ["$JS.API.STREAM.MSG.GET.CELLOS_EVENTS"]],
    ["without", []],
  ])("[U3] [NATS-10] a user with exactly the documented rights is served, live and by replay, %s", async (_, more) => {
    const allow = [
      ...more,
      "$JS.API.STREAM.INFO.CELLOS_EVENTS",
      "$JS.API.CONSUMER.CREATE.CELLOS_EVENTS.>",
      "$JS.API.CONSUMER.DELETE.CELLOS_EVENTS.>",
      "$JS.API.CONSUMER.MSG.NEXT.CELLOS_EVENTS.>",
    ];
    await using world = await World.start({
      ...RIG_USER,
      extraConfig: `authorization { users: [
        { user: rig, password: rig },
        { user: relay, password: secret, permissions: {
          publish: ${JSON.stringify(allow)}, subscribe: ["_INBOX.>"] } }
      ] }`,
      vars: { ...RELAY_USER, WINDOW_BYTES: "1" },
    });
    const old = await world.publish("cellos.events.refused.x", 20);
    const live = await world.join(SUBJECT, 2);
    const replaying = await Promise.all([world.join(SUBJECT, 1, { since: 3 }), world.join(SUBJECT, 2, { since: 0 })]);
    const fresh = await world.publish("cellos.events.refused.x", 5);
    for (const follower of [live, ...replaying]) await follower.reaches(fresh[4] ?? 0);
    expect(live.seqs).toEqual(fresh);
    expect(replaying[0]?.seqs).toEqual([...old.slice(3), ...fresh]);
    expect(replaying[1]?.seqs).toEqual([...old, ...fresh]);
    for (const follower of [live, ...replaying]) expect(follower.faults).toEqual([]);
  });

  test("[W11] a filter that the stream does not hold is answered the way the broker answers it, never by silence", async () => {
    await using world = await World.start({ stream: { subjects: ["cellos.events.only.>"] } });
    // nats-server up to at least 2.15 accepts such a consumer, since subjects may be added to the stream later.
    const follower = await world.join(SUBJECT, 2);
    const answer = await Promise.race([follower.socket.closed(), follower.beat()]);
    if ("code" in answer) expect(answer).toEqual(SUBSCRIBE_FAILED);
    else expect(answer.upstream).toBe("connected");
  });

  test("[W11] [U1] a replay that the broker refuses is told after a join's patience; who needs none goes on", async () => {
    await using world = await World.start({
      stream: { config: { max_consumers: 1 } },
      vars: { WINDOW_BYTES: "65536" },
    });
    const live = await world.join("cellos.events.limit.x", 2);
    const last = await world.publishMany("cellos.events.limit.x", 3_000);
    await live.reaches(last);
    const startedAt = Date.now();
    const refused = await world.join("cellos.events.limit.x", 2, { since: 1 });
    expect(await refused.socket.closed(50_000)).toMatchObject({ code: 1008, reason: "subscribe failed" });
    expect(Date.now() - startedAt).toBeLessThan(50_000);
    expect(refused.seqs).toEqual([]);
    const [next = 0] = await world.publish("cellos.events.limit.x", 1);
    await live.reaches(next);
    expect([live.faults, live.socket.isClosed]).toEqual([[], false]);
  });
});
