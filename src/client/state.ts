/** What a stream waits for, what can happen to it, and what it then does: the words of `machine.ts`. */
import type { UpstreamHealth } from "../protocol/frames.ts";
import type { RelayError, Problem } from "./error.ts";
import type { Answer } from "./why.ts";

/** Why the cursor cannot be resumed from. */
export interface Reset {
  readonly reason: "retention-exhausted" | "stream-reset";
  /** The oldest event that is still there, if the relay said so. */
  readonly oldestSeq: number | null;
}

export type WaitReason = "unreachable" | "refused" | "closed" | "silent" | "gap" | "reset" | "callback";

/** What the attempts so far have taught. */
export interface Past {
  readonly failures: number;
  /** When a verdict last allowed to come back at once: once a minute. */
  readonly hurriedAtMs: number | null;
  /** Times in a row that the relay did not accept the token. */
  readonly refusals: number;
}

export interface Reading {
  readonly past: Past;
  readonly sinceMs: number;
  readonly heardMs: number;
  readonly heartbeatMs: number;
  readonly deadlineMs: number;
}

export type State =
  /** The deadline is unknown while the token is being fetched: that may take a person. */
  | { readonly kind: "connecting"; readonly past: Past; readonly deadlineMs: number }
  | { readonly kind: "asking"; readonly past: Past }
  | { readonly kind: "joining"; readonly past: Past; readonly deadlineMs: number }
  | ({ readonly kind: "replaying" } & Reading)
  | ({ readonly kind: "live"; readonly upstream: UpstreamHealth } & Reading)
  | {
      readonly kind: "waiting";
      readonly past: Past;
      readonly reason: WaitReason;
      readonly error: RelayError;
      readonly deadlineMs: number;
      readonly reset: Reset | null;
    }
  | {
      readonly kind: "hydrating";
      readonly past: Past;
      readonly reset: Reset;
      readonly error: RelayError;
      readonly sinceMs: number;
    }
  | { readonly kind: "closed"; readonly error: RelayError | null };

export type Loss =
  | { readonly kind: "closed"; readonly code: number; readonly reason: string; readonly problem: Problem | null }
  | { readonly kind: "gap" }
  | { readonly kind: "unreadable"; readonly cause: unknown }
  | { readonly kind: "reset" };

export type Event =
  | { readonly kind: "dialled" }
  | { readonly kind: "opened" }
  | { readonly kind: "failed" }
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "heard" }
  | { readonly kind: "welcomed"; readonly live: boolean; readonly heartbeatMs: number }
  | { readonly kind: "caughtUp" }
  | { readonly kind: "upstreamTold"; readonly upstream: UpstreamHealth }
  | { readonly kind: "lost"; readonly loss: Loss }
  | { readonly kind: "threw"; readonly cause: unknown }
  | { readonly kind: "hydrated" }
  | { readonly kind: "ticked" }
  | { readonly kind: "woke" }
  | { readonly kind: "closeAsked" };

export type Effect =
  | { readonly kind: "open" }
  | { readonly kind: "drop" }
  | { readonly kind: "ask" }
  | { readonly kind: "hydrate"; readonly reset: Reset };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Where a stream is, as a page shows it. */
export type StreamState =
  | { readonly kind: "connecting" }
  /** Connected, and still being sent what happened before. */
  | { readonly kind: "replaying" }
  /** Everything that happened was delivered. `upstream` tells whether the relay has its broker. */
  | { readonly kind: "live"; readonly upstream: UpstreamHealth }
  /** The next try comes at this time (milliseconds since 1970), or at once by `retryNow()`. */
  | {
      readonly kind: "waiting";
      readonly reason: WaitReason;
      readonly error: RelayError;
      readonly retryAtMs: number;
    }
  /** For good. The error is null when the page closed it. */
  | { readonly kind: "closed"; readonly error: RelayError | null };

export function view(state: State): StreamState {
  switch (state.kind) {
    case "connecting":
    case "asking":
    case "joining":
      return { kind: "connecting" };
    case "replaying":
      return { kind: "replaying" };
    case "live":
      return { kind: "live", upstream: state.upstream };
    case "waiting":
      return { kind: "waiting", reason: state.reason, error: state.error, retryAtMs: state.deadlineMs };
    case "hydrating":
      return { kind: "waiting", reason: "reset", error: state.error, retryAtMs: state.sinceMs };
    case "closed":
      return state;
  }
}
