/** What torture holds a relay to when its stream is created anew, restored and purged: each kind of fault is found. */
import { describe, expect, test } from "vitest";
import { newAttempt, removedBefore, untold, type Attempt } from "../../torture/attempt.ts";
import { Era, type Acked } from "../../torture/annals.ts";
import { Comparison } from "../../torture/comparison.ts";
import type { Fault } from "../../torture/fault-plan.ts";
import { digest, type History, type Message } from "../../torture/model.ts";
import { Outages } from "../../torture/outages.ts";
import { makePlan } from "../../torture/plan.ts";
import type { World } from "../../torture/world.ts";
import { ReaderV2 } from "../../support/wire/reader-v2.ts";

const ALL = "cellos.events.>";
const NARROW = "cellos.events.acme.>";

const acked = (history: string, seq: number, subject = "cellos.events.acme.cell"): Acked => ({
  seq,
  subject,
  valid: true,
  digest: digest(`${history}${seq}`),
  index: seq,
  atMs: seq * 1_000,
});
const got = (history: string, seqs: number[], more: Partial<History> = {}): History => ({
  start: { kind: "exact", after: 0 },
  seqs,
  digests: seqs.map((seq) => digest(`${history}${seq}`)),
  end: seqs.at(-1) ?? null,
  era: 0,
  epoch: null,
  ...more,
});
const era = (index: number, created: string, history: string, seqs: number[]): Era => {
  const made = new Era(index, created);
  made.acked.push(...seqs.map((seq) => acked(history, seq)));
  return made;
};
/** Everything that is wrong, in short. */
const faults = (eras: Era[], histories: History[], filter = ALL, held: Message[] = []): string[] =>
  new Comparison(eras, held, false)
    .explain(filter, histories, true)
    .flatMap(({ difference, misplaced }) => [
      ...difference.lost.map((seq) => `lost ${seq}`),
      ...difference.foreign.map((seq) => `foreign ${seq}`),
      ...difference.changed.map((seq) => `changed ${seq}`),
      ...(difference.badStart === null ? [] : ["start"]),
      ...(misplaced === null ? [] : ["misplaced"]),
    ]);

describe("a stream that is created anew", () => {
  const eras = [era(0, "then", "old", [1, 2, 3, 4]), era(1, "now", "new", [1, 2, 3, 4, 5])];
  const old = got("old", [1, 2, 3], { epoch: "A" });

  test("[W6] a client that was told and began anew is in the right", () => {
    expect(faults(eras, [old, got("new", [1, 2, 3, 4, 5], { era: 1, epoch: "B" })])).toEqual([]);
    const asked = { kind: "between", low: 3, high: 4, told: 2 } as const;
    expect(faults(eras, [old, got("new", [3, 4, 5], { start: asked, epoch: "B" })])).toEqual([]);
  });

  test("[W6] one that goes on in the new one with a cursor of the old one is found", () => {
    const mixed = got("old", [1, 2, 3]);
    const on = got("new", [4, 5]);
    expect(
      faults(eras, [{ ...mixed, seqs: [1, 2, 3, 4, 5], digests: [...mixed.digests, ...on.digests], end: 5 }]),
    ).toEqual(["changed 1", "changed 2", "changed 3"]);
    const after = got("new", [4, 5], { start: { kind: "exact", after: 3 }, era: 1 });
    expect(faults(eras, [old, { ...after, epoch: "A" }])).not.toEqual([]);
    // Without an epoch a cursor is a number only.
    expect(faults(eras, [old, { ...after, epoch: "B" }])).toEqual([]);
  });

  test("[W6] old events after new ones, and a client that is never told, are found", () => {
    const fresh = got("new", [1, 2, 3, 4, 5], { era: 1, epoch: "B" });
    expect(faults(eras, [fresh, got("old", [1, 2], { era: 1, epoch: "A" })]).length).toBeGreaterThan(0);
    expect(faults(eras, [old])).toEqual(["changed 1", "changed 2", "changed 3"]);
    expect(faults(eras, [old, got("new", [1, 3, 4, 5], { era: 1, epoch: "B" })])).toEqual(["lost 2"]);
    expect(faults(eras, [old, got("new", [1, 2, 3, 4, 5, 6], { era: 1, epoch: "B" })])).toEqual(["foreign 6"]);
  });
});

describe("a stream that is restored", () => {
  const first = era(0, "then", "old", [1, 2, 3, 4, 5, 6]);
  const fork = first.fork(1, 3);
  fork.acked.push(...[4, 5, 6, 7, 8].map((seq) => acked("new", seq)));
  const eras = [first, fork];

  test("[W6] [P8] whoever had read no further goes on, and so does one that was told", () => {
    const digests = [1, 2, 3].map((seq) => digest(`old${seq}`));
    const on = got("new", [4, 5, 6, 7, 8]);
    const through = { ...on, seqs: [1, 2, 3, ...on.seqs], digests: [...digests, ...on.digests] };
    expect(faults(eras, [through])).toEqual([]);
    const told = got("old", [1, 2, 3, 4, 5]);
    expect(faults(eras, [told, got("new", [7, 8], { start: { kind: "exact", after: 6 }, era: 1 })])).toEqual([]);
  });

  test("[W6] [P8] one that goes on over the hole is found", () => {
    const before = got("old", [1, 2, 3, 4, 5, 6]);
    const on = got("new", [7, 8]);
    const over = { ...before, seqs: [...before.seqs, 7, 8], digests: [...before.digests, ...on.digests], end: 8 };
    expect(faults(eras, [over])).not.toEqual([]);
    expect(faults(eras, [{ ...before, end: 8 }])).not.toEqual([]);
  });
});

