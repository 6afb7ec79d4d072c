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
