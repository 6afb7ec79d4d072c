/** Reads the header block of a message by the rule, to judge a relay by: no library's parser is asked. Pure. */

const BLANKS = [" ", "\t", "\r", "\n"];

/** Lower-case name to the bytes of its first value. A character of a name is a byte. */
export type Headers = ReadonlyMap<string, Buffer>;

/** The first line says the version, an empty one ends the block. */
export function headersOf(block: Uint8Array | null): Headers {
  const headers = new Map<string, Buffer>();
  const lines = Buffer.from(block ?? [])
    .toString("latin1")
    .split("\r\n")
    .slice(1);
  for (const line of lines) {
    if (line === "") break;
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    if (!headers.has(name)) headers.set(name, Buffer.from(trimmed(line.slice(colon + 1)), "latin1"));
  }
  return headers;
}

/** Not `trim`: it takes characters for blank that are none here. */
function trimmed(value: string): string {
  let [from, to] = [0, value.length];
  while (from < to && BLANKS.includes(value.charAt(from))) from += 1;
  while (from < to && BLANKS.includes(value.charAt(to - 1))) to -= 1;
  return value.slice(from, to);
}
