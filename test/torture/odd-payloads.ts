/** Payloads without headers that are no JSON (W7), and JSON that is no object, which is an event all the same. */
import { bytes } from "./header-block.ts";
import { bare, delivered, dropped, eventText, type Kind, type Kinds } from "./kind.ts";

function bad(name: string, make: (n: number) => string | Buffer): Kind {
  return dropped(`no event: ${name}`, (n) => bare(make(n)));
}

function json(name: string, make: (n: number) => string): Kind {
  return delivered(`JSON: ${name}`, (n) => bare(make(n)));
}

function quoted(n: number, inside: string): Buffer {
  return Buffer.concat([Buffer.from(`{"n":${n},"bad":"`), bytes(inside), Buffer.from('"}')]);
}

export const BAD_KINDS: Kinds = [
  bad("empty", () => ""),
  bad("white space", () => " \t\r\n"),
  bad("bytes that are no text", (n) => quoted(n, "\xff\xc0")),
  bad("an overlong character", (n) => quoted(n, "\xc0\xaf")),
  bad("half a pair", (n) => quoted(n, "\xed\xa0\x80")),
  bad("half a character", (n) => quoted(n, "\xf0\x9f\x98")),
  bad("above the last character", (n) => quoted(n, "\xf4\x90\x80\x80")),
  bad("a byte order mark", (n) => `\ufeff${eventText(n)}`),
  bad("UTF-16", (n) => Buffer.from(eventText(n), "utf16le")),
  bad("words", (n) => `not json ${n}`),
  bad("cut off", (n) => `{"n":${n},"cut":`),
  bad("two of them", (n) => `${eventText(n)}${eventText(n)}`),
  bad("a byte behind it", (n) => `${eventText(n)}\0`),
  bad("a comma too many", (n) => `{"n":${n},}`),
  bad("single quotes", (n) => `{'n':${n}}`),
  bad("a comment", (n) => `{"n":${n}} // ${n}`),
  bad("no number", () => `{"n":NaN}`),
  bad("a leading zero", () => `{"n":01}`),
  bad("a control character in a string", (n) => quoted(n, "\n")),
  bad("a bad escape", (n) => quoted(n, "\\x41")),
  bad("white space of another kind", (n) => `\u00a0${eventText(n)}`),
  bad("a frame that ends early", (n) => `{"n":${n}}},{"seq":${n},"event":{}`),
  bad("brackets that do not match", () => "[".repeat(5_000)),
];

export const JSON_KINDS: Kinds = [
  json("a number", (n) => `${n}`),
  json("a large number", () => "1e999"),
  json("a number with a thousand digits", (n) => `-0.${n}${"9".repeat(1_000)}E-7`),
  json("a string", (n) => `"}],\\"seq\\":${n}"`),
  json("an empty string", () => '""'),
  json("null", () => "null"),
  json("true", () => "true"),
  json("an empty list", () => "[]"),
  json("an empty object", () => "{}"),
  json("a list", (n) => `[${n},null,{"seq":${n},"event":{}}]`),
  json("white space around it", (n) => `\r\n\t ${eventText(n)} \n`),
  json("line breaks inside it", (n) => eventText(n).replaceAll(",", ",\r\n\t")),
  json("half a pair, escaped", (n) => eventText(n, '"\\ud800"')),
  json("a zero, escaped", (n) => eventText(n, '"\\u0000\\u001b[31m"')),
  json("line separators", (n) => eventText(n, '"\u2028\u2029\u0085"')),
  json("bidirectional characters", (n) => eventText(n, '"\u202e\u2066\ufeff"')),
  json("a byte order mark inside it", (n) => eventText(n, `"\ufeff${n}"`)),
  json("a name that is given again", (n) => `{"id":"e-${n}","n":${n},"n":${n},"":0,"":1}`),
  json("names that mean something", (n) => `{"id":"e-${n}","__proto__":{"a":1},"constructor":1,"toString":null}`),
  json("a frame of the relay's own", (n) => `{"type":"welcome","protocol":2,"cursor":${n},"epoch":"x"}`),
  json("a problem of the relay's own", (n) => `{"type":"/problems/ws/stream-reset","title":"t","oldest_seq":${n}}`),
];
