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
import type { Effect, Event, Loss, Past, Reading, Reset, State, Step, WaitReason } from "./state.ts";
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

type Connected = Extract<State, { kind: "replaying" | "live" }>;

const DROP: Effect = { kind: "drop" };
const stay = (state: State): Step => ({ state, effects: [] });
const end = (error: RelayError | null): Step => ({ state: { kind: "closed", error }, effects: [DROP] });

export const FIRST: Step = open({ failures: 0, hurriedAtMs: null, refusals: 0 });

export function step(state: State, event: Event, now: Circumstances): Step {
  if (event.kind === "closeAsked") return state.kind === "closed" ? stay(state) : end(null);
  switch (state.kind) {
    case "connecting":
      if (event.kind === "dialled") return stay({ ...state, deadlineMs: now.nowMs + JOIN_MS });
      if (event.kind === "opened") return stay({ ...state, kind: "joining", deadlineMs: now.nowMs + JOIN_MS });
      if (event.kind === "threw") return wait(state.past, "callback", threw(event.cause), jitterMs, now);
      if (event.kind === "failed" || isDue(state, event, now))
        return { state: { kind: "asking", past: state.past }, effects: [DROP, { kind: "ask" }] };
      return stay(state);
    case "asking":
      return event.kind === "answered" ? onAnswered(state.past, event.answer, now) : stay(state);
    case "joining":
      if (event.kind === "welcomed") return onWelcomed(state.past, event.live, event.heartbeatMs, now);
      if (event.kind === "lost") return onLost(state.past, event.loss, now);
      return isDue(state, event, now) ? silent(state.past, now) : stay(state);
    case "replaying":
    case "live":
      return onReading(state, event, now);
    case "waiting":
      return event.kind === "woke" || isDue(state, event, now) ? onRetry(state, now) : stay(state);
    case "hydrating":
      if (event.kind === "hydrated") return open(state.past);
      if (event.kind !== "threw") return stay(state);
      return wait(state.past, "callback", threw(event.cause), jitterMs, now, state.reset);
    case "closed":
      return stay(state);
  }
}

function onReading(state: Connected, event: Event, now: Circumstances): Step {
  const past = now.nowMs - state.sinceMs >= STABLE_MS ? { ...state.past, failures: 0 } : state.past;
  const { nowMs } = now;
  switch (event.kind) {
    case "heard":
      return stay({ ...state, heardMs: nowMs, deadlineMs: nowMs + silenceMs(state.heartbeatMs) });
    case "welcomed":
      return event.live ? stay(live(state)) : stay(state);
    case "caughtUp":
      return stay(live(state));
    case "upstreamTold":
      return state.kind === "live" ? stay({ ...state, upstream: event.upstream }) : stay(state);
    case "lost":
      return onLost(past, event.loss, now);
    case "woke": {
      const isLate = nowMs - state.heardMs > state.heartbeatMs * 1.5;
      return stay(isLate ? { ...state, deadlineMs: Math.min(state.deadlineMs, nowMs + GRACE_MS) } : state);
    }
    case "ticked":
      if (nowMs < state.deadlineMs) return stay(state);
      if (nowMs >= state.deadlineMs + FROZEN_MS) return stay({ ...state, deadlineMs: nowMs + GRACE_MS });
      return silent(past, now);
    default:
      return stay(state);
  }
}

function onWelcomed(past: Past, isLive: boolean, heartbeatMs: number, { nowMs }: Circumstances): Step {
  const deadlineMs = nowMs + silenceMs(heartbeatMs);
  const reading = { past: { ...past, refusals: 0 }, sinceMs: nowMs, heardMs: nowMs, heartbeatMs, deadlineMs };
  const state: Connected = { kind: "replaying", ...reading };
  return stay(isLive ? live(state) : state);
}

