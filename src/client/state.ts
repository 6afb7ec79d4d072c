/** What a stream waits for, what can happen to it, and what it then does: the words of `machine.ts`. */
import type { UpstreamHealth } from "../protocol/frames.ts";
import type { RelayError } from "./error.ts";
import type { Answer } from "./why.ts";

/** What the attempts so far have taught. */
export interface Past {
  readonly failures: number;
  /** When a verdict last allowed to come back at once: once a minute. */
  readonly hurriedAtMs: number;
  /** Times in a row that the relay did not accept the token. */
  readonly refusals: number;
}

interface Reading {
  readonly past: Past;
  readonly sinceMs: number;
  readonly heardMs: number;
  readonly heartbeatMs: number;
  readonly deadlineMs: number;
}

/** A deadline is what the next `ticked` is for. */
export type State =
  /** No deadline while the token is being fetched: that may take a person. */
  | { readonly kind: "connecting"; readonly past: Past; readonly deadlineMs: number }
  | { readonly kind: "asking"; readonly past: Past }
  | { readonly kind: "joining"; readonly past: Past; readonly deadlineMs: number }
  | ({ readonly kind: "replaying" } & Reading)
  | ({ readonly kind: "live"; readonly upstream: UpstreamHealth } & Reading)
  | { readonly kind: "waiting"; readonly past: Past; readonly error: RelayError; readonly deadlineMs: number }
  | { readonly kind: "hydrating"; readonly past: Past; readonly error: RelayError; readonly sinceMs: number }
  | { readonly kind: "closed"; readonly error: RelayError | null };

export type Happening =
  | {
      readonly kind:
        | "dialled"
        | "opened"
        | "failed"
        | "heard"
        | "caughtUp"
        | "hydrated"
        | "ticked"
        | "woke"
        | "closeAsked";
    }
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "welcomed"; readonly live: boolean; readonly heartbeatMs: number }
  | { readonly kind: "upstreamTold"; readonly upstream: UpstreamHealth }
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
  /** For the next try, at this time (milliseconds since 1970) or by `retryNow()`. `error` tells more than the reason. */
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
      const retryAtMs = state.kind === "waiting" ? state.deadlineMs : state.sinceMs;
      return { kind: "waiting", reason: error.reason, error, retryAtMs };
    }
    case "replaying":
    case "closed":
      return state.kind === "closed" ? state : { kind: "replaying" };
    default:
      return { kind: "connecting" };
  }
}
