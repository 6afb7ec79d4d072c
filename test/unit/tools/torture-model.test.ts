import { describe, expect, test } from "vitest";
import { makePlan } from "../../torture/plan.ts";
import { digest, matches, Model, type History, type Message } from "../../torture/model.ts";
import { judge, type Circumstances, type Ending } from "../../torture/verdict.ts";

const message = (seq: number, subject: string, valid = true): Message => ({
  seq,
  subject,
  valid,
  digest: digest(`${seq}`),
});
const STREAM = [
  message(1, "a.x"),
  message(2, "a.y"),
  message(3, "a.x", false),
  message(4, "b.x"),
  message(5, "a.x"),
  message(6, "a.x"),
];
const history = (
  seqs: number[],
  start: History["start"] = { kind: "exact", after: 0 },
  end: number | null = 6,
): History => ({
  start,
  seqs,
  digests: seqs.map((seq) => digest(`${seq}`)),
  end,
  era: 0,
  epoch: null,
});
const NOTHING = { lost: [], foreign: [], changed: [], badStart: null };

describe("the comparison with the stream", () => {
  const model = new Model(STREAM, true);

  test("finds nothing in a faultless history", () => {
    expect(model.compare("a.*", history([1, 2, 5, 6]))).toEqual(NOTHING);
    expect(model.compare(">", history([4, 5, 6], { kind: "exact", after: 2 }))).toEqual(NOTHING);
    expect(model.compare("a.x", history([1], undefined, 4))).toEqual(NOTHING);
    expect(model.compare("a.x", history([], undefined, null))).toEqual(NOTHING);
  });

  test("finds what was lost, at the beginning, in the middle and at the end", () => {
    expect(model.compare("a.*", history([2, 6])).lost).toEqual([1, 5]);
    expect(model.compare("a.*", history([1, 2, 5])).lost).toEqual([6]);
    expect(model.compare("b.*", history([])).lost).toEqual([4]);
  });

  test("finds what does not match, is no event, is not in the stream, or was changed", () => {
    expect(model.compare("a.x", history([1, 2, 3, 5, 6, 7])).foreign).toEqual([2, 3, 7]);
    const changed = { ...history([1, 5, 6]), digests: [digest("1"), digest("six"), digest("6")] };
    expect(model.compare("a.x", changed).changed).toEqual([5]);
    expect(new Model(STREAM, false).compare("a.x", history([1, 5, 6, 7])).foreign).toEqual([]);
  });

  test("[W3] holds a client without since to the time between its request and the answer", () => {
    const start = { kind: "between", low: 1, high: 5, told: null } as const;
    expect(model.compare("a.*", history([2, 5, 6], start))).toEqual(NOTHING);
    expect(model.compare("a.*", history([5, 6], start))).toEqual(NOTHING);
    expect(model.compare("a.*", history([6], start)).lost).toEqual([5]);
    expect(model.compare("a.*", history([1, 2, 5, 6], start)).badStart).not.toBeNull();
    expect(model.compare("a.*", history([5, 6], { ...start, told: 1 })).lost).toEqual([2]);
    expect(model.compare("a.*", history([6], { ...start, told: 5 })).badStart).not.toBeNull();
    expect(model.compare("a.*", history([5, 6], { ...start, told: 0 })).badStart).not.toBeNull();
  });

  test("a history from the oldest begins with whatever was there, and has no gap after that", () => {
    expect(model.compare("a.*", history([2, 5, 6], { kind: "oldest", told: null }))).toEqual(NOTHING);
    expect(model.compare("a.*", history([2, 6], { kind: "oldest", told: null })).lost).toEqual([5]);
  });

  test("subjects match as in NATS", () => {
    expect(["a", "a.b", "a.b.c"].map((subject) => matches("a.>", subject))).toEqual([false, true, true]);
    expect(["a.b", "a.b.c", "b.b"].map((subject) => matches("a.*", subject))).toEqual([true, false, false]);
    expect(["a.b.c", "a.x.c", "a.b"].map((subject) => matches("a.*.c", subject))).toEqual([true, true, false]);
  });
});

