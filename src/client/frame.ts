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

/** The frames that move a cursor (V10). */
export type Move = Welcome | Events | CaughtUp | Heartbeat;

export type Frame =
  | Move
  | { readonly type: "problem"; readonly problem: Problem }
  | { readonly type: "pong" }
  /** Of a later protocol: ignored. */
  | { readonly type: "unknown" };

const MOVES: readonly string[] = ["welcome", "events", "caught-up", "heartbeat"];
const UNKNOWN: Frame = { type: "unknown" };

export const isMove = (frame: Frame): frame is Move => MOVES.includes(frame.type);

/** Reads one text frame; throws what `parse` throws. */
export function readFrame(text: string, parse: (text: string) => unknown): Frame {
  if (text === "pong") return { type: "pong" };
  const frame = parse(text) as Frame | null;
  return frame !== null && (isMove(frame) || frame.type === "problem") ? frame : UNKNOWN;
}
