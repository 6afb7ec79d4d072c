/** An operator pauses the consumer of a room, as nats-server 2.11 and later can (P12). */
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "nats.ws";
import { expect, test } from "vitest";
import { STREAM } from "../support/broker/rig-control.ts";
import { World } from "../support/world.ts";

const SUBJECT = "cellos.events.pause.x";
const BEAT_SECONDS = 3;

/** Asks for a pause of all consumers. False when this broker knows no such request. */
async function pauseAll(world: World): Promise<boolean> {
  const connection = await connect({ servers: world.rig.server.url, name: "test-rig" });
  try {
    const body = JSON.stringify({ pause_until: new Date(Date.now() + 3_600_000).toISOString() });
    const outcomes: boolean[] = [];
    for (const { name } of await world.rig.consumers()) {
      const asked = connection.request(`$JS.API.CONSUMER.PAUSE.${STREAM}.${name}`, body, { timeout: 2_000 });
      outcomes.push(
        await asked.then(
          (answer) => answer.json<{ paused?: boolean }>().paused === true,
          () => false,
        ),
      );
    }
    const [, minor = 0] = (connection.info?.version ?? "").split(".").map(Number);
    expect(outcomes).toEqual(outcomes.map(() => minor >= 11));
    return outcomes[0] === true;
  } finally {
    await connection.close();
  }
}

test("[P12] [W12] a paused consumer is replaced, and where none can be paused nothing changes", async () => {
  await using world = await World.start({ vars: { HEARTBEAT_SECONDS: String(BEAT_SECONDS) } });
  const clients = await world.joinMany(4, SUBJECT);
  const other = await world.join("cellos.events.pause.other", 2);
  const last = await world.publishMany(SUBJECT, 20);
  await Promise.all(clients.map((client) => client.reaches(last)));
  const names = async (): Promise<string[]> => (await world.rig.consumers()).map(({ name }) => name).toSorted();
  const before = await names();
  expect(before).toHaveLength(2);
  const isPaused = await pauseAll(world);
  const next = await world.publishMany(SUBJECT, 20);
  await Promise.all(clients.map((client) => client.reaches(next, 60_000)));
  for (const client of clients) {
    expect(client.seqs).toEqual(Array.from({ length: last + 20 }, (_event, n) => n + 1));
    expect([client.faults, client.socket.isClosed]).toEqual([[], false]);
  }
  // The other room saw nothing of its own, but its cursor stands still as well.
  await delay(4 * BEAT_SECONDS * 1_000);
  const after = await names();
  expect(after).toHaveLength(2);
  expect(after.filter((name) => before.includes(name))).toHaveLength(isPaused ? 0 : 2);
  expect([other.faults, other.cursor]).toEqual([[], next]);
});
