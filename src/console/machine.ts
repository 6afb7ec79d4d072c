/**
 * The life of one connection, decided without clock, randomness or I/O.
 *
 *   idle ──connectAsked──▶ connecting ──opened──▶ live
 *                            ▲    │                 │
 *         time is up, or     │    │ closed before   │ closed, or silent for 90 s
 *         retryAsked         │    ▼ it opened       │
 *                            │  asking              │
 *                            │    │ answered        │
 *                            │    ▼                 │
 *                          waiting ◀── may mend ────┤
 *                                                   └── needs a person ──▶ closed
 *
 *   asking ──answered 400, 401, 403, 404 …──▶ closed        any ──disconnectAsked──▶ closed
 *   closed ──connectAsked, startAsked, continueAsked──▶ connecting
 *
 * The cursor outlives every state but idle: a new connection starts after it, so nothing is missed.
 */
import { jitterMs, longJitterMs } from "./backoff.ts";
import type { Frame, Problem } from "./frame.ts";
import { type Answer, type Verdict, type Why, verdictOf } from "./why.ts";

export interface Link {
  /** Empty: the relay's default subject. */
  readonly subject: string;
  /** Decimal digits, or null while the relay has told no position yet. */
  readonly cursor: string | null;
  readonly failures: number;
  /** Frames that broke the protocol: unreadable, repeated or out of order (W2). Told, never hidden. */
  readonly faults: number;
  readonly slowAtMs: number | null;
}

export type State =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting"; readonly link: Link; readonly untilMs: number }
  | { readonly kind: "asking"; readonly link: Link }
  | {
      readonly kind: "live";
      readonly link: Link;
      readonly openedMs: number;
      readonly frameMs: number;
      readonly problem: Problem | null;
    }
  | { readonly kind: "waiting"; readonly link: Link; readonly untilMs: number; readonly why: Why }
  | { readonly kind: "closed"; readonly link: Link; readonly why: Why };

export type Event =
  | { readonly kind: "connectAsked"; readonly subject: string; readonly since: string | null }
  | { readonly kind: "startAsked"; readonly since: string | null }
  | { readonly kind: "continueAsked" }
  | { readonly kind: "retryAsked" }
  | { readonly kind: "disconnectAsked" }
  | { readonly kind: "opened" }
  | { readonly kind: "framed"; readonly frame: Frame }
  | { readonly kind: "socketClosed"; readonly code: number; readonly reason: string }
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "ticked" };

export type Effect =
  | { readonly kind: "openSocket"; readonly link: Link }
  | { readonly kind: "closeSocket" }
  | { readonly kind: "askWhy"; readonly link: Link }
  | { readonly kind: "clearLog" };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Now, and a random number in [0, 1), both measured by the door. */
export interface Chance {
  readonly nowMs: number;
  readonly random: number;
}

export const SILENCE_MS = 90_000;
/** The relay may hold an upgrade back for 10 s while it waits for its broker (W11). */
export const CONNECT_MS = 30_000;
const STABLE_MS = 60_000;

const stay = (state: State): Step => ({ state, effects: [] });

export function step(state: State, event: Event, chance: Chance): Step {
  switch (event.kind) {
    case "connectAsked":
      return connect(state, event.subject, event.since, chance);
    case "startAsked":
      return state.kind === "closed" ? start(state.link.subject, event.since, chance) : stay(state);
    case "continueAsked":
      return state.kind === "closed" ? open({ ...state.link, failures: 0 }, chance) : stay(state);
    case "retryAsked":
      return state.kind === "waiting" ? open(state.link, chance) : stay(state);
    case "disconnectAsked":
      if (state.kind === "idle" || state.kind === "closed") return stay(state);
      return { state: { kind: "closed", link: state.link, why: { kind: "user" } }, effects: [{ kind: "closeSocket" }] };
    case "opened":
      if (state.kind !== "connecting") return stay(state);
      return stay({ kind: "live", link: state.link, openedMs: chance.nowMs, frameMs: chance.nowMs, problem: null });
    case "framed":
      return state.kind === "live" ? stay(onFrame(state, event.frame, chance.nowMs)) : stay(state);
    case "socketClosed":
      return onSocketClosed(state, event.code, event.reason, chance);
    case "answered":
      if (state.kind !== "asking") return stay(state);
      return settle(state.link, { kind: "refused", answer: event.answer }, chance);
    case "ticked":
      return onTick(state, chance);
  }
}

