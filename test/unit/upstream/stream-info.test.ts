import { describe, expect, it } from "vitest";
import { ModelClock } from "../../support/model/clock.ts";
import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import { StreamInfoCache } from "../../../src/upstream/stream-info.ts";
import type { BrokerConnection } from "../../../src/upstream/connection.ts";

interface Question {
  readonly answer: (lastSeq: number, created?: string) => void;
  readonly fail: () => void;
}

/** A connection whose requests are answered by hand. */
function asked(): { link: BrokerConnection; questions: Question[] } {
  const questions: Question[] = [];
  const link: BrokerConnection = {
    receivedBytes: 0,
    maxPayloadBytes: 1024,
    request: (subject) => {
      expect(subject).toBe("STREAM.INFO.S");
      return new Promise((resolve, reject) => {
        questions.push({
          answer: (lastSeq, created = "c") => resolve({ created, state: { first_seq: 1, last_seq: lastSeq } }),
          fail: () => reject(new UpstreamError("timeout", "no answer")),
        });
      });
    },
    inbox: () => ({ subject: "inbox", close: () => {} }),
    publish: () => {},
    publishChecked: () => Promise.resolve(),
    close: () => {},
  };
  return { link, questions };
}

const clock = new ModelClock();
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("StreamInfoCache", () => {
  it("[W3] a request that left after somebody arrived is theirs too, and the next is worth waiting for", async () => {
    const { link, questions } = asked();
    const streamInfo = new StreamInfoCache("S", clock.runtime);
    expect(streamInfo.restMs()).toBe(0);
    const moment = streamInfo.now();
    const mine = streamInfo.ask(link, moment);
    expect(streamInfo.restMs()).toBe(10);
    clock.nowMs += 10;
    expect(streamInfo.restMs()).toBe(0);
    const others = [streamInfo.ask(link, moment), streamInfo.ask(link, moment)];
    const late = streamInfo.ask(link, streamInfo.now());
    questions[0]?.answer(5);
    expect((await Promise.all([mine, ...others])).map(({ lastSeq }) => lastSeq)).toEqual([5, 5, 5]);
    await settle();
    expect(questions).toHaveLength(2);
    questions[1]?.answer(6);
    expect((await late).lastSeq).toBe(6);
  });

  it("[W3] answers everybody who waits with one request, and who came after it left with the next", async () => {
    const { link, questions } = asked();
    const streamInfo = new StreamInfoCache("S", clock.runtime);
    const first = streamInfo.ask(link);
    const later = Array.from({ length: 100 }, () => streamInfo.ask(link));
    expect(questions).toHaveLength(1);
    questions[0]?.answer(5);
    expect((await first).lastSeq).toBe(5);
    await settle();
    expect(questions).toHaveLength(2);
    questions[1]?.answer(6);
    expect((await Promise.all(later)).map(({ lastSeq }) => lastSeq)).toEqual(Array.from({ length: 100 }, () => 6));
    expect(questions).toHaveLength(2);
  });

  it("[W3] an answer is good only for who came before it was asked", async () => {
    const { link, questions } = asked();
    const streamInfo = new StreamInfoCache("S", clock.runtime);
    const before = streamInfo.now();
    expect(streamInfo.since(before)).toBeNull();
    const answered = streamInfo.ask(link);
    const after = streamInfo.now();
    questions[0]?.answer(5);
    await answered;
    expect(streamInfo.since(before)?.lastSeq).toBe(5);
    expect(streamInfo.since(after)).toBeNull();
  });

  it("[V6] knows the epoch of what it read", async () => {
    const { link, questions } = asked();
    const streamInfo = new StreamInfoCache("S", clock.runtime);
    const first = streamInfo.ask(link);
    questions[0]?.answer(1, "monday");
    const second = first.then(() => streamInfo.ask(link));
    await settle();
    questions[1]?.answer(1, "tuesday");
    expect((await first).epoch).not.toBe((await second).epoch);
  });

  it("[W11] a failed request fails who asked it, and the next is asked anew", async () => {
    const { link, questions } = asked();
    const streamInfo = new StreamInfoCache("S", clock.runtime);
    const first = streamInfo.ask(link);
    const next = streamInfo.ask(link);
    questions[0]?.fail();
    await expect(first).rejects.toMatchObject({ verdict: "unavailable" });
    await settle();
    questions[1]?.answer(7);
    expect((await next).lastSeq).toBe(7);
    const third = streamInfo.ask(link);
    expect(questions).toHaveLength(3);
    questions[2]?.answer(8);
    expect((await third).lastSeq).toBe(8);
  });

  it("[W12] nobody waits for an answer on a connection that was replaced", async () => {
    const old = asked();
    const fresh = asked();
    const streamInfo = new StreamInfoCache("S", clock.runtime);
    const lost = streamInfo.ask(old.link);
    streamInfo.forget();
    const head = streamInfo.ask(fresh.link);
    expect(fresh.questions).toHaveLength(1);
    fresh.questions[0]?.answer(9);
    expect((await head).lastSeq).toBe(9);
    old.questions[0]?.fail();
    await expect(lost).rejects.toThrow(UpstreamError);
  });
});
