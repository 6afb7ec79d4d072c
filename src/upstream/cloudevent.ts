/**
 * CloudEvents in NATS binary mode: attributes in `ce-*` headers, data in the payload (W15). Pure.
 *
 * The structured form is built as text, so that JSON data keeps its digits like any other payload.
 */

/** Headers of one message: lower-case name to first value. */
export type Headers = ReadonlyMap<string, string>;

const REQUIRED = ["specversion", "id", "source", "type"] as const;
/** CloudEvents advises at most 20 characters, and forbids no more. */
const ATTRIBUTE = /^[a-z0-9]+$/;
const JSON_TYPE = /^[^;]*[/+]json\s*(;|$)/i;
const TEXT_TYPE = /^text\//i;

/**
 * The structured JSON form, or null when the message is not in binary mode (no `ce-specversion` header).
 * `ok: false` when a required attribute is missing or a name is not one CloudEvents allows.
 */
export function structured(headers: Headers, payload: Uint8Array): { ok: true; text: string } | { ok: false } | null {
  if (!headers.has("ce-specversion")) return null;
  const attributes = new Map<string, string>();
  for (const [name, value] of headers) {
    if (!name.startsWith("ce-")) continue;
    const attribute = name.slice(3);
    if (!ATTRIBUTE.test(attribute) || attribute === "data") return { ok: false };
    attributes.set(attribute, percentDecoded(value));
  }
  if (REQUIRED.some((name) => !attributes.get(name))) return { ok: false };
  const type = attributes.get("datacontenttype") ?? headers.get("content-type");
  if (type !== undefined) attributes.set("datacontenttype", type);
  const members = [...attributes].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  if (payload.byteLength > 0) members.push(dataMember(type ?? "application/json", payload));
  return { ok: true, text: `{${members.join(",")}}` };
}

/** JSON is spliced, text becomes a JSON string; what is neither, or lies about it, travels as base64. */
function dataMember(type: string, payload: Uint8Array): string {
  const isJson = JSON_TYPE.test(type);
  if (isJson || TEXT_TYPE.test(type)) {
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

/** Header values are percent-encoded UTF-8 as in the HTTP binding; a stray `%` stands for itself. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    return value;
  }
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}
