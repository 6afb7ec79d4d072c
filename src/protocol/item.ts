/**
 * One event as an item of a frame, of a page or of a stream: the envelope, and where the client asked for it (H1) the subject
 * and the stream's time behind it. The only place in which that is written.
 */
import type { Envelope } from "./frames.ts";

export interface Item {
  readonly text: string;
  /** As UTF-8. */
  readonly bytes: number;
}

/** An envelope is its own item where nobody asked for more. */
export function itemOf(envelope: Envelope, meta: boolean): Item {
  if (!meta) return envelope;
  const { text, bytes, subject } = envelope;
  const more = `,"subject":${JSON.stringify(subject)},"time":"${timeOf(envelope)}"}`;
  // In place of the brace that ends the envelope.
  return { text: text.slice(0, -1) + more, bytes: bytes - 1 + utf8Bytes(more) };
}

/** RFC 3339 in UTC, with as many digits of the second as it takes. */
function timeOf({ timeMs, timeNanos }: Envelope): string {
  const iso = new Date(timeMs).toISOString();
  const fraction = `${iso.slice(20, -1)}${String(timeNanos).padStart(6, "0")}`.replace(/0+$/, "");
  return `${iso.slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}

const encoder = new TextEncoder();

function utf8Bytes(text: string): number {
  // Subjects are hardly ever anything else.
  return /^[\0-\x7f]*$/.test(text) ? text.length : encoder.encode(text).byteLength;
}
