/**
 * The life of a stream, decided without clock, randomness or I/O.
 *
 *   connecting ──dialled──▶ joining ──welcome──▶ replaying ──caught-up──▶ live
 *     ▲  ▲                   │  │                    │                     │
 *     │  │ hydrated     failed  └────── lost ────────┼──── lost, silent ───┘
 *     │  │                   ▼                       ▼
 *     │  hydrating         asking ─────lost────▶ waiting
 *     │      ▲                                    │  │
 *     │      └─────── ticked, woke (4410) ────────┘  │
 *     └────────────── ticked, woke ──────────────────┘
 *
 *   any ── closeAsked, a verdict of "stop", 4410 without onReset, a token that cannot be renewed ──▶ closed
 */
import { CLOSE } from "../protocol/codes.ts";
import { RelayError } from "./wire/error.ts";
import type { Frame } from "./wire/frame.ts";
import { retryMs, longRetryMs, verdictOf, type Circumstances } from "./retry.ts";
import type { StreamEvent, Past, State, Step } from "./state.ts";

/** The relay may hold an upgrade back for 10 s while it waits for its broker (W11). */
export const JOIN_MS = 30_000;
/** Besides one and a half heartbeats: the alarm behind them may slip by a minute (W8). */
export const SLACK_MS = 60_000;
/** A page that becomes visible, or is online again, after a silence gives the relay this long. */
export const GRACE_MS = 10_000;
/** A connection that held this long owes nothing to the failures before it. */
export const STABLE_MS = 60_000;

type Reading = Extract<State, { kind: "replaying" | "live" }>;

export const FIRST = open({ failures: 0, hurriedAtMs: -Infinity });

export function step(state: State, event: StreamEvent, now: Circumstances): Step {
  const { kind } = event;
  if (state.kind === "closed") return [state];
  if (kind === "closeAsked") return end(null);
  // The timer may be early: a deadline moves with every frame, and a state may have none any more.
  if (kind === "ticked" && !("deadlineMs" in state && now.nowMs >= state.deadlineMs)) return [state];
  const { past } = state;
  switch (state.kind) {
    case "connecting":
      if (kind === "dialled") return [{ kind: "joining", past, deadlineMs: now.nowMs + JOIN_MS }];
      return kind === "threw" ? wait(past, new RelayError("callback", { cause: event.cause }), now) : [state];
    case "joining":
      if (kind === "framed") return onWelcome(state, event.frame, now);
      if (kind === "lost") return settle(past, event.error, now);
      return kind === "failed" || kind === "ticked" ? [{ kind: "asking", past }, "drop", "ask"] : [state];
    case "asking":
      return kind === "lost" ? settle(past, event.error, now) : [state];
    case "replaying":
    case "live":
      return onReading(state, event, now);
    case "waiting":
      if (kind !== "woke" && kind !== "ticked") return [state];
      if (verdictOf(state.error) !== "rehydrate") return open(past);
      return [{ kind: "hydrating", past, error: state.error }, "hydrate"];
    case "hydrating":
      if (kind === "hydrated") return open(past);
      return kind === "threw" ? wait(past, caused(state.error, event.cause), now) : [state];
  }
}

function onWelcome(state: State & { kind: "joining" }, frame: Frame, { nowMs }: Circumstances): Step {
  if (frame.type !== "welcome") return [state];
  const { heartbeatMs } = frame;
  const deadlineMs = nowMs + silenceMs(heartbeatMs);
  const { past } = state;
  return [follow({ kind: "replaying", past, sinceMs: nowMs, heartbeatMs, deadlineMs, upstream: "connected" }, frame)];
}

function onReading(state: Reading, event: StreamEvent, now: Circumstances): Step {
  const { nowMs } = now;
  const { heartbeatMs, deadlineMs } = state;
  const past = nowMs - state.sinceMs < STABLE_MS ? state.past : { ...state.past, failures: 0 };
  switch (event.kind) {
    case "heard":
      return [{ ...state, deadlineMs: nowMs + silenceMs(heartbeatMs) }];
    case "framed":
      return [follow(state, event.frame)];
    case "lost":
      return settle(past, event.error, now);
    case "woke":
      if (nowMs < deadlineMs - SLACK_MS) return [state];
      return [{ ...state, deadlineMs: Math.min(deadlineMs, nowMs + GRACE_MS) }];
    case "ticked":
      return wait(past, new RelayError("silent"), now);
    default:
      return [state];
  }
}

/** A second `welcome` comes from a shared connection that has moved to another socket. */
function follow(state: Reading, frame: Frame): State {
  const isLive = frame.type === "caught-up" || (frame.type === "welcome" && frame.live);
  const told = frame.type === "heartbeat" || frame.type === "welcome" ? frame.upstream : undefined;
  const kind = isLive ? "live" : state.kind;
  const upstream = told ?? state.upstream;
  return kind === state.kind && upstream === state.upstream ? state : { ...state, kind, upstream };
}

const silenceMs = (heartbeatMs: number): number => heartbeatMs * 1.5 + SLACK_MS;

/** What a connection that is over, or never was, is followed by. */
function settle(past: Past, error: RelayError, now: Circumstances): Step {
  const { nowMs } = now;
  const verdict = verdictOf(error);
  if (verdict === "stop") return end(error.code === CLOSE.normal.code ? null : error);
  if (verdict === "back-off-long") return wait(past, error, now, longRetryMs(now));
  if (verdict === "rehydrate") {
    // A whole room gets this in one moment, and a snapshot costs more than a connection.
    return now.canHydrate ? wait(past, error, now, retryMs(past.failures + 2, now)) : end(error);
  }
  if (verdict === "resume" && error.code !== CLOSE.slowConsumer.code) return wait(past, error, now);
  // A slow consumer and a new token may come back at once, unless that was tried within the last minute.
  const isAgain = nowMs - past.hurriedAtMs < STABLE_MS;
  // A token that is refused when it is new will not get better by itself.
  if (verdict === "renew-token" && (!now.canRenew || (isAgain && error.status))) return end(error);
  return wait({ ...past, hurriedAtMs: nowMs }, error, now, isAgain ? undefined : 0);
}

function wait(past: Past, error: RelayError, now: Circumstances, delayMs = retryMs(past.failures, now)): Step {
  // Behind the time that the relay asks for, so that not everybody who was told the same comes back at once.
  const deadlineMs = Math.round(now.nowMs + delayMs + (error.retryAfterMs ?? 0));
  return [{ kind: "waiting", past: { ...past, failures: past.failures + 1 }, error, deadlineMs }, "drop"];
}

function open(past: Past): Step {
  return [{ kind: "connecting", past }, "open"];
}

/** The same error, and so the same verdict: the next try hydrates again. */
const caused = ({ reason, code, problem }: RelayError, cause: unknown): RelayError =>
  new RelayError(reason, { code, problem, cause });

const end = (error: RelayError | null): Step => [{ kind: "closed", error }, "drop"];
