/**
 * When to send the text `ping` (V9): once a heartbeat or `ackBytes` were consumed since the last one, and only after
 * `pong` has answered it. Pong counts as consumed in its place among the frames, so that a ping proves
 * that everything before the last pong was handled: that is what the relay's flow control measures (B1).
 */
import type { Frame } from "./frame.ts";

export interface Ack {
  /** Consumed since the last ping; a heartbeat weighs more than any bytes. */
  readonly bytes: number;
  readonly awaits: "nothing" | "pong";
}

export const FRESH_ACK: Ack = { bytes: 0, awaits: "nothing" };

/** What to remember after a frame was consumed. A `ping` is due when it awaits its pong from now on. */
export function consumed(ack: Ack, type: Frame["type"], frameBytes: number, ackBytes: number): Ack {
  const awaits = type === "pong" ? "nothing" : ack.awaits;
  const bytes = ack.bytes + (type === "heartbeat" ? Infinity : type === "pong" ? 0 : frameBytes);
  return bytes >= ackBytes && awaits === "nothing" ? { bytes: 0, awaits: "pong" } : { bytes, awaits };
}