function onAnswered(past: Past, { status, retryAfterMs, error }: Answer, now: Circumstances): Step {
  const verdict = verdictOfStatus(status);
  if (verdict === "stop") return end(error);
  if (verdict === "renew-token") {
    // A new token that is refused as well will not get better by itself.
    if (now.token === "fixed" || past.refusals > 0) return end(error);
    return wait({ ...past, refusals: 1 }, "refused", error, jitterMs, now);
  }
  const delayMs = verdict === "back-off-long" ? longJitterMs(now) : jitterMs(past.failures, now);
  const reason = status === null || status === 426 ? "unreachable" : "refused";
  return wait(past, reason, error, () => Math.max(retryAfterMs, delayMs), now);
}

function onLost(past: Past, loss: Loss, now: Circumstances): Step {
  if (loss.kind === "gap") {
    return wait(past, "gap", new RelayError("Events were missing: resuming after the last one."), jitterMs, now);
  }
  if (loss.kind === "unreadable") {
    const error = new RelayError("The relay sent what cannot be parsed.", { cause: loss.cause });
    return wait(past, "gap", error, jitterMs, now);
  }
  const reset = loss.kind === "reset";
  const { code, reason, problem } = reset ? { ...CLOSE.streamReset, problem: null } : loss;
  const facts = problem === null ? { code } : { code, problem };
  const error = new RelayError(`The connection closed: ${code} ${problem?.title ?? reason}`.trim(), facts);
  switch (verdictOf(code, reason)) {
    case "stop":
      return end(code === CLOSE.normal.code ? null : error);
    case "rehydrate":
      if (now.onReset === "missing") return end(error);
      return wait(past, "reset", error, (failures) => jitterMs(failures + 2, now), now, {
        reason: reason === CLOSE.retentionExhausted.reason ? reason : CLOSE.streamReset.reason,
        oldestSeq: problem?.oldest_seq ?? null,
      });
    case "renew-token":
      return now.token === "fixed" ? end(error) : hurry(past, error, now);
    case "back-off-long":
      return wait(past, "closed", error, () => longJitterMs(now), now);
    case "resume":
      return code === CLOSE.slowConsumer.code ? hurry(past, error, now) : wait(past, "closed", error, jitterMs, now);
  }
}

/** At once, unless that was tried within the last minute. */
function hurry(past: Past, error: RelayError, now: Circumstances): Step {
  const isAgain = past.hurriedAtMs !== null && now.nowMs - past.hurriedAtMs < STABLE_MS;
  const hurried = { ...past, hurriedAtMs: now.nowMs };
  return isAgain ? wait(hurried, "closed", error, jitterMs, now) : wait(hurried, "closed", error, () => 0, now);
}

function wait(
  past: Past,
  reason: WaitReason,
  error: RelayError,
  delay: (failures: number, now: Circumstances) => number,
  now: Circumstances,
  reset: Reset | null = null,
): Step {
  const next = { ...past, failures: past.failures + 1 };
  const deadlineMs = now.nowMs + Math.round(delay(past.failures, now));
  return { state: { kind: "waiting", past: next, reason, error, deadlineMs, reset }, effects: [DROP] };
}

function onRetry({ past, reset, error }: State & { kind: "waiting" }, { nowMs }: Circumstances): Step {
  if (reset === null) return open(past);
  return { state: { kind: "hydrating", past, reset, error, sinceMs: nowMs }, effects: [{ kind: "hydrate", reset }] };
}

function open(past: Past): Step {
  return { state: { kind: "connecting", past, deadlineMs: Infinity }, effects: [{ kind: "open" }] };
}

function live(state: Connected): State {
  return state.kind === "live" ? state : { ...state, kind: "live", upstream: "connected" };
}

const silent = (past: Past, now: Circumstances): Step =>
  wait(past, "silent", new RelayError("Nothing came from the relay, not even a heartbeat."), jitterMs, now);
const threw = (cause: unknown): RelayError => new RelayError("token, onReset or store failed.", { cause });
const isDue = (state: { readonly deadlineMs: number }, event: Event, { nowMs }: Circumstances): boolean =>
  event.kind === "ticked" && nowMs >= state.deadlineMs;
const silenceMs = (heartbeatMs: number): number => heartbeatMs * 1.5 + SLACK_MS;
