import { describe, expect, it } from "vitest";
import {
  stepUpstream,
  type Upstream,
  type UpstreamEffect,
  type UpstreamEvent,
} from "../../../src/upstream/feed-machine.ts";

const NOW = 1_000_000;
const HALF = 0.5;

/** The states by name: `due` and `early` are waiting, with the moment reached or 10 s away. */
const STATES = {
  idle: { kind: "idle" },
  opening: { kind: "opening", attempt: 0 },
  reopening: { kind: "opening", attempt: 3 },
  fresh: { kind: "open", attempt: 1, sinceMs: NOW - 999 },
  steady: { kind: "open", attempt: 1, sinceMs: NOW - 1_000 },
  proven: { kind: "open", attempt: 0, sinceMs: NOW - 5_000 },
  due: { kind: "waiting", attempt: 2, dueAtMs: NOW },
  early: { kind: "waiting", attempt: 2, dueAtMs: NOW + 10_000 },
} as const satisfies Record<string, Upstream>;

const EVENTS = {
  wanted: { kind: "wanted" },
  opened: { kind: "opened" },
  progress: { kind: "progress" },
  failed: { kind: "failed", hasWaiters: false },
  failedWithWaiters: { kind: "failed", hasWaiters: true },
  lost: { kind: "lost", connected: false, hasWaiters: false },
  lostWithWaiters: { kind: "lost", connected: false, hasWaiters: true },
  doubted: { kind: "lost", connected: true, hasWaiters: false },
  due: { kind: "due" },
  unwanted: { kind: "unwanted" },
} as const satisfies Record<string, UpstreamEvent>;

/** A new kind of state or event must get a name above, or this does not compile. */
type Covers<All extends string, Named extends All> = [All] extends [Named] ? true : never;
const coversStates: Covers<Upstream["kind"], (typeof STATES)[keyof typeof STATES]["kind"]> = true;
const coversEvents: Covers<UpstreamEvent["kind"], (typeof EVENTS)[keyof typeof EVENTS]["kind"]> = true;

type Row = readonly [next: Upstream, ...effects: UpstreamEffect[]];

const STAY = "stay";
const OPEN: UpstreamEffect = { kind: "open" };
const CLOSE: UpstreamEffect = { kind: "close" };
const opening = (attempt: number): Row => [{ kind: "opening", attempt }, OPEN];
/** Half of `random` makes three quarters of the ceiling. */
const waiting = (attempt: number, ceilingMs: number): Row => [
  { kind: "waiting", attempt, dueAtMs: NOW + ceilingMs * 0.75 },
  { kind: "retry", afterMs: ceilingMs * 0.75 },
];
const closed: Row = [{ kind: "idle" }, CLOSE];

const TABLE: Record<keyof typeof STATES, Record<keyof typeof EVENTS, Row | typeof STAY>> = {
  idle: {
    wanted: opening(0),
    opened: STAY,
    progress: STAY,
    failed: STAY,
    failedWithWaiters: STAY,
    lost: STAY,
    lostWithWaiters: STAY,
    doubted: STAY,
    due: STAY,
    unwanted: STAY,
  },
  opening: {
    wanted: STAY,
    opened: [{ kind: "open", attempt: 1, sinceMs: NOW }],
    progress: STAY,
    failed: waiting(1, 500),
    failedWithWaiters: waiting(1, 500),
    lost: STAY,
    lostWithWaiters: STAY,
    doubted: STAY,
    due: STAY,
    unwanted: closed,
  },
  reopening: {
    wanted: STAY,
    opened: [{ kind: "open", attempt: 4, sinceMs: NOW }],
    progress: STAY,
    failed: waiting(4, 4_000),
    failedWithWaiters: waiting(4, 1_000),
    lost: STAY,
    lostWithWaiters: STAY,
    doubted: STAY,
    due: STAY,
    unwanted: closed,
  },
  fresh: {
    wanted: STAY,
    opened: STAY,
    progress: STAY,
    failed: STAY,
    failedWithWaiters: STAY,
    lost: waiting(1, 500),
    lostWithWaiters: waiting(1, 500),
    doubted: waiting(1, 500),
    due: STAY,
    unwanted: closed,
  },
  steady: {
    wanted: STAY,
    opened: STAY,
    progress: [{ kind: "open", attempt: 0, sinceMs: NOW - 1_000 }],
    failed: STAY,
    failedWithWaiters: STAY,
    lost: waiting(1, 500),
    lostWithWaiters: waiting(1, 500),
    doubted: waiting(1, 500),
    due: STAY,
    unwanted: closed,
  },
  proven: {
    wanted: STAY,
    opened: STAY,
    progress: STAY,
    failed: STAY,
    failedWithWaiters: STAY,
    lost: waiting(0, 500),
    lostWithWaiters: waiting(0, 500),
    doubted: opening(0),
    due: STAY,
    unwanted: closed,
  },
  due: {
    wanted: opening(2),
    opened: STAY,
    progress: STAY,
    failed: STAY,
    failedWithWaiters: STAY,
    lost: STAY,
    lostWithWaiters: STAY,
    doubted: STAY,
    due: opening(2),
    unwanted: closed,
  },
  early: {
    wanted: [
      { kind: "waiting", attempt: 2, dueAtMs: NOW + 1_000 },
      { kind: "retry", afterMs: 1_000 },
    ],
    opened: STAY,
    progress: STAY,
    failed: STAY,
    failedWithWaiters: STAY,
    lost: STAY,
    lostWithWaiters: STAY,
    doubted: STAY,
    due: STAY,
    unwanted: closed,
  },
};

const rows = Object.entries(TABLE).flatMap(([state, row]) =>
  Object.entries(row).map(([event, expected]) => ({ state, event, expected })),
);

describe("stepUpstream", () => {
  it.each(rows)("[W11] [W12] $state, $event", ({ state, event, expected }) => {
    const before = STATES[state as keyof typeof STATES];
    const step = stepUpstream(before, EVENTS[event as keyof typeof EVENTS], NOW, HALF);
    const [next, ...effects] = expected === STAY ? [before] : expected;
    expect(step).toEqual({ state: next, effects });
    expect(coversStates && coversEvents).toBe(true);
  });

  it("[W11] [W12] leaves all but the first retries to the alarm, so that the room may sleep, unless somebody waits", () => {
    const state: Upstream = { kind: "opening", attempt: 4 };
    const alone = stepUpstream(state, { kind: "failed", hasWaiters: false }, NOW, HALF);
    expect(alone).toEqual({
      state: { kind: "waiting", attempt: 5, dueAtMs: NOW },
      effects: [{ kind: "retry", afterMs: null }],
    });
    const hasWaiters = stepUpstream(state, { kind: "failed", hasWaiters: true }, NOW, HALF);
    expect(hasWaiters.effects).toEqual([{ kind: "retry", afterMs: 750 }]);
    const fourth = stepUpstream({ kind: "opening", attempt: 3 }, { kind: "failed", hasWaiters: false }, NOW, HALF);
    expect(fourth.effects).toEqual([{ kind: "retry", afterMs: 3_000 }]);
  });

  it.each([
    [NOW + 1_000, "opens as planned", []],
    [NOW + 1_001, "is brought forward", [{ kind: "retry", afterMs: 1_000 }]],
  ])("[W11] a retry due at %i %s for a joiner", (dueAtMs, _what, effects) => {
    const step = stepUpstream({ kind: "waiting", attempt: 2, dueAtMs }, { kind: "wanted" }, NOW, HALF);
    expect(step.effects).toEqual(effects);
  });
});
