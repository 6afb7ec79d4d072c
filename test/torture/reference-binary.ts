/** The structured form of a CloudEvent in binary mode (W15, P2), written again to judge a relay by. Pure. */
import { isUtf8 } from "node:buffer";
import type { Headers } from "./reference-headers.ts";

const REQUIRED = ["specversion", "id", "source", "type"];
const ATTRIBUTE = /^ce-([a-z0-9]+)$/;
const UTF8_NAMES = ["utf-8", "us-ascii"];

/** Whether the payload is only the data of an event. */
export function isBinary(headers: Headers): boolean {
  const isEvent = contentType(headers)?.toLowerCase().startsWith("application/cloudevents") ?? false;
  return headers.has("ce-specversion") && !isEvent;
}

/** One that is no text is none: it belongs to the headers that never matter. */
function contentType(headers: Headers): string | undefined {
  const raw = headers.get("content-type");
  return raw !== undefined && isUtf8(raw) ? raw.toString() : undefined;
}

/** Its JSON, or null when the headers make no event. */
export function structuredForm(headers: Headers, payload: Uint8Array): string | null {
  const attributes = new Map<string, string>();
  for (const [header, raw] of headers) {
    const name = ATTRIBUTE.exec(header)?.[1];
    if (name === undefined || name === "data") continue;
    const value = attributeValue(raw);
    if (value === null) return null;
    attributes.set(name, value);
  }
  if (REQUIRED.some((name) => (attributes.get(name) ?? "") === "")) return null;
  const type = attributes.get("datacontenttype") ?? contentType(headers);
  if (type !== undefined) attributes.set("datacontenttype", type);
  const members = [...attributes].map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  if (payload.byteLength > 0) members.push(dataMember(type ?? "application/json", Buffer.from(payload)));
  return `{${members.join()}}`;
}

/** Null when it is no UTF-8, as it stands or decoded. */
function attributeValue(raw: Buffer): string | null {
  if (!isUtf8(raw)) return null;
  const bytes = Buffer.from(unquoted(raw.toString())).toString("latin1");
  const decoded = Buffer.from(
    bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
  return isUtf8(decoded) ? decoded.toString() : null;
}

/** A quoted string without quotes and escapes; what is none stands for itself. */
function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"')) return value;
  let inner = "";
  for (let at = 1; at < value.length; at += 1) {
    if (value[at] === '"') return at === value.length - 1 ? inner : value;
    if (value[at] === "\\") at += 1;
    inner += value.charAt(at);
  }
  return value;
}

/** Data that is not what its type says travels as bytes. */
function dataMember(type: string, payload: Buffer): string {
  const [media = "", ...parameters] = type.toLowerCase().split(";");
  const text = isUtf8(payload) ? payload.toString() : null;
  if (text !== null && /[/+]json$/.test(media.trimEnd())) {
    if (isJson(text)) return `"data":${text}`;
  } else if (text !== null && media.startsWith("text/") && UTF8_NAMES.includes(charsetOf(parameters)))
    return `"data":${JSON.stringify(text)}`;
  return `"data_base64":"${payload.toString("base64")}"`;
}

function charsetOf(parameters: readonly string[]): string {
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith("charset="));
  return charset?.slice("charset=".length).replaceAll('"', "") ?? "utf-8";
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