describe("the verdict on an ending", () => {
  const ending: Ending = {
    code: 1006,
    reason: "",
    status: null,
    own: null,
    protocol: 2,
    wedgedMs: 0,
    unprovenBytes: 0,
    problem: null,
    cursor: 10,
    lastedMs: 5_000,
    closingMs: 0,
    hasSent: true,
  };
  const around: Circumstances = {
    brokerOut: false,
    relayOut: false,
    pathOut: false,
    streamOut: false,
    isAnother: false,
    sendTimeoutMs: 8_000,
    floor: 0,
  };
  const verdict = (change: Partial<Ending>, circumstances: Partial<Circumstances> = {}): string | null =>
    judge({ ...ending, ...change }, { ...around, ...circumstances });

  test("a connection may only break off when the relay was replaced or the client did it", () => {
    expect(verdict({})).not.toBeNull();
    expect(verdict({}, { relayOut: true })).toBeNull();
    expect(verdict({}, { pathOut: true })).toBeNull();
    expect(verdict({ code: null }, { pathOut: true })).toBeNull();
    expect(verdict({ own: { kind: "terminate" } })).toBeNull();
    expect(verdict({ code: null, status: 500 })).not.toBeNull();
    expect(verdict({ code: 1011, reason: "internal error" }, { relayOut: true })).not.toBeNull();
  });

  test("[W11] 1013 needs a broker that is away, and comes within 10 s", () => {
    const refused = { code: 1013, reason: "upstream unavailable" };
    expect(verdict(refused)).not.toBeNull();
    expect(verdict(refused, { brokerOut: true })).toBeNull();
    expect(verdict({ ...refused, lastedMs: 60_000 }, { brokerOut: true })).not.toBeNull();
    expect(verdict({ code: 1013, reason: "" }, { brokerOut: true })).not.toBeNull();
  });

  test("[B1] 4408 needs a client that did not read, or one of v1 that proved nothing", () => {
    const slow = { code: 4408, reason: "slow-consumer" };
    expect(verdict(slow)).not.toBeNull();
    expect(verdict({ ...slow, wedgedMs: 7_000 })).toBeNull();
    expect(verdict({ ...slow, protocol: 1, wedgedMs: 7_000 })).not.toBeNull();
    expect(verdict({ ...slow, protocol: 1, unprovenBytes: 2 ** 20 })).toBeNull();
  });

  test("[W5] 4410 needs a problem frame, and a floor above the cursor", () => {
    const lost = { code: 4410, reason: "retention-exhausted" };
    const problem = { type: "/problems/ws/retention-exhausted", oldestSeq: 12 };
    expect(verdict({ ...lost, problem }, { floor: 12 })).toBeNull();
    expect(verdict({ ...lost, problem }, { floor: 11 })).not.toBeNull();
    expect(verdict({ ...lost, problem, cursor: 11 }, { floor: 12 })).not.toBeNull();
    expect(verdict(lost, { floor: 12 })).not.toBeNull();
  });

  test("[W6] stream-reset needs a problem frame, and a stream that became another since it was asked for", () => {
    const reset = { code: 4410, reason: "stream-reset" };
    const problem = { type: "/problems/ws/stream-reset", oldestSeq: 1 };
    expect(verdict({ ...reset, problem }, { isAnother: true })).toBeNull();
    expect(verdict({ ...reset, problem })).not.toBeNull();
    expect(verdict({ ...reset, problem }, { brokerOut: true, relayOut: true, streamOut: true })).not.toBeNull();
    expect(verdict(reset, { isAnother: true })).not.toBeNull();
    expect(
      verdict({ ...reset, problem: { ...problem, type: "/problems/ws/retention-exhausted" } }, { isAnother: true }),
    ).not.toBeNull();
  });

  test("[W11] 1008 needs a stream that is away", () => {
    const refused = { code: 1008, reason: "subscribe failed" };
    expect(verdict(refused, { brokerOut: true })).not.toBeNull();
    expect(verdict(refused, { streamOut: true })).toBeNull();
    expect(verdict({ code: 1013, reason: "upstream unavailable" }, { streamOut: true })).toBeNull();
  });

  test("[W14] its own close is answered with its own code, soon, and the connection ends", () => {
    const own = { kind: "close", code: 4005, tookMs: 100 } as const;
    expect(verdict({ code: 4005, own })).toBeNull();
    expect(verdict({ code: 1000, own })).not.toBeNull();
    expect(verdict({ code: 4005, own: { ...own, tookMs: 6_000 } })).not.toBeNull();
    const lingering = { code: 4408, reason: "slow-consumer", wedgedMs: 9_000, closingMs: 6_000 };
    expect(verdict(lingering)).not.toBeNull();
    expect(verdict({ ...lingering, hasSent: false })).toBeNull();
  });
});

describe("the plan", () => {
  const options = { events: 5_000, clients: 20, sdk: 4, chromium: 4, cluster: false, durationMs: 15_000 };

  test("is the same for the same seed, and another for another", () => {
    expect(makePlan({ ...options, seed: 7 })).toEqual(makePlan({ ...options, seed: 7 }));
    expect(makePlan({ ...options, seed: 7 })).not.toEqual(makePlan({ ...options, seed: 8 }));
  });

  test("has every event published, and its faults in order of time", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { stretches, faults } = makePlan({ ...options, seed });
      expect(stretches.reduce((sum, { count }) => sum + count, 0)).toBe(options.events);
      expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    }
  });
});
