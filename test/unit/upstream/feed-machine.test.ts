import { describe, expect, it } from "vitest";
import {
  stepUpstream,
  type Upstream,
  type UpstreamEffect,
  type UpstreamEvent,
} from "../../../src/upstream/feed-machine.ts";

const NOW = 1_000_000;
const HALF = 0.5;

/** The states by name: `due` and `early` are waiting, with the moment reached or 3 s away; `hanging` opens, and is due again. */
const STATES = {
  idle: { kind: "idle" },
  opening: { kind: "opening", attempt: 0, dueAtMs: NOW + 300 },
  reopening: { kind: "opening", attempt: 3, dueAtMs: NOW + 3_000 },
  hanging: { kind: "opening", attempt: 1, dueAtMs: NOW },
  fresh: { kind: "open", attempt: 1, sinceMs: NOW - 999 },
  steady: { kind: "open", attempt: 1, sinceMs: NOW - 1_000 },
  proven: { kind: "open", attempt: 0, sinceMs: NOW - 5_000 },
  due: { kind: "waiting", attempt: 2, dueAtMs: NOW },
  early: { kind: "waiting", attempt: 2, dueAtMs: NOW + 3_000 },
} as const satisfies Record<string, Upstream>;

const EVENTS = {
  wanted: { kind: "wanted" },
  woke: { kind: "woke" },
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

const STAY = "stay" as const;
const OPEN: UpstreamEffect = { kind: "open" };
const CLOSE: UpstreamEffect = { kind: "close" };
/** Half of `random` is the middle between the shortest and the longest wait. */
const opening = (attempt: number): Row => {
  const afterMs = attempt === 0 ? 1_500 : 2_250;
  return [{ kind: "opening", attempt, dueAtMs: NOW + afterMs }, OPEN, { kind: "retry", afterMs }];
};
const waiting = (attempt: number, mostMs: number): Row => {
  const afterMs = (100 + mostMs) / 2;
  return [
    { kind: "waiting", attempt, dueAtMs: NOW + afterMs },
    { kind: "retry", afterMs },
  ];
};
const opened = (attempt: number): Row => [
  { kind: "open", attempt, sinceMs: NOW },
  { kind: "retry", afterMs: null },
];
const closed: Row = [{ kind: "idle" }, CLOSE];

/** Only the end is heard in every state. */
const NOTHING = {
  wanted: STAY,
  woke: STAY,
  opened: STAY,
  progress: STAY,
  failed: STAY,
  failedWithWaiters: STAY,
  lost: STAY,
  lostWithWaiters: STAY,
  doubted: STAY,
  due: STAY,
  unwanted: closed,
} as const;

const TABLE: Record<keyof typeof STATES, Record<keyof typeof EVENTS, Row | typeof STAY>> = {
  idle: { ...NOTHING, wanted: opening(0), woke: waiting(1, 4_000), unwanted: STAY },
  opening: {
    ...NOTHING,
    opened: opened(1),
    failed: [{ kind: "waiting", attempt: 1, dueAtMs: NOW + 300 }],
    failedWithWaiters: [{ kind: "waiting", attempt: 1, dueAtMs: NOW + 300 }],
    due: [STATES.opening, { kind: "retry", afterMs: 300 }],
  },
  reopening: {
    ...NOTHING,
    opened: opened(4),
    failed: [{ kind: "waiting", attempt: 4, dueAtMs: NOW + 3_000 }],
    failedWithWaiters: waiting(4, 1_000),
    due: [STATES.reopening, { kind: "retry", afterMs: 3_000 }],
  },
  hanging: {
    ...NOTHING,
    opened: opened(2),
    failed: [{ kind: "waiting", attempt: 2, dueAtMs: NOW }],
    failedWithWaiters: opening(2),
    due: opening(2),
  },
  fresh: {
    ...NOTHING,
    lost: waiting(1, 2_500),
    lostWithWaiters: waiting(1, 1_000),
    doubted: waiting(1, 500),
  },
  steady: {
    ...NOTHING,
    progress: [{ kind: "open", attempt: 0, sinceMs: NOW - 1_000 }],
    lost: waiting(1, 2_500),
    lostWithWaiters: waiting(1, 1_000),
    doubted: waiting(1, 500),
  },
  proven: {
    ...NOTHING,
    lost: waiting(0, 2_500),
    lostWithWaiters: waiting(0, 1_000),
    doubted: opening(0),
  },
  due: { ...NOTHING, wanted: opening(2), due: opening(2) },
  early: { ...NOTHING, wanted: waiting(2, 1_000), due: [STATES.early, { kind: "retry", afterMs: 3_000 }] },
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

  it.each([
    [NOW + 1_000, "opens as planned", []],
    [NOW + 1_001, "is brought forward", [{ kind: "retry", afterMs: 550 }]],
  ])("[W11] a retry due at %i %s for a joiner", (dueAtMs, _what, effects) => {
    const step = stepUpstream({ kind: "waiting", attempt: 2, dueAtMs }, { kind: "wanted" }, NOW, HALF);
    expect(step.effects).toEqual(effects);
  });
});
