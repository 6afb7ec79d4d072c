/**
 * Questions about a JSON text that a parsed value cannot answer, or whose answer would have to recurse. Pure: one
 * pass over the text, and no stack that grows with it (W17).
 */
import {
  BACKSLASH,
  COLON,
  COMMA,
  LIST_END,
  LIST_START,
  OBJECT_END,
  OBJECT_START,
  QUOTE,
} from "../protocol/json-characters.ts";

/** `A` may be written as `\u0041`. */
const LONGEST_ESCAPE = 6;

/** Whether arrays and objects are nested deeper than `maxDepth`, the outermost being 1. The text need not be JSON. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  // So deep a value has as many brackets that open. To count them is native and fast; few events need a further look.
  if (opensAtMost(text, maxDepth)) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (code === OBJECT_START || code === LIST_START) {
      if (++depth > maxDepth) return true;
    } else if (code === OBJECT_END || code === LIST_END) depth--;
  }
  return false;
}

/** Whether the text has at most so many brackets that open, those inside of strings included. */
function opensAtMost(text: string, count: number): boolean {
  let left = count;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return false;
    }
  }
  return true;
}

/**
 * Whether an object has, at its top level, a member `name` that is the string `value`, however the two are spelled and
 * however often the name is given: readers do not agree which of several counts. `json` is valid JSON.
 */
export function hasStringMember(json: string, name: string, value: string): boolean {
  let depth = 0;
  let isName = false;
  let isWanted = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(json, at);
      if (depth === 1 && isName) isWanted = spells(json, at, end, name);
      else if (depth === 1 && isWanted && spells(json, at, end, value)) return true;
      at = end;
    } else if (code === OBJECT_START || code === LIST_START) {
      depth++;
      isName = depth === 1 && code === OBJECT_START;
    } else if (code === OBJECT_END || code === LIST_END) depth--;
    else if (depth === 1 && (code === COMMA || code === COLON)) isName = code === COMMA;
  }
  return false;
}

/** Where the string that begins at `from` ends: the place of its closing quote, or the end of the text. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** Whether the string between two quotes stands for `wanted`. */
function spells(json: string, from: number, end: number, wanted: string): boolean {
  const length = end - from - 1;
  if (length === wanted.length) return json.startsWith(wanted, from + 1);
  if (length < wanted.length || length > wanted.length * LONGEST_ESCAPE) return false;
  return JSON.parse(json.slice(from, end + 1)) === wanted;
}
