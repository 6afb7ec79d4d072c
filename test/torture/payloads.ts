/** What the publisher sends: mostly small JSON, some of it large, some of it no event at all (W7, W15). */
import { isUtf8 } from "node:buffer";
import type { Random } from "../../src/dev/random.ts";
import { BINARY_ID, canonical, comparable } from "./comparable.ts";
import { digest } from "./model.ts";

export interface Outgoing {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Attributes of a CloudEvent in binary mode, as `ce-*` headers. */
  readonly headers: Readonly<Record<string, string>> | null;
}

const TENANTS = ["acme", "acme", "globex", "initech"] as const;
const KINDS = ["cell", "cell", "node", "formation"] as const;
const KIB = 1024;

export function makeOutgoing(n: number, random: Random): Outgoing {
  const subject = subjectOf(random);
  const dice = random.fraction();
  if (dice < 0.01) return { subject, payload: badPayload(n, random), headers: null };
  if (dice < 0.02) return binaryEvent(n, subject);
  // The number has more digits than a double: they must all arrive (W1).
  const text = `{"specversion":"1.0","id":"e-${n}","source":"/torture","type":"t","data":{"n":${n},"big":9007199254740993.${n}0,"pad":"${pad(random)}"}}`;
  return { subject, payload: Buffer.from(text), headers: null };
}

/** What an event must be equal to: its own text, or for binary mode what it says. */
export function digestOf({ payload, headers }: Pick<Outgoing, "payload" | "headers">): string {
  if (headers === null) return digest(payload);
  const attributes = Object.entries(headers).map(([name, value]) => [name.slice("ce-".length), value]);
  return digest(canonical({ ...Object.fromEntries(attributes), data: JSON.parse(Buffer.from(payload).toString()) }));
}

/** The same of the text that a client got. */
export function digestOfText(text: string): string {
  return digest(comparable(text));
}

/** Whether a payload without headers is an event: UTF-8 and JSON, without a byte order mark (W7). */
export function isEvent(payload: Uint8Array): boolean {
  if (!isUtf8(payload)) return false;
  try {
    JSON.parse(Buffer.from(payload).toString());
    return true;
  } catch {
    return false;
  }
}

function subjectOf(random: Random): string {
  if (random.fraction() < 0.002) return "cellos.events.quiet.cell";
  const deeper = random.fraction() < 0.1 ? ".started" : "";
  return `cellos.events.${random.pick(TENANTS)}.${random.pick(KINDS)}${deeper}`;
}

function badPayload(n: number, random: Random): Uint8Array {
  switch (random.pick(["utf8", "bom", "text", "empty", "cut"])) {
    case "utf8":
      return Buffer.concat([Buffer.from(`{"n":${n},"bad":"`), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]);
    case "bom":
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(`{"n":${n}}`)]);
    case "text":
      return Buffer.from(`not json ${n}`);
    case "empty":
      return Buffer.alloc(0);
    case "cut":
      return Buffer.from(`{"n":${n},"cut":`);
  }
}

function binaryEvent(n: number, subject: string): Outgoing {
  const headers = {
    "ce-specversion": "1.0",
    "ce-id": `${BINARY_ID}${n}`,
    "ce-source": "/torture",
    "ce-type": "t",
    "ce-datacontenttype": "application/json",
  };
  return { subject, payload: Buffer.from(`{"n":${n}}`), headers };
}

/** Quotes, backslashes, brackets and characters of every length, to find a frame that is cut by guesswork. */
function pad(random: Random): string {
  const dice = random.fraction();
  const size =
    dice < 0.9
      ? random.between(0, 400)
      : dice < 0.997
        ? random.between(400, 8 * KIB)
        : dice < 0.9995
          ? random.between(20 * KIB, 150 * KIB)
          : random.between(300 * KIB, 900 * KIB);
  const unit = random.pick(["x", '\\"}', "é]", "\\\\", "😀{", "[[,"]);
  return unit.repeat(Math.floor(size / Buffer.byteLength(unit)));
}
