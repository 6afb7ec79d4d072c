import { beforeEach, describe, expect, it } from "vitest";
import type { Admission, StartRequest } from "../../../../src/room/join/decision.ts";
import { PendingJoins, type JoinQuestions, type PendingJoin } from "../../../../src/room/join/pending.ts";
import { ModelClock } from "../../../support/model/clock.ts";

const LATE_MS = 10_000;
const LATE: Admission = { kind: "refuse", close: "upstreamUnavailable" };
const OPEN: Admission = { kind: "admit", cursor: 5, live: true, fromOldest: false };

let clock = new ModelClock();
let joins = new PendingJoins(clock.runtime);

beforeEach(() => {
  clock = new ModelClock();
  joins = new PendingJoins(clock.runtime);
});

const request = (since: number | null = null): StartRequest => ({ since, epoch: null });

/** Answers late when it is late, and whatever `known` says before; asks nothing of its own. */
function questions(known: () => Admission | null): JoinQuestions {
  return { admission: (isLate) => known() ?? (isLate ? LATE : null), ask: () => null };
}

/** Waits as a room does. */
async function answered(pending: PendingJoin, into: string[], name: string): Promise<void> {
  for (;;) {
    const admission = pending.admission();
    if (admission !== null) return void into.push(`${name} ${admission.kind}`);
    await pending.change();
  }
}

describe("PendingJoins", () => {
  it("[B3] answers at once what can be answered at once", () => {
    const pending = joins.add(
      request(),
      questions(() => OPEN),
    );
    expect(joins.count).toBe(1);
    expect(pending.admission()).toEqual(OPEN);
    expect([joins.count, clock.armed]).toEqual([0, 0]);
  });

  it("[W11] asks again after every change, all of them together", async () => {
    const entered: string[] = [];
    let known: Admission | null = null;
    const [first, second] = [request(1), request(2)];
    for (const [name, wanted] of [
      ["first", first],
      ["second", second],
    ] as const) {
      const pending = joins.add(
        wanted,
        questions(() => known),
      );
      void answered(pending, entered, name);
    }
    expect(joins.requests).toEqual([first, second]);
    joins.notify();
    await clock.advance(0);
    expect(entered).toEqual([]);
    known = OPEN;
    joins.notify();
    await clock.advance(0);
    expect(entered).toEqual(["first admit", "second admit"]);
    expect([joins.count, clock.armed]).toEqual([0, 0]);
  });

  it("[W11] waits 10 s from its own arrival, and no longer", async () => {
    const entered: string[] = [];
    const nothing = questions(() => null);
    void answered(joins.add(request(), nothing), entered, "first");
    await clock.advance(4_000);
    void answered(joins.add(request(), nothing), entered, "second");
    await clock.advance(LATE_MS - 4_001);
    expect(entered).toEqual([]);
    await clock.advance(1);
    expect(entered).toEqual(["first refuse"]);
    await clock.advance(4_000);
    expect(entered).toEqual(["first refuse", "second refuse"]);
  });

  it("[W11] an answer that fails is a change, and one that never comes delays no client past 10 s", async () => {
    const entered: string[] = [];
    let asked = 0;
    const pending = joins.add(request(), {
      admission: (isLate) => (isLate ? LATE : null),
      ask: () => (asked++ === 0 ? Promise.reject(new Error("no answer")) : new Promise(() => {})),
    });
    void answered(pending, entered, "the client");
    await clock.advance(0);
    expect(asked).toBe(2);
    await clock.advance(LATE_MS);
    expect(entered).toEqual(["the client refuse"]);
  });

  it("[W3] gives the answer in the turn in which it is known, and waits no longer from then on", async () => {
    let known: Admission | null = null;
    const pending = joins.add(
      request(),
      questions(() => known),
    );
    expect(pending.admission()).toBeNull();
    const changed = pending.change();
    known = OPEN;
    joins.notify();
    await changed;
    expect(joins.count).toBe(1);
    expect(pending.admission()).toEqual(OPEN);
    expect(joins.count).toBe(0);
  });
});
