/** Headers that never matter (W17): the event beside them must arrive as if they were not there. */
import type { Random } from "../../src/dev/random.ts";
import { bytes, headerBlock, unendedBlock, type Line } from "./header-block.ts";
import { delivered, eventText, type Content, type Kind, type Kinds } from "./kind.ts";

interface Noise {
  readonly name: string;
  readonly lines: readonly Line[];
  /** Would change what an event in binary mode says. */
  readonly isLoud?: true;
}

const KIB = 1024;
/** Attributes of an event that must not be taken for one. */
const STRAYS = ["ce-specversion: 1.0", "ce-id: stray", "ce-source: /stray", "ce-type: stray"] as const;

const NOISE: readonly [Noise, ...Noise[]] = [
  { name: "a space in a name", lines: ["X Trace: 1", "ce -specversion: 1.0"] },
  { name: "a blank before the colon", lines: ["x-trace : 1", "ce-specversion : 1.0", "ce-type\t: stray"] },
  { name: "a blank before the name", lines: [" x-trace: 1", " ce-specversion: 1.0", "\tce-specversion: 1.0"] },
  { name: "a name beyond ASCII", lines: ["Überschrift: 1", "ce-ſpecversion: 1.0", "ce\u2011specversion: 1.0"] },
  { name: "a name that is no text", lines: [bytes("\xff\xfe: 1"), bytes("x-\xc3: 1"), bytes("ce-\xff: 1")] },
  {
    name: "a value that is no text",
    lines: [bytes("x-trace: \xff\xc0\x80"), bytes("ce-a-b: \xff"), bytes("x: \xed\xa0\x80")],
  },
  { name: "a lone line feed in a value", lines: ["x-trace: a\nb", "x: 1\nce-specversion: 1.0\nce-id: stray"] },
  { name: "a lone line feed in a name", lines: ["x\ntrace: 1", "\nce-specversion: 1.0", "ce-specversion\n: 1.0"] },
  { name: "a lone carriage return", lines: ["x-trace: a\rb", "x: 1\rce-specversion: 1.0", "\rce-specversion: 1.0"] },
  { name: "control characters", lines: ["x-\0\u0001: \0\u0007\u001b[31m", "\u007f: \u007f", "ce-specversion\0: 1.0"] },
  { name: "bidirectional characters", lines: ["x-\u202etrace: \u202e1", "\ufeffce-specversion: 1.0"] },
  { name: "no name", lines: [": 1", ":", "::", " : "] },
  { name: "no colon", lines: ["nonsense", "ce-specversion", "ce-specversion 1.0", "\0"] },
  { name: "no value", lines: ["x-trace:", "y: ", "z:\t \r"] },
  { name: "many colons", lines: ["x:ce-specversion: 1.0", "a:b:c:::d", "http://127.0.0.1:1: 2"] },
  { name: "the same name again", lines: ["x: 1", "X: 2", "x: 3", "x: 1"] },
  {
    name: "names close to an attribute",
    lines: ["xce-specversion: 1", "ce_specversion: 1", "ce-specversions: 1", "ce: 1"],
  },
  { name: "attributes without specversion", lines: STRAYS.slice(1), isLoud: true },
  { name: "the heartbeat's type without specversion", lines: ["ce-type: io.cellos.relay.v1.heartbeat"], isLoud: true },
  {
    name: "a content type",
    lines: ["Content-Type: text/plain; charset=utf-16", "content-type: image/png"],
    isLoud: true,
  },
  { name: "a long name", lines: [`${"x".repeat(8 * KIB)}: 1`, `ce-${"x".repeat(8 * KIB)}: 1`] },
  { name: "a long value", lines: [`x: ${"\\\"'".repeat(KIB)}`, `y:${" ".repeat(4 * KIB)}1${"\t".repeat(4 * KIB)}`] },
  {
    name: "what a broker would say",
    lines: ["Nats-Last-Consumer: -1", "Nats-Last-Stream: x", "Nats-Pending-Messages: 1e999", "Nats-Pending-Bytes: NaN"],
  },
];

/** Blocks that are odd as a whole. */
const BLOCKS: readonly (readonly [name: string, block: Buffer])[] = [
  ["no line at all", headerBlock([])],
  ["the status of a heartbeat", headerBlock(["Nats-Last-Consumer: 0"], "NATS/1.0 100 Idle Heartbeat")],
  ["the status of flow control", headerBlock([], "NATS/1.0 100 FlowControl Request")],
  ["the status of nobody there", headerBlock([], "NATS/1.0 503")],
  ["the status of a consumer that is gone", headerBlock(["x: 1"], "NATS/1.0 409 Consumer Deleted")],
  ["a status that is no number", headerBlock(["x: 1"], "NATS/1.0 \u202enonsense \0")],
  ["another version", headerBlock(["x: 1"], "NATS/9.9")],
  ["another protocol", headerBlock(["x: 1"], "HTTP/1.1 200 OK")],
  ["an attribute in the first line", headerBlock(["x: 1"], "ce-specversion: 1.0")],
  ["nothing but the version", unendedBlock([])],
  ["no end", unendedBlock(["X Trace: 1"])],
  ["an end in the middle", headerBlock(["x: 1", "", "X Trace: 2"])],
  ["attributes behind the end", headerBlock(["x: 1", "", ...STRAYS])],
];

function event(n: number, block: Buffer): Content {
  return { payload: Buffer.from(eventText(n)), block };
}

function headerKind(name: string, make: (random: Random) => Buffer): Kind {
  return delivered(`headers: ${name}`, (n, random) => event(n, make(random)));
}

export const HEADER_KINDS: Kinds = [
  headerKind("a mixture", (random) => headerBlock([...noise(random), ...noise(random), ...noise(random)])),
  ...NOISE.map(({ name, lines }) => headerKind(name, () => headerBlock(lines))),
  ...BLOCKS.map(([name, block]) => headerKind(name, () => block)),
];

/** Lines of one kind, for a block that may hold an event in binary mode too. */
export function noise(random: Random): readonly Line[] {
  const { lines, isLoud = false } = random.pick(NOISE);
  return isLoud ? noise(random) : lines;
}
