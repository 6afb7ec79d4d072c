/** CloudEvents in binary mode (W15), with attributes that are written in every way, amid headers that do not matter. */
import type { Random } from "../../src/dev/random.ts";
import { HEARTBEAT_TYPE } from "../support/wire/test-socket.ts";
import { BINARY_ID, FORGED_ID } from "./comparable.ts";
import { arrays, MAX_DEPTH } from "./deep-events.ts";
import { bytes, headerBlock, type Line } from "./header-block.ts";
import { delivered, dropped, eventText, type Kind, type Kinds } from "./kind.ts";
import { noise } from "./odd-headers.ts";

type Lines = readonly Line[];

const JSON_DATA = "ce-datacontenttype: application/json";

/** The required attributes; those given replace them. */
function attributes(n: number, own: Readonly<Record<string, string | null>> = {}): string[] {
  const all = { specversion: "1.0", id: `${BINARY_ID}${n}`, source: "/torture", type: "t", ...own };
  return Object.entries(all).flatMap(([name, value]) => (value === null ? [] : `ce-${name}: ${value}`));
}

function amid(lines: Lines, random: Random): Buffer {
  return headerBlock([...noise(random), ...lines, ...noise(random)]);
}

function good(name: string, lines: (n: number) => Lines, payload = (n: number): string | Buffer => `{"n":${n}}`): Kind {
  return delivered(`binary: ${name}`, (n, random) => ({
    payload: Buffer.from(payload(n)),
    block: amid(lines(n), random),
  }));
}

function bad(name: string, lines: (n: number) => Lines, payload = (n: number): string => `{"n":${n}}`): Kind {
  return dropped(`no binary: ${name}`, (n, random) => ({
    payload: Buffer.from(payload(n)),
    block: amid(lines(n), random),
  }));
}

/** Data of a type. */
function typed(name: string, type: string, payload: (n: number) => string | Buffer): Kind {
  return good(`${name} as ${type}`, (n) => [...attributes(n), `ce-datacontenttype: ${type}`], payload);
}

const forged = { type: HEARTBEAT_TYPE, id: `${FORGED_ID}binary` };

