/** What a client may send (W10): pure accounting of inbound messages. `ping` never gets here. */
import type { CloseName } from "../protocol/codes.ts";

export interface Inbound {
  minuteStartMs: number;
  count: number;
}

const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_PER_MINUTE = 60;

export function newInbound(nowMs: number): Inbound {
  return { minuteStartMs: nowMs, count: 0 };
}

/** Counts a message; names the close it deserves, or null when it is ignored like any other. */
export function onMessage(inbound: Inbound, message: string | ArrayBuffer, nowMs: number): CloseName | null {
  if (sizeBytes(message) > MAX_MESSAGE_BYTES) return "messageTooBig";
  if (nowMs - inbound.minuteStartMs >= 60_000) {
    inbound.minuteStartMs = nowMs;
    inbound.count = 0;
  }
  inbound.count++;
  return inbound.count > MAX_PER_MINUTE ? "tooManyMessages" : null;
}

function sizeBytes(message: string | ArrayBuffer): number {
  if (typeof message !== "string") return message.byteLength;
  // UTF-8 takes one to three bytes for each UTF-16 unit: only what lies between must be counted.
  if (message.length > MAX_MESSAGE_BYTES || message.length * 3 <= MAX_MESSAGE_BYTES) return message.length;
  return new TextEncoder().encode(message).byteLength;
}
