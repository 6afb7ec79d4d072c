import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import { Consumer, HEARTBEATS_MISSED, type ConsumerEvent } from "../../../src/upstream/consumer.ts";
import { ModelMessage } from "../../support/model/message.ts";
import { created, event, heartbeat, parts } from "../../support/broker/scripted-consumer.ts";
import { ScriptedConnection } from "../../support/broker/scripted-link.ts";

/** Two and a half heartbeats, and half a second. */
const PATIENCE_MS = 3_000;
const MIB = 1024 * 1024;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("Consumer", () => {
  it("[U1] [W4] is created at an explicit start, under a name of its own", async () => {
    const { link, consumer, name } = await created();
    const [request] = link.requests;
    expect(request?.subject).toBe(`CONSUMER.CREATE.S.${name}.a.>`);
    expect(request?.body).toMatchObject({
      config: { name, opt_start_seq: 11, filter_subject: "a.>", inactive_threshold: 60e9 },
    });
    expect(name).toMatch(/^relay-[0-9a-f]{16}$/);
    expect((await created()).name).not.toBe(name);
    expect(consumer.position).toBe(10);
  });

  it("[W5] says where it really starts, and how much waits there", async () => {
    const link = new ScriptedConnection();
    link.answer = () => ({ delivered: { stream_seq: 30 }, num_pending: 9 });
    const { start, pending, consumer } = await Consumer.create({ ...parts(), connection: link }, () => {});
    expect({ start, pending, position: consumer.position }).toEqual({ start: 31, pending: 9, position: 30 });
  });

  it("[W2] [W12] one that a broker which is behind starts too low is doubted at its first event", async () => {
    const link = new ScriptedConnection();
    const events: ConsumerEvent[] = [];
    link.answer = () => ({ delivered: { stream_seq: 5 } });
    const { consumer } = await Consumer.create({ ...parts(), connection: link }, (said) => events.push(said));
    consumer.pull();
    link.hand(event(6, 1));
    expect(events).toEqual([{ kind: "doubt", why: "seq 6 after 10" }]);
  });

  it("[W11] is not created when the broker refuses", async () => {
    const link = new ScriptedConnection();
    link.answer = () => ({ error: { code: 404, err_code: 10059 } });
    await expect(Consumer.create({ ...parts(), connection: link }, () => {})).rejects.toMatchObject({
      verdict: "refused",
      cause: "stream-missing",
    });
    expect(link.inboxes.size).toBe(0);
  });

  it("[W2] [W9] says what was read, and how far", async () => {
    const { link, consumer, events, name } = await created();
    consumer.pull(5);
    expect(link.published).toEqual([
      {
        subject: `CONSUMER.MSG.NEXT.S.${name}`,
        body: { batch: 5, max_bytes: MIB, expires: 30_000_000_000, idle_heartbeat: 1_000_000_000 },
        reply: "inbox 1",
      },
    ]);
    link.hand(event(13, 1, 1));
    link.hand(event(14, 2));
    link.hand(heartbeat(2, 20));
    expect(events.map(({ kind }) => kind)).toEqual(["message", "message", "position"]);
    expect(events[0]).toMatchObject({ position: 13, pending: 1, headers: null });
    expect(events[2]).toEqual({ kind: "position", position: 20, passed: 0 });
    expect({ position: consumer.position, outstanding: consumer.outstanding }).toEqual({
      position: 20,
      outstanding: 3,
    });
  });

  it("[W15] [W17] hands over the subject and the bytes of headers and payload, and looks into none of them", async () => {
    const { link, consumer, events } = await created();
    consumer.pull();
    const given = Uint8Array.of(0, 255, 58, 10);
    link.hand(ModelMessage.event({ seq: 11, dseq: 1, pending: 0 }, "{}", given));
    expect(events).toEqual([
      expect.objectContaining({
        kind: "message",
        subject: "s",
        headers: given,
        payload: new TextEncoder().encode("{}"),
      }),
    ]);
  });

  it.each([
    ["text", "many", 12],
    ["negative", -1, 12],
    ["above 2^53", "9007199254740993", 12],
    ["infinite", "1e999", 12],
    ["a fraction", "1.5", 12],
    ["text for the stream", 0, "many"],
    ["infinite for the stream", 0, "9".repeat(400)],
    ["negative for the stream", 0, -3],
  ])("[W17] [W9] a heartbeat whose counters are %s is doubted, and moves nothing", async (_name, consumer, stream) => {
    const { link, events, consumer: reader } = await created();
    reader.pull();
    link.hand(
      ModelMessage.status(100, "Idle Heartbeat", { "Nats-Last-Consumer": consumer, "Nats-Last-Stream": stream }),
    );
    expect(events).toEqual([{ kind: "doubt", why: expect.any(String) }]);
    expect(reader.position).toBe(10);
  });

  it.each([
    ["a gap in the deliveries", event(13, 2)],
    ["a heartbeat that is ahead", heartbeat(1, 20)],
    ["a frame without metadata", ModelMessage.status(0, "")],
    ["the consumer deleted", ModelMessage.status(409, "Consumer Deleted")],
    ["a refused inbox", null],
  ])(
    "[W2] [W12] %s is a doubt: said once, nothing follows, and the broker forgets the consumer",
    async (_name, message) => {
      const { link, consumer, events, name } = await created();
      consumer.pull(5);
      link.hand(message);
      link.hand(event(11, 1));
      expect(events.map(({ kind }) => kind)).toEqual(["doubt"]);
      expect(link.inboxes.size).toBe(0);
      expect(link.requests.at(-1)?.subject).toBe(`CONSUMER.DELETE.S.${name}`);
      expect(vi.getTimerCount()).toBe(0);
      consumer.pull(5);
      expect(link.published).toHaveLength(1);
    },
  );

  it("[U1] is deleted once, and stopping never throws", async () => {
    const { link, consumer, events } = await created();
    link.answer = () => {
      throw new UpstreamError("timeout", "no answer");
    };
    await consumer.stop();
    await consumer.stop();
    expect(link.requests).toHaveLength(2);
    link.hand(event(11, 1));
    expect(events).toEqual([]);
  });

  it("[W12] misses heartbeats for two and a half of them while a pull is under way, and doubts the connection", async () => {
    const { link, consumer, events } = await created();
    vi.advanceTimersByTime(60_000);
    expect(events).toEqual([]);
    consumer.pull(5);
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    expect(events).toEqual([]);
    link.hand(heartbeat(0, 10));
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    expect(events.map(({ kind }) => kind)).toEqual(["position"]);
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(events.at(-1)).toEqual({ kind: "doubt", why: HEARTBEATS_MISSED });
  });

  it("[W12] expects no heartbeat when nothing is asked for, and again with the next pull", async () => {
    const { link, consumer, events } = await created();
    consumer.pull(1);
    link.hand(event(11, 1));
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(events).toHaveLength(1);
    consumer.pull(1);
    vi.advanceTimersByTime(2 * PATIENCE_MS);
    expect(events.at(-1)).toEqual({ kind: "doubt", why: HEARTBEATS_MISSED });
  });

  it("[W12] takes a pull for over half a second before the broker does, though a 408 never comes", async () => {
    const { link, consumer, events, budget } = await created();
    await consumer.pullChecked().catch(() => {});
    link.hand(event(11, 1));
    vi.advanceTimersByTime(499);
    expect([events.length, consumer.outstanding]).toEqual([1, 511]);
    vi.advanceTimersByTime(1);
    const end = { kind: "ended", unattended: false };
    expect([events.at(-1), consumer.outstanding]).toEqual([end, 0]);
    // What the broker has sent by then still comes, and counts until it was quiet for two seconds.
    vi.advanceTimersByTime(1_500);
    link.hand(event(12, 2));
    expect(events.at(-1)).toMatchObject({ kind: "message", position: 12 });
    vi.advanceTimersByTime(1_999);
    expect([link.inboxes.size, budget.takenBytes > 0]).toEqual([1, true]);
    vi.advanceTimersByTime(1);
    expect([link.inboxes.size, budget.takenBytes, vi.getTimerCount(), events.length]).toEqual([0, 0, 0, 3]);
  });

  it("[U1] a 408 takes nothing from the pull that has followed the one it ends", async () => {
    const { link, consumer, events } = await created();
    await consumer.pullChecked().catch(() => {});
    vi.advanceTimersByTime(500);
    consumer.pull(7);
    vi.advanceTimersByTime(500);
    link.hand(ModelMessage.status(408, "Request Timeout"), 1);
    expect(consumer.outstanding).toBe(7);
    // Had the second pull been late, nobody would have waited at the broker.
    const end = { kind: "ended", unattended: false };
    expect(events).toEqual([end, { ...end, unattended: true }]);
  });

  it("[B1] [U1] the word that a batch is complete takes nothing from the next, or ever more would be under way", async () => {
    const { link, consumer, events, budget } = await created();
    consumer.pull(1);
    link.hand(event(11, 1, 9));
    consumer.pull(7);
    link.hand(ModelMessage.status(409, "Batch Completed", { "Nats-Pending-Messages": 0 }), 1);
    expect([events.map(({ kind }) => kind), consumer.outstanding, budget.takenBytes]).toEqual([["message"], 7, MIB]);
    link.hand(ModelMessage.status(409, "Message Size Exceeds MaxBytes", { "Nats-Pending-Messages": 7 }));
    expect([events.at(-1), consumer.outstanding]).toEqual([{ kind: "ended", unattended: true }, 0]);
  });

  it("[W5] [P10] says which message uses up a pull: perhaps nobody delivered after it", async () => {
    const { link, consumer, events } = await created();
    consumer.pull(2);
    link.hand(event(11, 1, 9));
    consumer.pull(2);
    for (const [seq, inbox] of [
      [12, 2],
      [13, 1],
      [14, 2],
    ] as const)
      link.hand(event(seq, seq - 10, 9), inbox);
    expect(events.map((said) => said.kind === "message" && said.endsPull)).toEqual([false, false, true, true]);
  });

  it("[W12] the first frame may take as long as any after a pull", async () => {
    const { link, consumer, events } = await created();
    consumer.pull(5);
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    consumer.pull(5);
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    expect(events).toEqual([]);
    link.hand(heartbeat(0, 10));
    expect(consumer.outstanding).toBe(10);
  });

  it("[W11] a first pull that is forbidden is told", async () => {
    const { consumer } = await created();
    await expect(consumer.pullChecked()).rejects.toMatchObject({ verdict: "refused" });
  });
});
