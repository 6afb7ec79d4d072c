/**
 * From a NATS message to the text a client reads. Pure.
 *
 * The payload's own JSON is checked and then spliced, never re-serialised: `{"id":9007199254740993}` must
 * arrive with all its digits (W1). `ignoreBOM` keeps a byte order mark in the text, where JSON refuses it (W7).
 */
import { HEARTBEAT_TYPE, type Envelope } from "../protocol/frames.ts";
import { fenced } from "../shared/fence.ts";
import { structured } from "./cloudevent.ts";
import { binaryModeHeaders } from "./headers.ts";
import { hasStringMember, isDeeperThan } from "./json-scan.ts";

/**
 * Why no client can be given a message (W7, W15, W17). `too-deep`: parsers of clients give up there, as that of the
 * CellOS server's clients does. `reserved-type`: a v1 client would take it for a heartbeat. `failed`: something threw.
 */
export type DropReason = "not-utf8" | "not-json" | "bad-binary-event" | "too-deep" | "reserved-type" | "failed";

export type Made =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly why: DropReason };

/** Arrays and objects of an event that may be nested, the event itself being 1. */
const MAX_DEPTH = 128;

/** Of a time: what its nanoseconds have beyond milliseconds. */
const NANO_DIGITS = 6;
const ZERO = 48;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** What is looked into of a message: its seq, and the bytes that a producer chose. */
export interface RawMessage {
  readonly position: number;
  readonly subject: string;
  /** When the stream took it: nanoseconds since 1970. */
  readonly time: string;
  readonly payload: Uint8Array;
  /** The header block; null when there is none. */
  readonly headers: Uint8Array | null;
}

/**
 * Opens one message and gives its envelope to `take`. Returns why it must be dropped, or null. Whatever throws, `take`
 * included, drops this message and no other (W17): nobody looks into a message outside of this.
 */
export function openMessage(message: RawMessage, take: (envelope: Envelope) => void): DropReason | null {
  return fenced<DropReason | null>(
    () => {
      const made = toEnvelope(message);
      if (!made.ok) return made.why;
      take(made.envelope);
      return null;
    },
    () => "failed",
  );
}

/** Builds the envelope of one message, or says why it must be dropped. */
export function toEnvelope(message: RawMessage): Made {
  const { payload, headers: block } = message;
  const headers = block === null ? null : binaryModeHeaders(block);
  const binary = headers === null ? null : structured(headers, payload);
  if (binary?.ok === false) return dropped("bad-binary-event");
  if (binary !== null) return wrap(message, binary.text, encoder.encode(binary.text).byteLength);
  let text: string;
  try {
    text = decoder.decode(payload);
  } catch {
    return dropped("not-utf8");
  }
  return wrap(message, text, payload.byteLength);
}

/** `event` is its text: the one place that every event passes, whatever form it came in. */
function wrap({ position: seq, subject, time }: RawMessage, event: string, eventBytes: number): Made {
  if (isDeeperThan(event, MAX_DEPTH)) return dropped("too-deep");
  try {
    JSON.parse(event);
  } catch {
    return dropped("not-json");
  }
  // Only so can the type be spelled, since no shorter escape stands for one of its characters: most need no further look.
  const mayBeReserved = event.includes(HEARTBEAT_TYPE) || event.includes("\\u");
  if (mayBeReserved && hasStringMember(event, "type", HEARTBEAT_TYPE)) return dropped("reserved-type");
  const head = `{"seq":${seq},"event":`;
  const envelope = {
    seq,
    text: `${head}${event}}`,
    bytes: head.length + eventBytes + 1,
    subject,
    timeMs: digitsIn(time, 0, time.length - NANO_DIGITS),
    timeNanos: digitsIn(time, Math.max(0, time.length - NANO_DIGITS), time.length),
  };
  return { ok: true, envelope };
}

/** A number in a text of digits, without a text of its own: it is read of every event, asked for or not. */
function digitsIn(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + text.charCodeAt(at) - ZERO;
  return value;
}

function dropped(why: DropReason): Made {
  return { ok: false, why };
}
