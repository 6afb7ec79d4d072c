/**
 * When to send the text `ping` (V9): once a heartbeat or `ackBytes` were consumed since the last one, and only after
 * `pong` has answered it. Pong counts as consumed in its place among the frames, so that a ping proves
 * that everything before the last pong was handled: that is what the relay's flow control measures (B1).
 */
import type { Frame } from "./frame.ts";

export interface Ack {
  readonly bytes: number;
  readonly owes: "nothing" | "heartbeat";
  readonly awaits: "nothing" | "pong";
}

export const FRESH_ACK: Ack = { bytes: 0, owes: "nothing", awaits: "nothing" };

/** What to remember after a frame was consumed, and whether to send a `ping` now. */
export function consumed(
  ack: Ack,
  type: Frame["type"],
  bytes: number,
  ackBytes: number,
): { readonly ack: Ack; readonly effect: "ping" | "none" } {
  const after: Ack =
    type === "pong"
      ? { ...ack, awaits: "nothing" }
      : { ...ack, bytes: ack.bytes + bytes, owes: type === "heartbeat" ? "heartbeat" : ack.owes };
  const isDue = after.bytes >= ackBytes || after.owes === "heartbeat";
  return isDue && after.awaits === "nothing"
    ? { ack: { ...FRESH_ACK, awaits: "pong" }, effect: "ping" }
    : { ack: after, effect: "none" };
}
