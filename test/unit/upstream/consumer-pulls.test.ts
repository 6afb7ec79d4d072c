/** What the pulls of a consumer ask for, and what is bounded by that. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Consumer, HEARTBEATS_MISSED } from "../../../src/upstream/consumer.ts";
import { PullBudget } from "../../../src/upstream/pull-budget.ts";
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

describe("the pulls of a Consumer", () => {
  it("[U1] [P20] a pull asks for no fewer bytes than the largest message, as the broker tells at that moment", async () => {
    const { link, consumer } = await created();
    consumer.pull(5);
    await consumer.stop();
    const { link: larger, consumer: other } = await created();
    Object.assign(larger, { maxPayloadBytes: 8 * MIB });
    other.pull(5);
    const bytesOf = ({ published }: ScriptedConnection): unknown =>
      (published[0]?.body as { max_bytes?: number } | undefined)?.max_bytes;
    expect([bytesOf(link), bytesOf(larger)]).toEqual([MIB, 8 * MIB + 64 * 1024]);
  });

  it("[U1] [JS-9] where a message is larger than a whole pull, the next may bring twice as much, and ever more", async () => {
    const { link, consumer, budget } = await created();
    const tooSmall = ModelMessage.status(409, "Message Size Exceeds MaxBytes");
    for (let n = 0; n < 10; n++) {
      consumer.pull(5);
      link.hand(tooSmall);
    }
    const bytes = link.published.map(({ body }) => (body as { max_bytes: number }).max_bytes / MIB);
    expect(bytes).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 256]);
    // One that has brought something has room for the next in another one like it.
    consumer.pull(5);
    link.hand(event(11, 1, 3));
    link.hand(tooSmall);
    consumer.pull(5);
    expect(link.published.at(-1)?.body).toMatchObject({ max_bytes: MIB });
    await consumer.stop();
    expect(budget.takenBytes).toBe(0);
  });

  it("[P20] with several pulls each message is counted against its own, which ends alone", async () => {
    const { link, consumer, events, budget } = await created();
    consumer.pull(2);
    consumer.pull(3);
    // A broker serves them in turn (JS-21).
    link.hand(event(11, 1, 9), 1);
    link.hand(event(12, 2, 8), 2);
    expect([consumer.outstanding, link.inboxes.size]).toEqual([3, 2]);
    link.hand(ModelMessage.status(409, "Message Size Exceeds MaxBytes"), 1);
    expect([consumer.outstanding, [...link.inboxes.keys()]]).toEqual([2, [2]]);
    expect(budget.takenBytes).toBeLessThanOrEqual(MIB);
    expect(events.map(({ kind }) => kind)).toEqual(["message", "message", "ended"]);
    expect(consumer.isLow).toBe(true);
  });

  it("[P20] a pull that finds no room in the budget is made when another gives back", async () => {
    const { link, consumer, budget } = await created({}, new PullBudget(MIB));
    const { link: otherLink, consumer: other } = await created({}, budget);
    consumer.pull(5);
    other.pull(7);
    expect([other.outstanding, other.isLow, otherLink.published]).toEqual([7, false, []]);
    other.pull(7);
    link.hand(ModelMessage.status(408, "Request Timeout"));
    expect([otherLink.published.length, other.outstanding, budget.takenBytes]).toEqual([1, 7, MIB]);
    consumer.pull(5);
    // One that is called off takes nothing.
    await consumer.stop();
    await other.stop();
    expect([link.published.length, budget.takenBytes]).toEqual([1, 0]);
  });

  it.each([
    ["max_batch", { max_batch: 100 }, { batch: 100, max_bytes: MIB }],
    ["max_expires", { max_expires: 1e9 }, { expires: 1e9, idle_heartbeat: 5e8 }],
    ["max_bytes", { max_bytes: 1_000 }, { batch: 1 }],
  ])("[P21] [JS-22] keeps to the %s that the broker gave the consumer", async (_name, config, body) => {
    const { link, consumer } = await created({ config: { ...config, filter_subject: "a.>" } });
    consumer.pull();
    expect(link.published[0]?.body).toMatchObject(body);
    if ("max_bytes" in config) expect(link.published[0]?.body).not.toHaveProperty("max_bytes");
  });

  it("[P21] [JS-23] a stream that allows less rest than a minute gives its own", async () => {
    const link = new ScriptedConnection();
    link.answer = ({ body }) =>
      "inactive_threshold" in (body as { config: object }).config
        ? {
            error: {
              code: 400,
              err_code: 10153,
              description: "consumer inactive threshold exceeds system limit of 10s",
            },
          }
        : { delivered: { stream_seq: 10 } };
    const { consumer } = await Consumer.create({ ...parts(), connection: link }, () => {});
    expect([link.requests.length, consumer.position]).toEqual([2, 10]);
  });

  it("[P22] [W12] misses no heartbeat while data comes in before it, for 21 s more at the longest", async () => {
    const { link, consumer, events } = await created();
    consumer.pull(5);
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    // Pongs, and the heartbeats of others.
    link.receivedBytes += 32 * 1024 - 1;
    vi.advanceTimersByTime(1);
    expect(events).toEqual([{ kind: "doubt", why: HEARTBEATS_MISSED }]);

    const { link: busy, consumer: behind, events: later } = await created();
    behind.pull(5);
    for (let ms = 0; ms < PATIENCE_MS + 21_000; ms += 1_000) {
      expect(later).toEqual([]);
      busy.receivedBytes += 32 * 1024;
      vi.advanceTimersByTime(1_000);
    }
    expect(later).toEqual([{ kind: "doubt", why: HEARTBEATS_MISSED }]);
  });

  it("[P20] a pull that is over while the broker has nothing gives back its bytes at once", async () => {
    const { link, consumer, budget } = await created();
    await consumer.pullChecked().catch(() => {});
    link.hand(heartbeat(0, 10));
    vi.advanceTimersByTime(500);
    expect([link.inboxes.size, budget.takenBytes]).toEqual([1, 0]);
    // A message of the last moment is taken all the same.
    link.hand(event(11, 1));
    expect(consumer.position).toBe(11);
  });
});
