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

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** What is looked into of a message: its seq, and the bytes that a producer chose. */
export interface RawMessage {
  readonly position: number;
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
      const made = toEnvelope(message.position, message.payload, message.headers);
      if (!made.ok) return made.why;
      take(made.envelope);
      return null;
    },
    () => "failed",
  );
}

/** Builds the envelope of one message, or says why it must be dropped. */
export function toEnvelope(seq: number, payload: Uint8Array, block: Uint8Array | null): Made {
  const headers = block === null ? null : binaryModeHeaders(block);
  const binary = headers === null ? null : structured(headers, payload);
  if (binary?.ok === false) return dropped("bad-binary-event");
  if (binary !== null) return wrap(seq, binary.text, encoder.encode(binary.text).byteLength);
  let text: string;
  try {
    text = decoder.decode(payload);
  } catch {
    return dropped("not-utf8");
  }
  return wrap(seq, text, payload.byteLength);
}

/** `event` is its text: the one place that every event passes, whatever form it came in. */
function wrap(seq: number, event: string, eventBytes: number): Made {
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
  return { ok: true, envelope: { seq, text: `${head}${event}}`, bytes: head.length + eventBytes + 1 } };
}

function dropped(why: DropReason): Made {
  return { ok: false, why };
}