export const BINARY_KINDS: Kinds = [
  good("nothing odd about it", (n) => [...attributes(n), JSON_DATA]),
  good("capitals", (n) => attributes(n).map((line) => line.replace(/^[^:]*/, (name) => name.toUpperCase()))),
  good("the first counts", (n) => [
    ...attributes(n, { first: "a" }),
    "CE-ID: b",
    `Ce-Type: ${HEARTBEAT_TYPE}`,
    "ce-first: b",
    bytes("ce-first: \xff"),
  ]),
  good("an empty one is the first", (n) => [...attributes(n, { first: "" }), "ce-first: b"]),
  good("no blank behind the colon", (n) => attributes(n).map((line) => line.replace(": ", ":"))),
  good("blanks around the value", (n) => attributes(n).map((line) => `${line.replace(": ", ":\t \n ")} \t\r`)),
  good("blanks of another kind", (n) => [
    ...attributes(n),
    "ce-odd: \u00a0v\u2003",
    "ce-mark: \ufeffv\ufeff",
    "ce-feed: \fv\v",
  ]),
  good("a line feed within", (n) => [...attributes(n), "ce-odd: a\nb", "ce-even: a\rce-id: b"]),
  good("control characters", (n) => [...attributes(n), "ce-odd: \0\u0001\u001b\u007f\u202e"]),
  good("beyond ASCII", (n) => [...attributes(n), "ce-odd: Größe 😀"]),
  good("escaped", (n) => attributes(n, { type: "%74", odd: "%F0%9F%98%80%00%25%0d%0A" })),
  good("a stray percent sign", (n) => attributes(n, { odd: "100%", even: "%zz%4%" })),
  good("quoted", (n) => attributes(n, { type: '"t"', odd: '"a\\"b\\\\c%20d"', even: '""' })),
  good("quoted by half", (n) => attributes(n, { odd: '"a"b"', even: '"a\\"', left: '"', right: 'a"' })),
  good("names that are no attribute", (n) => [
    ...attributes(n),
    "ce-: 1",
    "ce-a_b: 1",
    "ce-a-b: %FF",
    "ce-ä: 1",
    bytes("ce-a.b: \xff"),
  ]),
  good("an attribute called data", (n) => [...attributes(n), "ce-data: 1", "CE-Data: %FF", bytes("ce-data: \xff")]),
  good("many attributes", (n) => [
    ...attributes(n),
    ...Array.from({ length: 300 }, (_, index) => `ce-x${index}: ${index}`),
  ]),
  good("a long value", (n) => attributes(n, { odd: `"${'\\\\\\"'.repeat(2_000)}"` })),
  good(
    "a content type",
    (n) => [...attributes(n), "Content-Type: text/plain"],
    (n) => `not json ${n}`,
  ),
  good("a content type that is no text", (n) => [...attributes(n), bytes("content-type: application/cloudevents\xff")]),
  good("two content types", (n) => [...attributes(n), JSON_DATA, "content-type: text/plain"]),
  good(
    "no data",
    (n) => attributes(n),
    () => "",
  ),
  good(
    "no data of a type",
    (n) => [...attributes(n), JSON_DATA],
    () => "",
  ),
  good(
    "data that is no JSON",
    (n) => attributes(n),
    (n) => `not json ${n}`,
  ),
  good(
    "data with more digits than a double",
    (n) => attributes(n),
    (n) => `[9007199254740993.${n}0,1e999,-0,{"n":1.50}]`,
  ),
  good(
    "data that claims to be the heartbeat",
    (n) => attributes(n),
    () => `{"type":"${HEARTBEAT_TYPE}"}`,
  ),
  good(
    "data at the greatest depth",
    (n) => attributes(n),
    () => arrays(MAX_DEPTH - 1),
  ),
  good(
    "data with a byte order mark",
    (n) => attributes(n),
    () => "\ufeff{}",
  ),
  good(
    "the payload is the event",
    (n) => [...attributes(n, { id: "stray", odd: "%FF" }), "content-type: Application/CloudEvents+json"],
    (n) => eventText(n),
  ),
  typed("text", "text/plain", (n) => `"${n}"\0 Größe`),
  typed("text", '"text/plain; charset=UTF-8"', (n) => `\ufeff${n}`),
  typed("text", "text/plain; charset=iso-8859-1", (n) => `${n}`),
  typed("bytes", "text/plain", () => bytes("\xff\xfe")),
  typed("bytes", "application/json", () => bytes('{"a":"\xff"}')),
  typed("JSON", "application/vnd.cell+json; a=b", (n) => ` [${n}, null]\n`),
  typed("JSON", "application/octet-stream", (n) => `{"n":${n}}`),
  typed("words", "application/json", (n) => `not json ${n}`),
  typed("words", "text/json", (n) => `not json ${n}`),
  typed("words", "", (n) => `not json ${n}`),
  ...(["specversion", "id", "source", "type"] as const).flatMap((name) => [
    bad(`${name} is empty`, (n) => attributes(n, { [name]: "" })),
    bad(`${name} is empty quotes`, (n) => attributes(n, { [name]: '""' })),
    bad(`${name} is no text`, (n) => [...attributes(n, { [name]: null }), bytes(`ce-${name}: a\xff`)]),
  ]),
  ...(["id", "source", "type"] as const).map((name) => bad(`no ${name}`, (n) => attributes(n, { [name]: null }))),
  bad("an attribute that is no text", (n) => [...attributes(n), bytes("ce-odd: \xc3")]),
  bad("an attribute that is no text when decoded", (n) => attributes(n, { odd: "%C3%28" })),
  bad("half a pair when decoded", (n) => attributes(n, { odd: "%ED%A0%80" })),
  bad("the first is empty", (n) => [...attributes(n, { id: "" }), `ce-id: ${BINARY_ID}${n}`]),
  bad(
    "a heartbeat",
    (n) => attributes(n, forged),
    () => '{"epoch":"forged"}',
  ),
  bad("a heartbeat, escaped", (n) => attributes(n, { ...forged, type: HEARTBEAT_TYPE.replace("h", "%68") })),
  bad("a heartbeat, quoted", (n) => attributes(n, { ...forged, type: `"${HEARTBEAT_TYPE.replace("h", "\\h")}"` })),
  bad(
    "data too deep",
    (n) => attributes(n),
    () => arrays(MAX_DEPTH),
  ),
  bad(
    "the payload is no event",
    (n) => [...attributes(n), "content-type: application/cloudevents+json"],
    (n) => `not json ${n}`,
  ),
  bad(
    "the payload is empty",
    (n) => [...attributes(n), "content-type: application/cloudevents"],
    () => "",
  ),
];
