/** Frames of protocol v2 as a client reads them (V2 to V5). The relay is trusted: numbers are checked where they are used. */
import type { UpstreamHealth } from "../protocol/frames.ts";
import type { Problem } from "./error.ts";

export interface Welcome {
  readonly type: "welcome";
  readonly epoch: string;
  readonly cursor: number;
  readonly live: boolean;
  readonly heartbeatMs: number;
  readonly ackBytes: number;
}
export interface Events {
  readonly type: "events";
  readonly prev: number;
  readonly events: readonly { readonly seq: number; readonly event: unknown }[];
}
export interface CaughtUp {
  readonly type: "caught-up";
  readonly cursor: number;
}
export interface Heartbeat {
  readonly type: "heartbeat";
  readonly cursor: number;
  readonly upstream: UpstreamHealth;
}

export type Frame =
  | Welcome
  | Events
  | CaughtUp
  | Heartbeat
  | { readonly type: "problem"; readonly problem: Problem }
  /** The only text that is no JSON (V2). */
  | { readonly type: "pong" };

/** Reads one text; throws what `parse` throws. A type that a later protocol knows is passed on: it moves nothing. */
export const readFrame = (text: string, parse: (text: string) => unknown): Frame =>
  text === "pong" ? { type: "pong" } : (parse(text) as Frame);
