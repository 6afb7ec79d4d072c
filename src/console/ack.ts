/**
 * When to send the liveness text `ping` (W10, B1): on a received frame, once 256 KiB or a heartbeat came
 * since the last one, and only after `pong` has answered it. Never from a timer: hidden tabs throttle timers.
 */
import type { Frame } from "./frame.ts";

export interface Ack {
  readonly chars: number;
  readonly phase: "nothing-due" | "heartbeat-due";
  readonly waiting: "none" | "pong";
}

/** Characters, not bytes: at most three bytes each, so even then well below the relay's 1 MiB bound. */
export const ACK_CHARS = 256 * 1024;

export const FRESH_ACK: Ack = { chars: 0, phase: "nothing-due", waiting: "none" };

export function countFrame(
  ack: Ack,
  kind: Frame["kind"],
  chars: number,
): { readonly ack: Ack; readonly effect: "send-ping" | "none" } {
  const next: Ack =
    kind === "pong"
      ? { ...ack, waiting: "none" }
      : { ...ack, chars: ack.chars + chars, phase: kind === "heartbeat" ? "heartbeat-due" : ack.phase };
  const due = next.chars >= ACK_CHARS || next.phase === "heartbeat-due";
  if (!due || next.waiting === "pong") return { ack: next, effect: "none" };
  return { ack: { ...FRESH_ACK, waiting: "pong" }, effect: "send-ping" };
}
