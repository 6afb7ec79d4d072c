/**
 * Close codes and reasons (C), one table for relay and client.
 * A reason is part of the contract: clients show it, tests compare it.
 */

export type Verdict = "stop" | "resume" | "back-off-long" | "renew-token" | "rehydrate";

interface CloseEntry {
  readonly code: number;
  readonly reason: string;
  /** What a client does next. */
  readonly verdict: Verdict;
}

export const CLOSE = {
  normal: { code: 1000, reason: "", verdict: "stop" },
  noBroker: { code: 1008, reason: "no upstream broker configured", verdict: "back-off-long" },
  subscribeFailed: { code: 1008, reason: "subscribe failed", verdict: "back-off-long" },
  tooManyMessages: { code: 1008, reason: "too many messages", verdict: "back-off-long" },
  messageTooBig: { code: 1009, reason: "message too big", verdict: "stop" },
  internalError: { code: 1011, reason: "internal error", verdict: "resume" },
  upstreamUnavailable: { code: 1013, reason: "upstream unavailable", verdict: "resume" },
  tokenExpired: { code: 4401, reason: "token-expired", verdict: "renew-token" },
  tokenRefused: { code: 4401, reason: "token-refused", verdict: "renew-token" },
  forbidden: { code: 4403, reason: "forbidden", verdict: "stop" },
  slowConsumer: { code: 4408, reason: "slow-consumer", verdict: "resume" },
  retentionExhausted: { code: 4410, reason: "retention-exhausted", verdict: "rehydrate" },
  streamReset: { code: 4410, reason: "stream-reset", verdict: "rehydrate" },
} as const satisfies Record<string, CloseEntry>;

export type CloseName = keyof typeof CLOSE;

/** What a v2 client is told before such a close: the problem's type and title (V5). */
export const PROBLEM = {
  noBroker: { type: "/problems/ws/no-upstream", title: "No upstream broker configured" },
  subscribeFailed: {
    type: "/problems/ws/subscribe-failed",
    title: "The relay cannot read from its broker until its operator acts",
  },
  tooManyMessages: { type: "/problems/ws/too-many-messages", title: "More messages than a client may send" },
  messageTooBig: { type: "/problems/ws/message-too-big", title: "Message larger than a client may send" },
  internalError: { type: "/problems/ws/internal-error", title: "Internal error" },
  upstreamUnavailable: {
    type: "/problems/ws/upstream-unavailable",
    title: "The relay cannot read from its broker now",
  },
  tokenExpired: { type: "/problems/ws/token-expired", title: "Token has expired" },
  tokenRefused: { type: "/problems/ws/unauthorized", title: "Token is not valid" },
  forbidden: { type: "/problems/ws/forbidden", title: "Token may not read what this connection reads" },
  slowConsumer: { type: "/problems/ws/slow-consumer", title: "Client does not read what it is sent" },
  retentionExhausted: { type: "/problems/ws/retention-exhausted", title: "Cursor older than stream retention" },
  streamReset: { type: "/problems/ws/stream-reset", title: "Stream was reset" },
} as const satisfies Record<Exclude<CloseName, "normal">, { readonly type: string; readonly title: string }>;

/** A problem that no close follows (V8). */
export const AUTH_UNAVAILABLE = {
  type: "/problems/ws/auth-unavailable",
  title: "The keys that tokens are checked with cannot be reached",
} as const;
