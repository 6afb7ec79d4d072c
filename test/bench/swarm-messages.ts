/** What the benchmark and its client process say to each other. */
import type { Tail } from "./stats.ts";

/**
 * `v1`, `v2`: the relay's protocols; v1 also speaks to anything that sends one event a frame.
 * `nats`: plain NATS over WebSocket. `push`: the same with a JetStream consumer of its own.
 * `sdk`: the relay's own client. `nats.ws`: an ordered consumer of that library.
 */
export type Dialect = "v1" | "v2" | "nats" | "push" | "sdk" | "nats.ws";

export interface Dial {
  readonly dialect: Dialect;
  readonly port: number;
  readonly path: string;
  readonly token?: string;
  readonly subject: string;
  readonly clients: number;
  /** Stream sequence after which to resume. */
  readonly since?: number;
  /** They ask where events came from (H1). */
  readonly meta?: boolean;
  /** Bytes received after which a client says `ping`; 0: never. */
  readonly pingBytes: number;
  /** Connections under way at a time. */
  readonly wave: number;
  /** So many of the clients stop reading as soon as they are open, and are not counted. */
  readonly wedged?: number;
}

/** What is awaited of all clients together, those to come included. */
export interface Goal {
  readonly clients: number;
  /** Events for each client. */
  readonly marks: number;
  /** All have so many more: said once each time. */
  readonly step: number;
  /** Marks are times. */
  readonly latency: boolean;
}

export type SwarmRequest =
  | { readonly kind: "open"; readonly dial: Dial }
  | { readonly kind: "begin"; readonly goal: Goal }
  | { readonly kind: "report" }
  /** Resets every connection. */
  | { readonly kind: "cut" }
  /** Lets the wedged clients read, until they are closed or time is up. */
  | { readonly kind: "unwedge"; readonly timeoutMs: number };

export interface Opened {
  readonly open: number;
  /** Answers other than 101, and connections that failed; each was tried again. */
  readonly refused: number;
  readonly ms: number;
}

export interface Report {
  /** Events received by all clients that count. */
  readonly marks: number;
  /** Clients that have not exactly the events of the goal. */
  readonly wrong: number;
  /** How many were closed, by code; wedged ones apart. */
  readonly closed: Readonly<Record<string, number>>;
  readonly wedgedClosed: Readonly<Record<string, number>>;
  /** When the last client reached the goal (clock.ts); null if not all did. */
  readonly settledAtMs: number | null;
  readonly latencyMs: Tail;
  /** Seconds of CPU this process has used since `begin`. */
  readonly cpuSeconds: number;
}

export type SwarmMessage =
  | { readonly kind: "answer"; readonly value: Opened | Report | null }
  | { readonly kind: "failed"; readonly why: string }
  /** Every client that counts has this many events, or is closed. */
  | { readonly kind: "reached"; readonly marks: number };
