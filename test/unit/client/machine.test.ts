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
const reading = {
  past: PAST,
  sinceMs: NOW_MS,
  heartbeatMs: HEARTBEAT_MS,
  deadlineMs: DEADLINE_MS,
  upstream: "connected",
} as const;
const error = new RelayError("lost", { code: 1006 });

const STATES: { readonly [Kind in State["kind"]]: State & { kind: Kind } } = {
  connecting: { kind: "connecting", past: PAST },
  joining: { kind: "joining", past: PAST, deadlineMs: DEADLINE_MS },
  asking: { kind: "asking", past: PAST },
  replaying: { kind: "replaying", ...reading },
  live: { kind: "live", ...reading },
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

/** What follows: the next kind and the effects. An event that is not named leaves everything as it was. */
const TABLE: Record<State["kind"], Partial<Record<EventName, string>>> = {
  connecting: {
    dialled: "joining",
    threw: "waiting drop",
    closeAsked: "closed drop",
  },
  joining: {
    failed: "asking drop ask",
    welcome: "replaying",
    "welcome live": "live",
    lost: "waiting drop",
    "ticked in time": "asking drop ask",
    closeAsked: "closed drop",
  },
  asking: {
    lost: "waiting drop",
    closeAsked: "closed drop",
  },
  replaying: {
    heard: "replaying",
    "heartbeat reconnecting": "replaying",
    "welcome live": "live",
    "caught-up": "live",
    lost: "waiting drop",
    "ticked in time": "waiting drop",
    woke: "replaying",
    closeAsked: "closed drop",
  },
  live: {
    heard: "live",
    "heartbeat reconnecting": "live",
    lost: "waiting drop",
    "ticked in time": "waiting drop",
    woke: "live",
    closeAsked: "closed drop",
  },
  waiting: {
    "ticked in time": "connecting open",
    woke: "connecting open",
    closeAsked: "closed drop",
  },
  hydrating: {
    threw: "waiting drop",
    hydrated: "connecting open",
    closeAsked: "closed drop",
  },
  closed: {},
};

const told = ([state, ...effects]: Step): string => [state.kind, ...effects].join(" ");

describe("the machine", () => {
  const names = Object.keys(EVENTS) as EventName[];
  const cells = Object.entries(TABLE).flatMap(([kind, row]) =>
    names.map((name) => [kind as State["kind"], name, row[name] ?? null] as const),
  );
  test.each(cells)("%s, %s: %s", (kind, name, expected) => {
    const before = STATES[kind];
    const nowMs = name === "ticked in time" ? DEADLINE_MS : NOW_MS;
    const result = step(before, EVENTS[name], { ...NOW, nowMs });
    expect(told(result)).toBe(expected ?? kind);
    expect(expected !== null || result[0] === before).toBe(true);
  });

  test("[V3] welcome tells whether the relay has its broker, a caught-up nothing, and an older relay nothing at all", () => {
    const welcomed = (upstream: "connected" | "reconnecting" | undefined, live: boolean): State =>
      step(
        STATES.joining,
        {
          kind: "framed",
          frame: {
            type: "welcome",
            epoch: "e",
            cursor: 1,
            live,
            heartbeatMs: 1,
            ackBytes: 1,
            ...(upstream && { upstream }),
          },
        },
        NOW,
      )[0];
    expect(welcomed("reconnecting", true)).toMatchObject({ kind: "live", upstream: "reconnecting" });
    expect(welcomed("connected", true)).toMatchObject({ kind: "live", upstream: "connected" });
    expect(welcomed(undefined, true)).toMatchObject({ kind: "live", upstream: "connected" });
    const replaying = welcomed("reconnecting", false);
    expect(step(replaying, EVENTS["caught-up"], NOW)[0]).toMatchObject({ kind: "live", upstream: "reconnecting" });
  });

  test("a stream begins by connecting", () => {
    expect(told(FIRST)).toBe("connecting open");
  });
});
