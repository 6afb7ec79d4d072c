/** What a client may send (W10): pure accounting of inbound messages. `ping` never gets here. */
import type { CloseName } from "../../protocol/codes.ts";

/** When the last 60 messages came: a ring that grows only as far as it is used, for most clients send nothing. */
export interface Inbound {
  readonly timesMs: number[];
  /** How many messages were taken in all. */
  count: number;
}

const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_PER_MINUTE = 60;
const MINUTE_MS = 60_000;

/** Of a client that has sent nothing yet. */
export function newInbound(): Inbound {
  return { timesMs: [], count: 0 };
}

/**
 * Counts a message; names the close it deserves, or null when it is ignored like any other. No minute, wherever it
 * begins, has more than 60 that are ignored.
 */
export function onMessage(inbound: Inbound, message: string | ArrayBuffer, nowMs: number): CloseName | null {
  if (isTooBig(message)) return "messageTooBig";
  const place = inbound.count % MAX_PER_MINUTE;
  const before = inbound.timesMs[place];
  if (before !== undefined && nowMs - before < MINUTE_MS) return "tooManyMessages";
  inbound.timesMs[place] = nowMs;
  inbound.count++;
  return null;
}

/** Larger than a client may send. */
export function isTooBig(message: string | ArrayBuffer): boolean {
  return sizeBytes(message) > MAX_MESSAGE_BYTES;
}

function sizeBytes(message: string | ArrayBuffer): number {
  if (typeof message !== "string") return message.byteLength;
  // UTF-8 takes one to three bytes for each UTF-16 unit: only what lies between must be counted.
  if (message.length > MAX_MESSAGE_BYTES || message.length * 3 <= MAX_MESSAGE_BYTES) return message.length;
  return new TextEncoder().encode(message).byteLength;
}
