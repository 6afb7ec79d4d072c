/** Where an event came from, for those who ask: its subject and the stream's time (H1, V4). */
import { connect, type JetStreamManager, type NatsConnection } from "nats.ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventStream, type StreamItem } from "../../src/client/index.ts";
import { STREAM } from "../support/broker/rig-control.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { until } from "../support/until.ts";
import { TOKEN, World, type Client } from "../support/world.ts";

let world: World;
let connection: NatsConnection;
let manager: JetStreamManager;

beforeAll(async () => {
  world = await World.start({ vars: { WINDOW_BYTES: "3000" } });
  connection = await connect({ servers: world.rig.server.url });
  manager = await connection.jetstreamManager();
});
afterAll(async () => {
  await connection.close();
  await world[Symbol.asyncDispose]();
});

interface Origin {
  readonly seq: number;
  readonly subject?: string;
  readonly time?: string;
}

/** What the broker itself says of these messages. */
async function originsOf(seqs: readonly number[]): Promise<Origin[]> {
  const messages = await Promise.all(seqs.map((seq) => manager.streams.getMessage(STREAM, { seq })));
  return messages.map(({ seq, subject, timestamp }) => ({ seq, subject, time: timestamp }));
}

/** What a client was told, but for the events themselves. */
const told = ({ socket }: Client): Origin[] =>
  socket.received
    .flatMap(({ frame }) => (frame.type === "events" ? (frame.events ?? []) : []))
    .map(({ event: _event, ...origin }) => origin);

const publish = (root: string, count: number): Promise<number[]> =>
  world.rig.publish(
    Array.from({ length: count }, (_, n) => ({ subject: `${root}.${n % 3}.é`, data: cloudEvent({ n }) })),
  );

describe("meta", () => {
  test("[H1] [V4] a room serves clients with and without, live, out of the window and by replay, each its own form", async () => {
    const root = "cellos.events.meta.mixed";
    const old = await publish(root, 40);
    const since = old[4] ?? 0;
    const subject = `${root}.>`;
    const join = (version: 1 | 2, meta: boolean, from?: number): Promise<Client> =>
      world.join(subject, version, from === undefined ? { meta } : { meta, since: from });
    const live = await join(2, true);
    const plain = [await join(2, false), await join(1, true), await join(1, false)];
    const fresh = await publish(root, 10);
    await live.reaches(fresh.at(-1) ?? 0);
    const [replayed, resumed] = [await join(2, true, since), await join(2, true, fresh[4])];
    const plainToo = [await join(2, false, since), await join(1, true, since)];
    const last = await publish(root, 5);
    const all = [...old, ...fresh, ...last];
    const asking = [
      [live, all.slice(40)],
      [replayed, all.slice(5)],
      [resumed, all.slice(45)],
    ] as const;
    for (const [client, seqs] of asking) {
      await client.reaches(last.at(-1) ?? 0);
      expect([client.seqs, client.faults]).toEqual([seqs, []]);
      expect(told(client)).toEqual(await originsOf(seqs));
    }
    for (const client of [...plain, ...plainToo]) {
      await client.reaches(last.at(-1) ?? 0);
      expect(client.faults).toEqual([]);
      expect(told(client).every((origin) => Object.keys(origin).join() === "seq")).toBe(true);
    }
  });

  test("[H1] [H3] another value is 400, and a plain GET is told so", async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const statusOf = async (query: string): Promise<number> =>
      (await fetch(`${world.relay.url}/ws/events?${query}`, { headers })).status;
    expect([await statusOf("meta=1"), await statusOf("meta=0"), await statusOf("meta=")]).toEqual([426, 400, 400]);
  });

  test("[H1] the client hands subject and time on with each item", async () => {
    const root = "cellos.events.meta.client";
    const stream = new EventStream({ url: world.relay.url, token: TOKEN, subject: `${root}.>`, meta: true });
    const items: StreamItem[] = [];
    stream.subscribe((item) => items.push(item));
    await until("it is live", () => stream.state.kind === "live");
    const seqs = await publish(root, 20);
    await until("all events", () => items.length === 20);
    expect(items.map(({ seq, subject, time }) => ({ seq, subject, time }))).toEqual(await originsOf(seqs));
    stream.close();
  });
});
