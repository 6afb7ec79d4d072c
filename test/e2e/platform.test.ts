/** What a broker does that the relay relies on (docs/platform.md), asked of the broker itself in the relay's own words. */
import { connect, type Msg, type NatsConnection } from "nats.ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consumerConfig, createSubject, pullRequest, pullSubject } from "../../src/upstream/jetstream-api.ts";
import { parseAck } from "../../src/upstream/pull.ts";
import { Rig } from "../support/broker/rig.ts";
import { STREAM } from "../support/broker/rig-control.ts";
import { until } from "../support/until.ts";

interface Created {
  readonly error?: { readonly err_code: number };
  readonly delivered?: { readonly consumer_seq: number; readonly stream_seq: number };
}

const WANTED = "cellos.events.platform.a";
const OTHER = "cellos.events.platform.b";
let rig: Rig;
let connection: NatsConnection;

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  connection = await connect({ servers: rig.server.url });
});
afterAll(async () => {
  await connection.close();
  await rig.stop();
});

async function create(name: string, startSeq: number): Promise<Created> {
  const config = consumerConfig({ stream: STREAM, name, filter: WANTED, startSeq, inactiveMs: 60_000 });
  const answer = await connection.request(`$JS.API.${createSubject(STREAM, name, WANTED)}`, JSON.stringify(config));
  return answer.json<Created>();
}

/** Everything that the broker sends for one pull, as it comes. */
function pull(consumer: string, options: { batch: number; maxBytes?: number }): Msg[] {
  const frames: Msg[] = [];
  const inbox = `_INBOX.${crypto.randomUUID()}`;
  connection.subscribe(inbox, { callback: (_, message) => void frames.push(message) });
  const request = pullRequest({ expiresMs: 2_000, idleHeartbeatMs: 100, ...options });
  connection.publish(`$JS.API.${pullSubject(STREAM, consumer)}`, JSON.stringify(request), { reply: inbox });
  return frames;
}

describe("the broker", () => {
  test("[JS-1] [JS-2] moves a consumer that starts too low to the first message, and says so only by delivered", async () => {
    const { lastSeq } = await rig.streamState();
    const messages = Array.from({ length: 10 }, () => ({ subject: WANTED, data: {} }));
    const seqs = await rig.publish(messages);
    await rig.purge(seqs[5]);
    expect(seqs[0]).toBe(lastSeq + 1);
    expect(await create("zero", 0)).toMatchObject({ error: { err_code: 10094 } });
    expect(await create("low", 1)).toMatchObject({ delivered: { consumer_seq: 0, stream_seq: lastSeq + 5 } });
    expect(await create("inside", lastSeq + 8)).toMatchObject({ delivered: { stream_seq: lastSeq + 7 } });
    // 2.9 moves a start above the end down to it, newer brokers wait for that seq: so the answer is no sign of a lost cursor.
    const above = await create("above", lastSeq + 20);
    expect([lastSeq + 10, lastSeq + 19]).toContain(above.delivered?.stream_seq);
  });

  test("[JS-7] [JS-17] counts in its idle heartbeats what it delivered, and how far it has looked", async () => {
    const [start = 0, , end = 0] = await rig.publish([WANTED, OTHER, OTHER].map((subject) => ({ subject, data: {} })));
    await create("heartbeat", start);
    const frames = pull("heartbeat", { batch: 10 });
    const beat = await until("it has looked at everything", () =>
      frames.find(({ headers }) => headers?.code === 100 && headers.get("Nats-Last-Stream") === String(end)),
    );
    expect(beat.headers?.get("Nats-Last-Consumer")).toBe("1");
    expect(parseAck(frames[0]?.reply)).toMatchObject({ seq: start, dseq: 1, pending: 0 });
  });

  test("[JS-9] answers a pull of fewer bytes than the next message with 409, and does not move", async () => {
    const [start = 0] = await rig.publish([{ subject: WANTED, data: { pad: "x".repeat(5_000) } }]);
    await create("bytes", start);
    for (let n = 0; n < 2; n++) {
      const frames = pull("bytes", { batch: 1, maxBytes: 1_000 });
      await until("it is refused", () => frames.length > 0);
      expect(frames[0]?.headers).toMatchObject({ code: 409, description: "Message Size Exceeds MaxBytes" });
    }
    const frames = pull("bytes", { batch: 1, maxBytes: 1_000_000 });
    await until("it is delivered", () => frames.length > 0);
    expect(frames[0]?.data.length).toBeGreaterThan(5_000);
  });

  test("[JS-21] serves several pulls in turn, and charges each for its own messages", async () => {
    const data = { pad: "x".repeat(1_000) };
    const seqs = await rig.publish(Array.from({ length: 7 }, () => ({ subject: WANTED, data })));
    await create("turns", seqs[0] ?? 0);
    const older = pull("turns", { batch: 10, maxBytes: 3_000 });
    const newer = pull("turns", { batch: 10, maxBytes: 5_000 });
    const isEnd = ({ headers }: Msg): boolean => headers?.code === 409;
    await until("both are over", () => older.some(isEnd) && newer.some(isEnd));
    const seen = [older, newer].map((frames) => {
      const messages = frames.filter(({ headers }) => headers === undefined);
      const end = frames.find(isEnd)?.headers;
      const sizes = messages.map(
        ({ subject, reply, data: { byteLength } }) => subject.length + (reply?.length ?? 0) + byteLength,
      );
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      return {
        seqs: messages.map(({ reply }) => parseAck(reply)?.seq),
        bytes,
        left: Number(end?.get("Nats-Pending-Bytes")),
      };
    });
    expect(seen.map(({ seqs: of }) => of)).toEqual([
      [seqs[0], seqs[2]],
      [seqs[1], seqs[3], seqs[4], seqs[5]],
    ]);
    expect(seen.map(({ bytes, left }) => bytes + left)).toEqual([3_000, 5_000]);
  });
});