function connect(state: State, subject: string, since: string | null, chance: Chance): Step {
  if (
    state.kind === "closed" &&
    since === null &&
    subject === state.link.subject &&
    verdictOf(state.why) === "renew-token"
  ) {
    return open({ ...state.link, failures: 0 }, chance);
  }
  return start(subject, since, chance);
}

function start(subject: string, since: string | null, chance: Chance): Step {
  const opened = open({ subject, cursor: since, failures: 0, faults: 0, slowAtMs: null }, chance);
  return { state: opened.state, effects: [{ kind: "clearLog" }, ...opened.effects] };
}

function open(link: Link, { nowMs }: Chance): Step {
  return { state: { kind: "connecting", link, untilMs: nowMs + CONNECT_MS }, effects: [{ kind: "openSocket", link }] };
}

function onFrame(state: Extract<State, { kind: "live" }>, frame: Frame, nowMs: number): State {
  switch (frame.kind) {
    case "pong":
      return { ...state, frameMs: nowMs };
    case "problem":
      return { ...state, frameMs: nowMs, problem: frame.problem };
    case "unreadable":
      return { ...state, frameMs: nowMs, link: { ...state.link, faults: state.link.faults + 1 } };
    case "heartbeat":
    case "event":
      return { ...state, frameMs: nowMs, link: moved(state.link, frame.seq, frame.kind === "event" ? 1 : 0) };
  }
}

/** `stride` is how far above the cursor the next seq must be at least: an event moves it, a heartbeat may stay. */
function moved(link: Link, seq: number, stride: 0 | 1): Link {
  const cursor = Number(link.cursor ?? 0);
  if (link.cursor !== null && seq < cursor + stride) return { ...link, faults: link.faults + 1 };
  return { ...link, cursor: String(seq) };
}

function onSocketClosed(state: State, code: number, reason: string, chance: Chance): Step {
  if (state.kind === "connecting")
    return { state: { kind: "asking", link: state.link }, effects: [{ kind: "askWhy", link: state.link }] };
  if (state.kind !== "live") return stay(state);
  return settle(rested(state, chance.nowMs), { kind: "close", code, reason, problem: state.problem }, chance);
}

function onTick(state: State, chance: Chance): Step {
  const { nowMs } = chance;
  if (state.kind === "waiting" && nowMs >= state.untilMs) return open(state.link, chance);
  if (state.kind === "connecting" && nowMs >= state.untilMs) {
    return {
      state: { kind: "asking", link: state.link },
      effects: [{ kind: "closeSocket" }, { kind: "askWhy", link: state.link }],
    };
  }
  if (state.kind === "live" && nowMs - state.frameMs >= SILENCE_MS) {
    const settled = settle(rested(state, nowMs), { kind: "silent" }, chance);
    return { state: settled.state, effects: [{ kind: "closeSocket" }, ...settled.effects] };
  }
  return stay(state);
}

const rested = (state: Extract<State, { kind: "live" }>, nowMs: number): Link =>
  nowMs - state.openedMs >= STABLE_MS ? { ...state.link, failures: 0 } : state.link;

function settle(link: Link, why: Why, chance: Chance): Step {
  const verdict = verdictOf(why);
  if (verdict !== "resume" && verdict !== "catch-up" && verdict !== "back-off-long")
    return stay({ kind: "closed", link, why });
  const next: Link = {
    ...link,
    failures: link.failures + 1,
    slowAtMs: verdict === "catch-up" ? chance.nowMs : link.slowAtMs,
  };
  return stay({ kind: "waiting", link: next, untilMs: chance.nowMs + delayMs(link, why, verdict, chance), why });
}

function delayMs(link: Link, why: Why, verdict: Verdict, { nowMs, random }: Chance): number {
  const slowAgain = link.slowAtMs !== null && nowMs - link.slowAtMs < STABLE_MS;
  if (verdict === "catch-up" && !slowAgain) return 0;
  const retryAfterMs = why.kind === "refused" && why.answer.kind === "http" ? why.answer.retryAfterMs : 0;
  return Math.max(verdict === "back-off-long" ? longJitterMs(random) : jitterMs(link.failures, random), retryAfterMs);
}
