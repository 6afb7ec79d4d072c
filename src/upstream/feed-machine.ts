/**
 * The life of a room's upstream. Pure: time and chance come in, effects go out.
 *
 *             wanted                 opened
 *   idle ───────────────▶ opening ───────────▶ open ──progress──▶ open
 *    ▲                    │     ▲               │ lost, doubted
 *    │ unwanted           │     │ due           ▼
 *    └──(from any)        └────▶ waiting ◀──────┘
 *                        failed
 *
 * The first retries are driven by a timer; later ones by the alarm alone, so that a room whose broker is gone
 * for long may sleep (DO-2, DO-3).
 */
import { backoffMs } from "../shared/backoff.ts";

export type Upstream =
  | { readonly kind: "idle" }
  | { readonly kind: "opening"; readonly attempt: number }
  | { readonly kind: "open"; readonly attempt: number; readonly sinceMs: number }
  | { readonly kind: "waiting"; readonly attempt: number; readonly dueAtMs: number };

export type UpstreamEvent =
  | { readonly kind: "wanted" }
  | { readonly kind: "opened" }
  | { readonly kind: "progress" }
  /** `hasWaiters`: joiners are waiting for the outcome, each for 10 s at most (W11). */
  | { readonly kind: "failed"; readonly hasWaiters: boolean }
  /** The connection is gone (`connected: false`), or only the consumer is doubted. */
  | { readonly kind: "lost"; readonly connected: boolean; readonly hasWaiters: boolean }
  | { readonly kind: "due" }
  | { readonly kind: "unwanted" };

export type UpstreamEffect =
  | { readonly kind: "open" }
  | { readonly kind: "close" }
  /** Call again with `due` after this time; null: leave it to the alarm. */
  | { readonly kind: "retry"; readonly afterMs: number | null };

const BASE_MS = 500;
const CAP_MS = 25_000;
const WAITERS_CAP_MS = 1_000;
/** Events of an upstream that was opened just now say nothing yet: the same may go wrong again right behind them. */
const STEADY_MS = 1_000;
/** Beyond this many tries in a row nothing is timed any more, unless somebody waits. */
const TIMED_ATTEMPTS = 4;

/** A room that woke without its upstream goes on where it fell asleep: nothing is timed, the alarm drives. */
export const ASLEEP: Upstream = { kind: "waiting", attempt: TIMED_ATTEMPTS + 1, dueAtMs: 0 };

type Step = { state: Upstream; effects: UpstreamEffect[] };

export function stepUpstream(state: Upstream, event: UpstreamEvent, nowMs: number, random: number): Step {
  switch (event.kind) {
    case "unwanted":
      return state.kind === "idle" ? stay(state) : { state: { kind: "idle" }, effects: [{ kind: "close" }] };
    case "wanted":
      if (state.kind === "idle") return open(0);
      if (state.kind !== "waiting") return stay(state);
      if (state.dueAtMs <= nowMs) return open(state.attempt);
      if (state.dueAtMs <= nowMs + WAITERS_CAP_MS) return stay(state);
      return {
        state: { ...state, dueAtMs: nowMs + WAITERS_CAP_MS },
        effects: [{ kind: "retry", afterMs: WAITERS_CAP_MS }],
      };
    case "opened":
      return state.kind === "opening"
        ? stay({ kind: "open", attempt: state.attempt + 1, sinceMs: nowMs })
        : stay(state);
    case "progress":
      if (state.kind !== "open" || nowMs - state.sinceMs < STEADY_MS) return stay(state);
      return stay({ ...state, attempt: 0 });
    case "failed":
      return state.kind === "opening" ? wait(state.attempt + 1, event.hasWaiters, nowMs, random) : stay(state);
    case "lost":
      if (state.kind !== "open") return stay(state);
      // A doubted consumer that had delivered is replaced at once; one that never did must not spin.
      if (event.connected && state.attempt === 0) return open(0);
      return wait(state.attempt, event.hasWaiters, nowMs, random);
    case "due":
      return state.kind === "waiting" && nowMs >= state.dueAtMs ? open(state.attempt) : stay(state);
  }
}

function stay(state: Upstream): Step {
  return { state, effects: [] };
}

function open(attempt: number): Step {
  return { state: { kind: "opening", attempt }, effects: [{ kind: "open" }] };
}

function wait(attempt: number, hasWaiters: boolean, nowMs: number, random: number): Step {
  const afterMs = backoffMs(Math.max(0, attempt - 1), BASE_MS, hasWaiters ? WAITERS_CAP_MS : CAP_MS, random);
  const timed = hasWaiters || attempt <= TIMED_ATTEMPTS;
  return {
    state: { kind: "waiting", attempt, dueAtMs: timed ? nowMs + afterMs : nowMs },
    effects: [{ kind: "retry", afterMs: timed ? afterMs : null }],
  };
}
