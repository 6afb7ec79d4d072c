/**
 * CloudEvents in NATS binary mode: attributes in `ce-*` headers, data in the payload (W15). Pure.
 *
 * The structured form is built as text, so that JSON data keeps its digits like any other payload.
 */

import type { Headers } from "./headers.ts";

const REQUIRED = ["specversion", "id", "source", "type"] as const;
/** CloudEvents advises at most 20 characters, and forbids no more. */
const ATTRIBUTE = /^ce-([a-z0-9]+)$/;
/** The payload is the event itself, whatever the other headers say. */
const EVENT_TYPE = /^application\/cloudevents/i;
const JSON_TYPE = /^[^;]*[/+]json\s*(;|$)/i;
const TEXT_TYPE = /^text\//i;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;
/** The character sets whose bytes are UTF-8. */
const UTF8 = /^(utf-8|us-ascii)$/i;
const ESCAPED = /\\(.)/gs;

/**
 * The structured JSON form, or null when the message is not in binary mode: no `ce-specversion` header, or a content
 * type that says the payload is the event. A header that cannot be an attribute is skipped.
 * `ok: false` when a required attribute is missing or a value is not UTF-8.
 */
export function structured(headers: Headers, payload: Uint8Array): { ok: true; text: string } | { ok: false } | null {
  if (!headers.has("ce-specversion") || EVENT_TYPE.test(headers.get("content-type") ?? "")) return null;
  const attributes = new Map<string, string>();
  for (const [name, header] of headers) {
    const attribute = ATTRIBUTE.exec(name)?.[1];
    if (attribute === undefined || attribute === "data") continue;
    const value = header === null ? null : percentDecoded(unquoted(header));
    if (value === null) return { ok: false };
    attributes.set(attribute, value);
  }
  if (REQUIRED.some((name) => !attributes.get(name))) return { ok: false };
  const type = attributes.get("datacontenttype") ?? headers.get("content-type") ?? undefined;
  if (type !== undefined) attributes.set("datacontenttype", type);
  const members = [...attributes].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  if (payload.byteLength > 0) members.push(dataMember(type ?? "application/json", payload));
  return { ok: true, text: `{${members.join(",")}}` };
}

/** JSON is spliced, text becomes a JSON string; what is neither, or lies about it, travels as base64. */
function dataMember(type: string, payload: Uint8Array): string {
  const isJson = JSON_TYPE.test(type);
  if (isJson || isUtf8Text(type)) {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
      if (!isJson) return `"data":${JSON.stringify(text)}`;
      JSON.parse(text);
      return `"data":${text}`;
    } catch {
      return `"data_base64":"${base64(payload)}"`;
    }
  }
  return `"data_base64":"${base64(payload)}"`;
}

/** Text that says another character set is bytes to the relay, even where they happen to be valid UTF-8. */
function isUtf8Text(type: string): boolean {
  return TEXT_TYPE.test(type) && UTF8.test(CHARSET.exec(type)?.[1] ?? "utf-8");
}

/** A quoted string as in HTTP, without its quotes and escapes; anything else stands for itself. */
function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  const inner = value.slice(1, -1);
  // One expression for the whole of it would overflow the engine's stack on a long value.
  if (/["\\]/.test(inner.replace(ESCAPED, ""))) return value;
  return inner.replace(ESCAPED, "$1");
}

/** Header values are percent-encoded UTF-8 as in the HTTP binding; null for other bytes. A stray `%` stands for itself. */
function percentDecoded(value: string): string | null {
  try {
    return decodeURIComponent(value.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    return null;
  }
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}
