/**
 * The life of a stream, decided without clock, randomness or I/O.
 *
 *   connecting ──opened──▶ joining ──welcomed──▶ replaying ──caughtUp──▶ live
 *     │  ▲  ▲                 │                      │                    │
 *   failed  │ hydrated        └───── lost, silent ───┼────────────────────┘
 *     │  │  │                                        ▼
 *     │  │  hydrating ◀── ticked, woke (4410) ──── waiting
 *     │  └─────────────── ticked, woke ──────────────┘ ▲
 *     └──▶ asking ──answered: may mend ────────────────┘
 *
 *   any ── closeAsked, a verdict of "stop", 4410 without onReset, a token that cannot be renewed ──▶ closed
 */
import { CLOSE } from "../protocol/codes.ts";
import { RelayError } from "./error.ts";
import { jitterMs, longJitterMs, verdictOf, verdictOfStatus, type Circumstances } from "./retry.ts";
import type { Happening, Past, State, Step } from "./state.ts";
import type { Answer } from "./why.ts";

/** The relay may hold an upgrade back for 10 s while it waits for its broker (W11). */
export const JOIN_MS = 30_000;
/** Besides one and a half heartbeats: the alarm behind them may slip by a minute (W8). */
export const SLACK_MS = 60_000;
/** What arrived while the page was frozen or asleep is still to be read: judge after this. */
export const GRACE_MS = 10_000;
/** Later than browsers throttle the timers of a hidden page: it was frozen, or the machine slept. */
export const FROZEN_MS = 65_000;
/** A connection that held this long owes nothing to the failures before it. */
export const STABLE_MS = 60_000;

type Reading = Extract<State, { kind: "replaying" | "live" }>;

export const FIRST = open({ failures: 0, hurriedAtMs: -Infinity, refusals: 0 });

export function step(state: State, event: Happening, now: Circumstances): Step {
  const { kind } = event;
  const { nowMs } = now;
  if (state.kind === "closed") return [state];
  if (kind === "closeAsked") return end(null);
  const { past } = state;
  const isDue = kind === "ticked" && "deadlineMs" in state && nowMs >= state.deadlineMs;
  switch (state.kind) {
    case "connecting":
      if (kind === "dialled") return [{ ...state, deadlineMs: nowMs + JOIN_MS }];
      if (kind === "opened") return [{ kind: "joining", past, deadlineMs: nowMs + JOIN_MS }];
      if (kind === "threw") return wait(past, new RelayError("callback", event), now);
      return kind === "failed" || isDue ? [{ kind: "asking", past }, "drop", "ask"] : [state];
    case "asking":
      return kind === "answered" ? onAnswered(past, event.answer, now) : [state];
    case "joining":
      if (kind === "welcomed") return [welcome(past, event.live, event.heartbeatMs, nowMs)];
      if (kind === "lost") return onLost(past, event.error, now);
      return isDue ? wait(past, new RelayError("silent"), now) : [state];
    case "replaying":
    case "live":
      return onReading(state, event, now);
    case "waiting":
      if (kind !== "woke" && !isDue) return [state];
      if (verdictOf(state.error.code) !== "rehydrate") return open(past);
      return [{ kind: "hydrating", past, error: state.error, sinceMs: nowMs }, "hydrate"];
    case "hydrating":
      if (kind === "hydrated") return open(past);
      if (kind !== "threw") return [state];
      // With the error it was, so that the next try hydrates again.
      return wait(past, state.error, now);
  }
}

function onReading(state: Reading, event: Happening, now: Circumstances): Step {
  const { nowMs } = now;
  const { heartbeatMs, deadlineMs } = state;
  const past = nowMs - state.sinceMs < STABLE_MS ? state.past : { ...state.past, failures: 0 };
  switch (event.kind) {
    case "heard":
      return [{ ...state, heardMs: nowMs, deadlineMs: nowMs + heartbeatMs * 1.5 + SLACK_MS }];
    case "welcomed":
    case "caughtUp":
      // A second `welcome` comes from a shared connection that has moved to another socket.
      return ["live" in event && !event.live ? state : live(state)];
    case "upstreamTold":
      return [state.kind === "live" ? { ...state, upstream: event.upstream } : state];
    case "lost":
      return onLost(past, event.error, now);
    case "woke":
      if (nowMs - state.heardMs <= heartbeatMs * 1.5) return [state];
      return [{ ...state, deadlineMs: Math.min(deadlineMs, nowMs + GRACE_MS) }];
    case "ticked":
      if (nowMs < deadlineMs) return [state];
      if (nowMs >= deadlineMs + FROZEN_MS) return [{ ...state, deadlineMs: nowMs + GRACE_MS }];
      return wait(past, new RelayError("silent"), now);
    default:
      return [state];
  }
}

function welcome(past: Past, isLive: boolean, heartbeatMs: number, nowMs: number): State {
  const times = { sinceMs: nowMs, heardMs: nowMs, heartbeatMs, deadlineMs: nowMs + heartbeatMs * 1.5 + SLACK_MS };
  const state: Reading = { kind: "replaying", past: { ...past, refusals: 0 }, ...times };
  return isLive ? live(state) : state;
}

const live = (state: Reading): State =>
  state.kind === "live" ? state : { ...state, kind: "live", upstream: "connected" };

function onAnswered(past: Past, { retryAfterMs, error }: Answer, now: Circumstances): Step {
  switch (verdictOfStatus(error.status)) {
    case "renew-token":
      // A new token that is refused as well will not get better by itself.
      if (now.token === "fixed" || past.refusals > 0) break;
      return wait({ ...past, refusals: 1 }, error, now);
    case "stop":
      break;
    case "back-off-long":
      return wait(past, error, now, Math.max(retryAfterMs, longJitterMs(now)));
    default:
      return wait(past, error, now, Math.max(retryAfterMs, jitterMs(past.failures, now)));
  }
  return end(error);
}

function onLost(past: Past, error: RelayError, now: Circumstances): Step {
  const verdict = verdictOf(error.code);
  switch (verdict) {
    case "rehydrate":
      // A whole room gets this in one moment, and a snapshot costs more than a connection.
      if (now.onReset === "given") return wait(past, error, now, jitterMs(past.failures + 2, now));
      return end(error);
    case "back-off-long":
      return wait(past, error, now, longJitterMs(now));
    case "renew-token":
    case "resume": {
      if (verdict === "renew-token" && now.token === "fixed") return end(error);
      if (verdict === "resume" && error.code !== CLOSE.slowConsumer.code) return wait(past, error, now);
      // At once, unless that was tried within the last minute.
      const hurried = { ...past, hurriedAtMs: now.nowMs };
      return now.nowMs - past.hurriedAtMs < STABLE_MS ? wait(hurried, error, now) : wait(hurried, error, now, 0);
    }
    case "stop":
      return end(error.code === CLOSE.normal.code ? null : error);
  }
}

function wait(past: Past, error: RelayError, now: Circumstances, delayMs = jitterMs(past.failures, now)): Step {
  const deadlineMs = now.nowMs + Math.round(delayMs);
  return [{ kind: "waiting", past: { ...past, failures: past.failures + 1 }, error, deadlineMs }, "drop"];
}

function open(past: Past): Step {
  return [{ kind: "connecting", past, deadlineMs: Infinity }, "open"];
}

const end = (error: RelayError | null): Step => [{ kind: "closed", error }, "drop"];
