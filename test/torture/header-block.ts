/** Header blocks as bytes. A library would refuse to write most of what a producer can send. */

/** A string goes as UTF-8. */
export type Line = string | Uint8Array;

const VERSION = "NATS/1.0";
const CRLF = Buffer.from("\r\n");

/** `first` may be anything: brokers take it, and some cut the status off. */
export function headerBlock(lines: readonly Line[], first: string = VERSION): Buffer {
  return joined([first, ...lines, ""]);
}

/** A block whose last line has no end. */
export function unendedBlock(lines: readonly Line[]): Buffer {
  return joined([VERSION, ...lines]).subarray(0, -CRLF.length);
}

function joined(lines: readonly Line[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [Buffer.from(line), CRLF]));
}

/** Characters up to U+00FF as one byte each. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
