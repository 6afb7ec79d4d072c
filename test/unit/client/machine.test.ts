import { describe, expect, test } from "vitest";
import { RelayError } from "../../../src/client/wire/error.ts";
import { FIRST, step } from "../../../src/client/machine.ts";
import type { Circumstances } from "../../../src/client/retry.ts";
import type { StreamEvent, State, Step } from "../../../src/client/state.ts";

const NOW_MS = 1_000_000;
const HEARTBEAT_MS = 25_000;
const NOW: Circumstances = { nowMs: NOW_MS, random: 0.5, isHidden: false, canRenew: true, canHydrate: true };
const PAST = { failures: 0, hurriedAtMs: -Infinity };
const DEADLINE_MS = NOW_MS + 5_000;
const reading = { past: PAST, sinceMs: NOW_MS, heartbeatMs: HEARTBEAT_MS, deadlineMs: DEADLINE_MS };
const error = new RelayError("lost", { code: 1006 });

const STATES: { readonly [Kind in State["kind"]]: State & { kind: Kind } } = {
  connecting: { kind: "connecting", past: PAST },
  joining: { kind: "joining", past: PAST, deadlineMs: DEADLINE_MS },
  asking: { kind: "asking", past: PAST },
  replaying: { kind: "replaying", ...reading },
  live: { kind: "live", upstream: "connected", ...reading },
  waiting: { kind: "waiting", past: PAST, error, deadlineMs: DEADLINE_MS },
  hydrating: { kind: "hydrating", past: PAST, error: new RelayError("stream-reset", { code: 4410 }) },
  closed: { kind: "closed", error: null },
};

const welcome = (live: boolean): StreamEvent => ({
  kind: "framed",
  frame: { type: "welcome", epoch: "e", cursor: 1, live, heartbeatMs: HEARTBEAT_MS, ackBytes: 1 },
});

const EVENTS = {
  dialled: { kind: "dialled" },
  failed: { kind: "failed" },
  heard: { kind: "heard" },
  welcome: welcome(false),
  "welcome live": welcome(true),
  "caught-up": { kind: "framed", frame: { type: "caught-up", cursor: 1 } },
  "heartbeat reconnecting": { kind: "framed", frame: { type: "heartbeat", cursor: 1, upstream: "reconnecting" } },
  events: { kind: "framed", frame: { type: "events", prev: 1, events: [] } },
  lost: { kind: "lost", error },
  threw: { kind: "threw", cause: new Error("no token") },
  hydrated: { kind: "hydrated" },
  "ticked early": { kind: "ticked" },
  "ticked in time": { kind: "ticked" },
  woke: { kind: "woke" },
  closeAsked: { kind: "closeAsked" },
} as const satisfies Record<string, StreamEvent>;
type EventName = keyof typeof EVENTS;

/** What follows: the next kind and the effects, or nothing for "as it was". */
const TABLE: Record<State["kind"], Record<EventName, string | null>> = {
  connecting: {
    dialled: "joining",
    failed: null,
    heard: null,
    welcome: null,
    "welcome live": null,
    "caught-up": null,
    "heartbeat reconnecting": null,
    events: null,
    lost: null,
    threw: "waiting drop",
    hydrated: null,
    "ticked early": null,
    "ticked in time": null,
    woke: null,
    closeAsked: "closed drop",
  },
  joining: {
    dialled: null,
    failed: "asking drop ask",
    heard: null,
    welcome: "replaying",
    "welcome live": "live",
    "caught-up": null,
    "heartbeat reconnecting": null,
    events: null,
    lost: "waiting drop",
    threw: null,
    hydrated: null,
    "ticked early": null,
    "ticked in time": "asking drop ask",
    woke: null,
    closeAsked: "closed drop",
  },
  asking: {
    dialled: null,
    failed: null,
    heard: null,
    welcome: null,
    "welcome live": null,
    "caught-up": null,
    "heartbeat reconnecting": null,
    events: null,
    lost: "waiting drop",
    threw: null,
    hydrated: null,
    "ticked early": null,
    "ticked in time": null,
    woke: null,
    closeAsked: "closed drop",
  },
  replaying: {
    dialled: null,
    failed: null,
    heard: "replaying",
    welcome: null,
    "welcome live": "live",
    "caught-up": "live",
    "heartbeat reconnecting": null,
    events: null,
    lost: "waiting drop",
    threw: null,
    hydrated: null,
    "ticked early": null,
    "ticked in time": "waiting drop",
    woke: "replaying",
    closeAsked: "closed drop",
  },
  live: {
    dialled: null,
    failed: null,
    heard: "live",
    welcome: null,
    "welcome live": null,
    "caught-up": null,
    "heartbeat reconnecting": "live",
    events: null,
    lost: "waiting drop",
    threw: null,
    hydrated: null,
    "ticked early": null,
    "ticked in time": "waiting drop",
    woke: "live",
    closeAsked: "closed drop",
  },
  waiting: {
    dialled: null,
    failed: null,
    heard: null,
    welcome: null,
    "welcome live": null,
    "caught-up": null,
    "heartbeat reconnecting": null,
    events: null,
    lost: null,
    threw: null,
    hydrated: null,
    "ticked early": null,
    "ticked in time": "connecting open",
    woke: "connecting open",
    closeAsked: "closed drop",
  },
  hydrating: {
    dialled: null,
    failed: null,
    heard: null,
    welcome: null,
    "welcome live": null,
    "caught-up": null,
    "heartbeat reconnecting": null,
    events: null,
    lost: null,
    threw: "waiting drop",
    hydrated: "connecting open",
    "ticked early": null,
    "ticked in time": null,
    woke: null,
    closeAsked: "closed drop",
  },
  closed: {
    dialled: null,
    failed: null,
    heard: null,
    welcome: null,
    "welcome live": null,
    "caught-up": null,
    "heartbeat reconnecting": null,
    events: null,
    lost: null,
    threw: null,
    hydrated: null,
    "ticked early": null,
    "ticked in time": null,
    woke: null,
    closeAsked: null,
  },
};

const told = ([state, ...effects]: Step): string => [state.kind, ...effects].join(" ");

describe("the machine", () => {
  const cells = Object.entries(TABLE).flatMap(([kind, row]) =>
    Object.entries(row).map(([name, expected]) => [kind as State["kind"], name as EventName, expected] as const),
  );
  test.each(cells)("%s, %s: %s", (kind, name, expected) => {
    const before = STATES[kind];
    const nowMs = name === "ticked in time" ? DEADLINE_MS : NOW_MS;
    const result = step(before, EVENTS[name], { ...NOW, nowMs });
    expect(told(result)).toBe(expected ?? kind);
    expect(expected !== null || result[0] === before).toBe(true);
  });

  test("a stream begins by connecting", () => {
    expect(told(FIRST)).toBe("connecting open");
  });
});
