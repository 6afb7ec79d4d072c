/**
 * What a client must get of a message, by the rules alone (W7, W15, W17): simple rather than fast, and without a line
 * of the relay's, whose judge it is. Pure.
 */
import { isUtf8 } from "node:buffer";
import { HEARTBEAT_TYPE } from "../support/wire/test-socket.ts";
import { canonical } from "./comparable.ts";
import { shapeOf } from "./json-shape.ts";
import type { Content } from "./kind.ts";
import { digest } from "./model.ts";
import { isBinary, isJson, structuredForm } from "./reference-binary.ts";
import { headersOf } from "./reference-headers.ts";

export type Verdict =
  | { readonly valid: true; readonly digest: string }
  /** It must reach nobody. */
  | { readonly valid: false; readonly digest: ""; readonly why: "no event" | "too deep" | "heartbeat" };

const MAX_DEPTH = 128;

export function judgeMessage({ block, payload }: Content): Verdict {
  const headers = headersOf(block);
  const binary = isBinary(headers);
  const text = binary ? structuredForm(headers, payload) : jsonOf(payload);
  if (text === null) return { valid: false, digest: "", why: "no event" };
  const { depth, types } = shapeOf(text);
  if (depth > MAX_DEPTH) return { valid: false, digest: "", why: "too deep" };
  if (types.includes(HEARTBEAT_TYPE) && text.trimStart().startsWith("{"))
    return { valid: false, digest: "", why: "heartbeat" };
  // How the relay orders the members of the structured form is its own affair.
  return { valid: true, digest: digest(binary ? canonical(text) : payload) };
}

/** A byte order mark stays, and is no JSON. */
function jsonOf(payload: Uint8Array): string | null {
  const text = isUtf8(payload) ? Buffer.from(payload).toString() : null;
  return text !== null && isJson(text) ? text : null;
}
