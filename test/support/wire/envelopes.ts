/** Cuts the raw text of each event out of a frame: to compare digits, the text must not go through a JSON parser. */

export interface RawEvent {
  readonly seq: number;
  /** The text of `event`, exactly as it was sent. */
  readonly text: string;
  /** Where it came from, in an item that says it (H1). */
  readonly origin: { readonly subject: string; readonly time: string } | null;
}

const HEAD = /\{"seq":(\d+),"event":/y;
const ORIGIN = /,("subject":"(?:[^"\\]|\\.)*","time":"[^"\\]*")\}/y;
const QUOTE = 34;
const BACKSLASH = 92;

/** The envelope that starts at `from`, and where it ends; null when there is none in the form of W1. */
export function envelopeAt(text: string, from: number): { readonly event: RawEvent; readonly end: number } | null {
  HEAD.lastIndex = from;
  const head = HEAD.exec(text);
  if (head === null) return null;
  const start = from + head[0].length;
  const end = valueEnd(text, start);
  if (end === null) return null;
  const event = { seq: Number(head[1]), text: text.slice(start, end), origin: null };
  if (text[end] === "}") return { event, end: end + 1 };
  ORIGIN.lastIndex = end;
  const [whole, members] = ORIGIN.exec(text) ?? [];
  if (whole === undefined) return null;
  const origin = JSON.parse(`{${members}}`) as RawEvent["origin"];
  return { event: { ...event, origin }, end: end + whole.length };
}

/** The envelopes of a list that starts at `from`, behind its `[`; null when it is not one, up to `]}` at the end. */
export function envelopeList(text: string, from: number): RawEvent[] | null {
  const events: RawEvent[] = [];
  for (let at = from; ; at += 1) {
    const found = envelopeAt(text, at);
    if (found === null) return null;
    events.push(found.event);
    at = found.end;
    if (text[at] === ",") continue;
    return text.slice(at) === "]}" ? events : null;
  }
}

/** Where the JSON value that starts at `start` ends; null when the text ends first. */
function valueEnd(text: string, start: number): number | null {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      if (at < 0) return null;
    } else if (code === 123 || code === 91) {
      depth += 1;
    } else if (code === 44 && depth === 0) {
      return at;
    } else if (code === 125 || code === 93) {
      // A bare number or word ends where its surroundings do.
      if (depth === 0) return at;
      depth -= 1;
    }
  }
  return null;
}

/** The closing quote of the string that opens at `open`, or -1. */
export function stringEnd(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}
