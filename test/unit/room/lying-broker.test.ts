/** A broker whose answers make no sense costs it a few requests, and its clients nothing but time (W17, W11, W12). */
import { describe, expect, it, vi } from "vitest";
import type { ModelBroker } from "../../support/model/broker.ts";
import { newWorld } from "../../support/model/world.ts";
import { ModelMessage } from "../../support/model/message.ts";

interface Asked {
  infos: number;
  creates: number;
}

/** Lets `lie` change what STREAM.INFO answers, and counts what is asked. */
function corrupt(broker: ModelBroker, lie: (answer: object, n: number) => object): Asked {
  const asked = { infos: 0, creates: 0 };
  const truth = broker.answer.bind(broker);
  vi.spyOn(broker, "answer").mockImplementation((link, subject, body) => {
    const answer = truth(link, subject, body) as object;
    if (subject.includes("CONSUMER.CREATE")) asked.creates++;
    return subject.includes("STREAM.INFO") ? lie(answer, ++asked.infos) : answer;
  });
  return asked;
}

const JOIN = { do: "join", v2: true, back: null, epoch: false } as const;
const LIES: readonly (readonly [name: string, lie: (answer: object, n: number) => object])[] = [
  ["says another time of creation each time", (answer, n) => ({ ...answer, created: `c${n}` })],
  ["says no state", (answer) => ({ ...answer, state: null })],
  ["counts in text", (answer) => ({ ...answer, state: { last_seq: "9" } })],
  ["counts to infinity", (answer) => ({ ...answer, state: { last_seq: Number.POSITIVE_INFINITY } })],
  ["goes back and forth", (answer, n) => ({ ...answer, state: { first_seq: 1, last_seq: n % 2 === 0 ? 0 : 50 } })],
  ["answers a list", () => []],
];

describe("a broker that lies", () => {
  it.each(LIES)("[W17] [W11] that %s is asked ever more slowly, and nobody gets a cursor of it", async (_name, lie) => {
    const world = newWorld({});
    const asked = corrupt(world.broker, lie);
    await world.run(JOIN);
    await world.run({ do: "advance", ms: 20_000 });
    // One that asks without a pause comes to thousands.
    expect(asked.creates).toBeLessThan(60);
    expect(asked.infos).toBeLessThan(120);
    expect(world.clients.size).toBe(0);
  });

  it.each(LIES)("[W17] [W12] that %s after a while closes nobody with nonsense", async (_name, lie) => {
    const world = newWorld({});
    let isLying = false;
    const asked = corrupt(world.broker, (answer, n) => (isLying ? lie(answer, n) : answer));
    await world.run(JOIN);
    await world.run({ do: "advance", ms: 500 });
    await world.run({ do: "publish", kind: "match", bytes: 100, count: 3 });
    await world.run({ do: "advance", ms: 500 });
    isLying = true;
    await world.run({ do: "cut" });
    await world.run({ do: "advance", ms: 20_000 });
    expect(asked.creates).toBeLessThan(60);
    for (const client of world.clients.values()) expect(Number.isSafeInteger(client.reading.cursor)).toBe(true);
  });

  it("[W17] whose heartbeats make no sense right behind an event is not asked for a consumer without a pause", async () => {
    const world = newWorld({});
    const asked = corrupt(world.broker, (answer) => answer);
    const status = ModelMessage.status.bind(ModelMessage);
    vi.spyOn(ModelMessage, "status").mockImplementation((code, description, counts) =>
      status(code, description, code === 100 ? { ...counts, "Nats-Last-Stream": "1e999" } : counts),
    );
    await world.run(JOIN);
    for (let n = 0; n < 100; n++) {
      await world.run({ do: "publish", kind: "match", bytes: 100, count: 1 });
      await world.run({ do: "advance", ms: 200 });
    }
    expect(asked.creates).toBeLessThan(60);
    for (const client of world.clients.values()) expect(Number.isSafeInteger(client.reading.cursor)).toBe(true);
  });
});
