/** A cluster of brokers: the stream's leader hands over, dies and comes back under connected clients (W12, U1). */
import { expect, test } from "vitest";
import { Cluster } from "../support/broker/cluster.ts";
import { joinAt, startInTurn, TOKEN } from "../support/world.ts";

const SUBJECT = "cellos.events.cluster.x";

test("[W12] [W2] [U2] a change of leader loses nothing, repeats nothing, and closes nobody", async () => {
  await using cluster = await Cluster.start();
  await using relay = await startInTurn({ NATS_URL: cluster.urls, RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1" });
  const first = await cluster.publish(SUBJECT, 10);
  const followers = [
    await joinAt(relay, SUBJECT, 1, { since: 0 }),
    await joinAt(relay, SUBJECT, 2, { since: 0 }),
    await joinAt(relay, SUBJECT, 2, { since: first[4] ?? 0 }),
  ];
  const seqs = [...first];
  const more = async (count: number): Promise<void> => {
    seqs.push(...(await cluster.publish(SUBJECT, count)));
  };
  const allHave = async (): Promise<void> => {
    await Promise.all(followers.map((follower) => follower.reaches(seqs.at(-1) ?? 0, 40_000)));
  };

  await more(20);
  await allHave();

  await cluster.stepDown();
  await more(20);
  await allHave();

  const stricken = await cluster.leader();
  await cluster.members.get(stricken)?.kill();
  await more(20);
  await allHave();

  await cluster.restore(stricken);
  const serving = await cluster.consumerLeader();
  await cluster.members.get(serving)?.kill();
  await more(20);
  await allHave();
  await cluster.restore(serving);
  await more(5);
  await allHave();

  const starts = [0, 0, first[4] ?? 0];
  for (const [index, follower] of followers.entries()) {
    expect(follower.faults, String(follower)).toEqual([]);
    expect(follower.socket.isClosed, String(follower)).toBe(false);
    expect(follower.seqs, String(follower)).toEqual(seqs.filter((seq) => seq > (starts[index] ?? 0)));
  }
}, 120_000);

test.each(["refuse", "blackhole"] as const)(
  "[W6] [P5] [W12] [JS-24] a leader that was cut off (%s) is no witness against a cursor that the others gave",
  async (how) => {
    await using cluster = await Cluster.start();
    while ((await cluster.leader()) === cluster.ownMember) await cluster.stepDown();
    const lone = await cluster.leader();
    const url = cluster.members.get(lone)?.url ?? "";
    await using relay = await startInTurn({ NATS_URL: url, RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1" });
    const seqs = await cluster.publish(SUBJECT, 10);
    const stays = await joinAt(relay, SUBJECT, 2, { since: 0 });
    const { epoch = "" } = await stays.socket.type("welcome");
    await stays.reaches(seqs[9] ?? 0);

    cluster.isolate(lone, how);
    // The others elect a leader of their own, while this one still believes to be one.
    seqs.push(...(await cluster.publish(SUBJECT, 10)));
    const last = seqs.at(-1) ?? 0;
    // As a client comes that read through another relay, with the cursor that it got there.
    const ahead = [
      await joinAt(relay, SUBJECT, 2, { since: last, epoch }),
      await joinAt(relay, "cellos.events.cluster.>", 1, { since: last }),
    ];
    for (const { socket } of ahead) expect(await socket.closed()).toMatchObject({ code: 1013 });
    expect(stays.socket.isClosed).toBe(false);

    await cluster.rejoin();
    seqs.push(...(await cluster.publish(SUBJECT, 5)));
    await stays.reaches(seqs.at(-1) ?? 0, 40_000);
    const back = await joinAt(relay, SUBJECT, 2, { since: last, epoch });
    await back.reaches(seqs.at(-1) ?? 0);
    expect([stays.faults, stays.seqs]).toEqual([[], seqs]);
    expect([back.faults, back.seqs]).toEqual([[], seqs.slice(20)]);
  },
  120_000,
);
