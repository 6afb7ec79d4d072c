/** What a stream waits for, what can happen to it, and what it then does: the words of `machine.ts`. */
import type { UpstreamHealth } from "../protocol/frames.ts";
import type { RelayError } from "./wire/error.ts";
import type { Frame } from "./wire/frame.ts";

/** What the attempts so far have taught. */
export interface Past {
  readonly failures: number;
  /** When a verdict last allowed to come back at once: once a minute. */
  readonly hurriedAtMs: number;
}

interface Reading {
  readonly past: Past;
  readonly sinceMs: number;
  readonly heartbeatMs: number;
  readonly deadlineMs: number;
  /** As the relay said last. */
  readonly upstream: UpstreamHealth;
}

/** A deadline is what the next `ticked` is for. */
export type State =
  /** Fetching the token, which may take a person: no deadline. */
  | { readonly kind: "connecting"; readonly past: Past }
  /** Dialled, and not welcomed yet. */
  | { readonly kind: "joining"; readonly past: Past; readonly deadlineMs: number }
  | { readonly kind: "asking"; readonly past: Past }
  | ({ readonly kind: "replaying" | "live" } & Reading)
  | { readonly kind: "waiting"; readonly past: Past; readonly error: RelayError; readonly deadlineMs: number }
  | { readonly kind: "hydrating"; readonly past: Past; readonly error: RelayError }
  | { readonly kind: "closed"; readonly error: RelayError | null };

export type StreamEvent =
  | { readonly kind: "dialled" | "failed" | "heard" | "hydrated" | "ticked" | "woke" | "closeAsked" }
  /** A frame was consumed. */
  | { readonly kind: "framed"; readonly frame: Frame }
  /** The connection is over, or the plain GET said why there was none. */
  | { readonly kind: "lost"; readonly error: RelayError }
  /** A function of the page failed. */
  | { readonly kind: "threw"; readonly cause: unknown };

export type Effect = "open" | "drop" | "ask" | "hydrate";

/** The next state, and what to do, in this order. */
export type Step = readonly [State, ...Effect[]];

/** Where a stream is, as a page shows it. */
export type StreamState =
  | { readonly kind: "connecting" }
  /** Connected, and still being sent what happened before. */
  | { readonly kind: "replaying" }
  /** Everything that happened was delivered. `upstream` tells whether the relay has its broker. */
  | { readonly kind: "live"; readonly upstream: UpstreamHealth }
  /** For the next try, at this time (milliseconds since 1970) or by `retryNow()`; Infinity while `onReset` runs. */
  | { readonly kind: "waiting"; readonly reason: string; readonly error: RelayError; readonly retryAtMs: number }
  /** For good. The error is null when the page closed it. */
  | { readonly kind: "closed"; readonly error: RelayError | null };

export function view(state: State): StreamState {
  switch (state.kind) {
    case "live":
      return { kind: "live", upstream: state.upstream };
    case "waiting":
    case "hydrating": {
      const { error } = state;
      return {
        kind: "waiting",
        reason: error.reason,
        error,
        retryAtMs: "deadlineMs" in state ? state.deadlineMs : Infinity,
      };
    }
    case "closed":
      return state;
    case "replaying":
      return { kind: "replaying" };
    default:
      return { kind: "connecting" };
  }
}
