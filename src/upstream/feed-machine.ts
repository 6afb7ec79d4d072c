/**
 * The life of a room's upstream. Pure: time and chance come in, effects go out.
 *
 *             wanted                 opened
 *   idle ───────────────▶ opening ───────────▶ open ──progress──▶ open
 *    ▲  └─woke─▶ waiting  │  ↺  ▲               │ lost, doubted
 *    │ unwanted           │ due │ due           ▼
 *    └──(from any)        └────▶ waiting ◀──────┘
 *                        failed
 *
 * Each try draws the moment of the next one as it starts, and one that hangs does not put that off (W12). So two starts
 * are never further apart than the ceiling, and rooms that lost the same broker together come back spread out.
 */
import { ceilingMs, jitterMs } from "../shared/backoff.ts";

export type Upstream =
  | { readonly kind: "idle" }
  /** One or several tries are under way; the next starts at `dueAtMs`. */
  | { readonly kind: "opening"; readonly attempt: number; readonly dueAtMs: number }
  | { readonly kind: "open"; readonly attempt: number; readonly sinceMs: number }
  | { readonly kind: "waiting"; readonly attempt: number; readonly dueAtMs: number };

export type UpstreamEvent =
  | { readonly kind: "wanted" }
  /** The room has clients, and lost its memory with its upstream. */
  | { readonly kind: "woke" }
  | { readonly kind: "opened" }
  | { readonly kind: "progress" }
  /** No try is under way any more. `hasWaiters`: joiners are waiting for the outcome, each for 10 s at most (W11). */
  | { readonly kind: "failed"; readonly hasWaiters: boolean }
  /** The connection is gone (`connected: false`), or only the consumer is doubted. */
  | { readonly kind: "lost"; readonly connected: boolean; readonly hasWaiters: boolean }
  | { readonly kind: "due" }
  | { readonly kind: "unwanted" };

export type UpstreamEffect =
  /** Start a try, whatever is under way. */
  | { readonly kind: "open" }
  | { readonly kind: "close" }
  /** Call again with `due` after this time; null: not at all. */
  | { readonly kind: "retry"; readonly afterMs: number | null };

/** No wait is shorter. */
const FLOOR_MS = 100;
/** A try has this long to itself. */
const APART_MS = 500;
/** The longest waits after the first try, or after a loss, and after later ones: W12 leaves 6 s, a look at a rival included. */
const FIRST_CEILING_MS = 2_500;
const CEILING_MS = 4_000;
/** A consumer in doubt costs no new connection. */
const DOUBT_CEILING_MS = 500;
const WAITERS_CEILING_MS = 1_000;
/** Events of an upstream that was opened just now say nothing yet: the same may go wrong again right behind them. */
const STEADY_MS = 1_000;

type Step = { state: Upstream; effects: UpstreamEffect[] };

export function stepUpstream(state: Upstream, event: UpstreamEvent, nowMs: number, random: number): Step {
  switch (event.kind) {
    case "unwanted":
      return state.kind === "idle" ? stay(state) : { state: { kind: "idle" }, effects: [{ kind: "close" }] };
    case "woke":
      return state.kind === "idle" ? wait(1, jitterMs(FLOOR_MS, CEILING_MS, random), nowMs) : stay(state);
    case "wanted":
      if (state.kind === "idle") return open(0, nowMs, random);
      return state.kind === "waiting" ? hurry(state, nowMs, random) : stay(state);
    case "opened":
      if (state.kind !== "opening") return stay(state);
      return {
        state: { kind: "open", attempt: state.attempt + 1, sinceMs: nowMs },
        effects: [{ kind: "retry", afterMs: null }],
      };
    case "progress":
      if (state.kind !== "open" || nowMs - state.sinceMs < STEADY_MS) return stay(state);
      return stay({ ...state, attempt: 0 });
    case "failed": {
      if (state.kind !== "opening") return stay(state);
      const waiting = { kind: "waiting" as const, attempt: state.attempt + 1, dueAtMs: state.dueAtMs };
      return event.hasWaiters ? hurry(waiting, nowMs, random) : stay(waiting);
    }
    case "lost": {
      if (state.kind !== "open") return stay(state);
      // A doubted consumer that had delivered is replaced at once; one that never did must not spin.
      if (event.connected && state.attempt === 0) return open(0, nowMs, random);
      const baseMs = event.connected ? DOUBT_CEILING_MS : FIRST_CEILING_MS;
      const mostMs = ceilingMs(
        Math.max(0, state.attempt - 1),
        baseMs,
        event.hasWaiters ? WAITERS_CEILING_MS : CEILING_MS,
      );
      return wait(state.attempt, jitterMs(FLOOR_MS, mostMs, random), nowMs);
    }
    case "due":
      if (state.kind !== "waiting" && state.kind !== "opening") return stay(state);
      // Timers may be early.
      if (nowMs < state.dueAtMs) return { state, effects: [{ kind: "retry", afterMs: state.dueAtMs - nowMs }] };
      return open(state.kind === "opening" ? state.attempt + 1 : state.attempt, nowMs, random);
  }
}

function stay(state: Upstream): Step {
  return { state, effects: [] };
}

function open(attempt: number, nowMs: number, random: number): Step {
  const afterMs = jitterMs(APART_MS, ceilingMs(attempt, FIRST_CEILING_MS, CEILING_MS), random);
  return {
    state: { kind: "opening", attempt, dueAtMs: nowMs + afterMs },
    effects: [{ kind: "open" }, { kind: "retry", afterMs }],
  };
}

function wait(attempt: number, afterMs: number, nowMs: number): Step {
  return { state: { kind: "waiting", attempt, dueAtMs: nowMs + afterMs }, effects: [{ kind: "retry", afterMs }] };
}

/** Somebody waits for the next try. */
function hurry(state: Upstream & { kind: "waiting" }, nowMs: number, random: number): Step {
  if (state.dueAtMs <= nowMs) return open(state.attempt, nowMs, random);
  if (state.dueAtMs <= nowMs + WAITERS_CEILING_MS) return stay(state);
  return wait(state.attempt, jitterMs(FLOOR_MS, WAITERS_CEILING_MS, random), nowMs);
}
