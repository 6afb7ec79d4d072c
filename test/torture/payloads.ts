/** What the publisher sends: mostly small JSON, some of it large, and all the time what nobody should send. */
import type { Random } from "../../src/dev/random.ts";
import { BINARY_KINDS } from "./binary-events.ts";
import { comparable } from "./comparable.ts";
import { DEEP_KINDS } from "./deep-events.ts";
import { HEARTBEAT_KINDS } from "./forged-heartbeats.ts";
import { HUGE_KINDS } from "./huge-messages.ts";
import { bare, delivered, type Content, type Kind, type Kinds } from "./kind.ts";
import { digest } from "./model.ts";
import { HEADER_KINDS } from "./odd-headers.ts";
import { BAD_KINDS, JSON_KINDS } from "./odd-payloads.ts";

export interface Outgoing extends Content {
  readonly subject: string;
  readonly kind: Kind;
}

/** How often a message is of one of these: seven of a hundred are. */
const ODD: readonly (readonly [chance: number, kinds: Kinds])[] = [
  [0.012, BAD_KINDS],
  [0.009, JSON_KINDS],
  [0.017, HEADER_KINDS],
  [0.02, BINARY_KINDS],
  [0.007, DEEP_KINDS],
  [0.008, HEARTBEAT_KINDS],
  [0.001, HUGE_KINDS],
];

export const ODD_KINDS: readonly Kind[] = ODD.flatMap(([, kinds]) => kinds);

const TENANTS = ["acme", "acme", "globex", "initech"] as const;
const KINDS = ["cell", "cell", "node", "formation"] as const;
const KIB = 1024;

// The number has more digits than a double: they must all arrive (W1).
const PLAIN = delivered("plain", (n, random) =>
  bare(
    `{"specversion":"1.0","id":"e-${n}","source":"/torture","type":"t","data":{"n":${n},"big":9007199254740993.${n}0,"pad":"${pad(random)}"}}`,
  ),
);

export function makeOutgoing(n: number, random: Random): Outgoing {
  const subject = subjectOf(random);
  const kind = kindOf(random);
  return { subject, kind, ...kind.make(n, random) };
}

function kindOf(random: Random): Kind {
  let dice = random.fraction();
  for (const [chance, kinds] of ODD) {
    if (dice < chance) return random.pick(kinds);
    dice -= chance;
  }
  return PLAIN;
}

/** By what the text that a client got is compared. */
export function digestOfText(text: string): string {
  return digest(comparable(text));
}

function subjectOf(random: Random): string {
  if (random.fraction() < 0.002) return "cellos.events.quiet.cell";
  const deeper = random.fraction() < 0.1 ? ".started" : "";
  return `cellos.events.${random.pick(TENANTS)}.${random.pick(KINDS)}${deeper}`;
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