describe("what an operator removes", () => {
  const purged = era(0, "then", "old", [1, 2, 3, 4, 5, 6]);
  purged.removals.push({ atMs: 6_500, lastSeq: 5, belowSeq: 3, seqs: new Set([5]) });

  test("[W18] what was taken from between others may be missed; what is below the first seq is owed or told", () => {
    expect(faults([purged], [got("old", [1, 2, 3, 4, 6])])).toEqual([]);
    expect(faults([purged], [got("old", [1, 2, 3, 4, 5, 6])])).toEqual([]);
    expect(faults([purged], [got("old", [3, 4, 6])])).toEqual(["lost 1", "lost 2"]);
    expect(faults([purged], [got("old", [1, 2, 3, 6])])).toEqual(["lost 4"]);
  });

  test("[P10] at the head of a narrow room alone what is below the first seq may be missed", () => {
    const headless = era(0, "then", "old", [1, 2, 3]);
    headless.removals.push({ atMs: 3_200, lastSeq: 3, belowSeq: 4, seqs: new Set() });
    const missing = got("old", [1, 2], { end: 3 });
    expect(faults([headless], [missing], NARROW)).toEqual([]);
    expect(faults([headless], [missing], ALL)).toEqual(["lost 3"]);
    expect(faults([headless], [got("old", [1, 3])], NARROW)).toEqual(["lost 2"]);
  });

  test("[W19] it is known when a message was removed, and a restored stream may have it again", () => {
    expect([1, 2, 3, 5].map((seq) => purged.removedAtMs(seq))).toEqual([6_500, 6_500, null, 6_500]);
    const fork = purged.fork(1, 5);
    expect([1, 5].map((seq) => fork.removedAtMs(seq))).toEqual([null, null]);
    expect(faults([purged, fork], [got("old", [1, 2, 3, 4], { end: 5 })])).toEqual([]);
  });
});

describe("a connection", () => {
  const out = { overlaps: () => false, lastEndMs: 0, lastBeginMs: null };
  const world = (more: object): World =>
    ({ brokerOut: out, relayOut: out, recreations: out, ...more }) as unknown as World;
  const broker = { eras: [0], era: era(0, "then", "old", [1, 2]) };
  broker.era.removals.push({ atMs: 10_000, lastSeq: 1, belowSeq: 2, seqs: new Set() });
  const attempt = (askedAtMs: number): Attempt => ({
    ...newAttempt(new ReaderV2({ since: null, epoch: null }), true, world({ broker })),
    askedAtMs,
    toldAtMs: askedAtMs,
  });

  test("[W19] that came long after a removal gets nothing of what was removed", () => {
    expect(removedBefore(attempt(20_000), 1, world({ broker }))).not.toBeNull();
    expect(removedBefore(attempt(12_000), 1, world({ broker }))).toBeNull();
    expect(removedBefore(attempt(20_000), 2, world({ broker }))).toBeNull();
    const brokerOut = { ...out, overlaps: () => true };
    expect(removedBefore(attempt(20_000), 1, world({ broker, brokerOut }))).toBeNull();
  });

  test("[W6] that read a stream which was created anew is told within its time", () => {
    const recreations = { ...out, lastBeginMs: 5_000, lastEndMs: 6_000 };
    expect(untold(attempt(1_000), 30_000, world({ recreations }))).not.toBeNull();
    expect(untold(attempt(1_000), 8_000, world({ recreations }))).toBeNull();
    expect(untold(attempt(7_000), 30_000, world({ recreations }))).toBeNull();
    const brokerOut = { ...out, lastEndMs: 25_000 };
    expect(untold(attempt(1_000), 30_000, world({ recreations, brokerOut }))).toBeNull();
  });
});

test("steps of an outage are its beginning and its end", () => {
  const outages = new Outages(0);
  expect([outages.stepsBy(Date.now()), outages.lastEndMs]).toEqual([0, 0]);
  const over = outages.begin();
  expect([outages.stepsBy(Date.now()), outages.lastEndMs]).toEqual([1, Infinity]);
  over();
  expect(outages.stepsBy(Date.now())).toBe(2);
  expect(outages.lastEndMs).toBeGreaterThanOrEqual(outages.lastBeginMs ?? Infinity);
});

test("plans hold every fault of streams, and a backup before each restore", () => {
  const kinds = new Map<Fault["kind"], number>();
  for (let seed = 1; seed <= 60; seed += 1) {
    const { faults: planned } = makePlan({
      seed,
      events: 2_000,
      clients: 24,
      sdk: 4,
      chromium: 0,
      cluster: false,
      durationMs: 8_000,
    });
    let backups = 0;
    for (const { kind } of planned) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (kind === "back-up") backups += 1;
      if (kind === "restore") backups -= 1;
      expect(backups).toBeGreaterThanOrEqual(0);
    }
  }
  for (const kind of [
    "hold",
    "recreate",
    "restore",
    "purge",
    "delete-messages",
    "sleep",
    "join-ahead",
    "wrong-epoch",
    "look-back",
  ] as const) {
    expect(kinds.get(kind), kind).toBeGreaterThan(3);
  }
});
