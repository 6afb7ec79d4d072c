/**
 * The header block of a NATS message, read from its bytes. Pure.
 *
 * Any producer chooses these bytes, and the broker takes what it is given. So nothing here throws, the work is linear
 * in the bytes, and a message that is not in binary mode costs one search (W17). The NATS library's own reader is
 * never asked: it throws at names and values that it dislikes, and takes seconds for 10,000 headers.
 */

/** What a block says of a CloudEvent: lower-case name to its first value, null for one that is not UTF-8. */
export type Headers = ReadonlyMap<string, string | null>;

/** The first line of a block that a broker wrote itself; code 0 in the block of any other message. */
export interface Status {
  readonly code: number;
  readonly description: string;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

const BINARY_MODE = ascii("ce-specversion");
const ATTRIBUTE = ascii("ce-");
const CONTENT_TYPE = ascii("content-type");

/** Longer first lines are cut: a status is a number and a few words. */
const MAX_STATUS_BYTES = 256;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder();

interface Line {
  readonly from: number;
  readonly colon: number;
  readonly to: number;
}

/** The headers that matter to a CloudEvent, `ce-*` and `content-type`; null when the message is not in binary mode (W15). */
export function binaryModeHeaders(block: Uint8Array): Headers | null {
  if (!isInBinaryMode(block)) return null;
  const headers = new Map<string, string | null>();
  for (const line of lines(block)) {
    if (!startsWith(block, line, ATTRIBUTE) && !isNamed(block, line, CONTENT_TYPE)) continue;
    // Not toLowerCase() of the whole: it makes ASCII letters of some that are none.
    const name = lenient.decode(block.subarray(line.from, line.colon)).replace(/[A-Z]+/g, (part) => part.toLowerCase());
    if (!headers.has(name)) headers.set(name, valueOf(block, line));
  }
  return headers;
}

function isInBinaryMode(block: Uint8Array): boolean {
  for (const line of lines(block)) if (isNamed(block, line, BINARY_MODE)) return true;
  return false;
}

/** The status of a message that a broker wrote. */
export function statusOf(block: Uint8Array): Status {
  const [line = ""] = lenient.decode(block.subarray(0, MAX_STATUS_BYTES)).split("\r\n", 1);
  const [, code = "0", description = ""] = /^NATS\/1\.0\s+(\d{3})(?!\d)\s*(.*)$/s.exec(line) ?? [];
  return { code: Number(code), description };
}

/** The count in a header of a broker's message: 0 when it is not there, NaN when it is not a whole number below 2^53. */
export function countOf(block: Uint8Array, name: string): number {
  const wanted = ascii(name.toLowerCase());
  for (const line of lines(block)) {
    if (!isNamed(block, line, wanted)) continue;
    const value = valueOf(block, line) ?? "";
    const count = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    return Number.isSafeInteger(count) ? count : Number.NaN;
  }
  return 0;
}

/**
 * The lines after the first, up to the empty one: a carriage return with a line feed ends a line, either of them alone
 * does not. Lines without a colon are passed over.
 */
function* lines(block: Uint8Array): Generator<Line> {
  let from = lineEnd(block, 0) + 2;
  while (from < block.length) {
    const to = lineEnd(block, from);
    if (to === from) return;
    const colon = block.subarray(from, to).indexOf(COLON);
    if (colon >= 0) yield { from, colon: from + colon, to };
    from = to + 2;
  }
}

function lineEnd(block: Uint8Array, from: number): number {
  // A search by indexOf() would begin anew at each of a million lone line feeds.
  for (let at = from; at < block.length; at++) if (block[at] === RETURN && block[at + 1] === LINE_FEED) return at;
  return block.length;
}

function isNamed(block: Uint8Array, line: Line, name: Uint8Array): boolean {
  return line.colon - line.from === name.length && startsWith(block, line, name);
}

/** Whether the name of a line begins so, in whatever case. `name` is lower-case ASCII. */
function startsWith(block: Uint8Array, { from, colon }: Line, name: Uint8Array): boolean {
  if (colon - from < name.length) return false;
  for (let at = 0; at < name.length; at++) if (lowerCase(block[from + at] ?? 0) !== name[at]) return false;
  return true;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function valueOf(block: Uint8Array, { colon, to }: Line): string | null {
  let from = colon + 1;
  while (from < to && isBlank(block[from])) from++;
  while (to > from && isBlank(block[to - 1])) to--;
  try {
    return utf8.decode(block.subarray(from, to));
  } catch {
    return null;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === LINE_FEED || byte === RETURN;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
