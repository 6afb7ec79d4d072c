/**
 * From a NATS payload to the text a client reads. Pure.
 *
 * The payload's own JSON is checked and then spliced, never re-serialised: `{"id":9007199254740993}` must
 * arrive with all its digits (W1). `ignoreBOM` keeps a byte order mark in the text, where JSON refuses it (W7).
 */
import type { Envelope } from "../protocol/frames.ts";
import { structured, type Headers } from "./cloudevent.ts";

export type DropReason = "not-utf8" | "not-json" | "bad-binary-event";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of a payload that is valid UTF-8 and valid JSON, or why it is not. */
function jsonText(payload: Uint8Array): { ok: true; text: string } | { ok: false; why: DropReason } {
  let text: string;
  try {
    text = decoder.decode(payload);
  } catch {
    return { ok: false, why: "not-utf8" };
  }
  try {
    JSON.parse(text);
  } catch {
    return { ok: false, why: "not-json" };
  }
  return { ok: true, text };
}

/** Builds the envelope of one message, or says why it must be dropped (W7, W15). */
export function toEnvelope(
  seq: number,
  payload: Uint8Array,
  headers: Headers | null,
): { ok: true; envelope: Envelope } | { ok: false; why: DropReason } {
  const binary = headers === null ? null : structured(headers, payload);
  if (binary?.ok === false) return { ok: false, why: "bad-binary-event" };
  if (binary !== null) return { ok: true, envelope: wrap(seq, binary.text, utf8Bytes(binary.text)) };
  const json = jsonText(payload);
  return json.ok ? { ok: true, envelope: wrap(seq, json.text, payload.byteLength) } : json;
}

function wrap(seq: number, event: string, eventBytes: number): Envelope {
  const head = `{"seq":${seq},"event":`;
  return { seq, text: `${head}${event}}`, bytes: head.length + eventBytes + 1 };
}

const encoder = new TextEncoder();
function utf8Bytes(text: string): number {
  return encoder.encode(text).byteLength;
}
