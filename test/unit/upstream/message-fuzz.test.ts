/** A million random messages through the fence: none throws, and each is an event or is dropped by a rule (W17). */
import { describe, expect, it } from "vitest";
import { Random } from "../../../src/dev/random.ts";
import { openMessage, type DropReason } from "../../../src/upstream/envelope.ts";

const MESSAGES = 1_000_000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const NEVER: DropReason = "failed";

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
/** What a random block or payload is put together from: what was found to hurt, and what is right. */
const HEADER_PARTS = [
  "NATS/1.0\r\n",
  "NATS/1.0 503\r\n",
  "\r\n",
  "\r",
  "\n",
  ":",
  " ",
  "\t",
  "ce-",
  "CE-",
  "ce-specversion: 1.0\r\n",
  "ce-id: 1\r\n",
  "ce-source: /s\r\n",
  "ce-type: t\r\n",
  "ce-type: io.cellos.relay.v1.heartbeat\r\n",
  "content-type: application/json\r\n",
  "content-type: text/plain; charset=",
  "X Trace: 1\r\n",
  "é: ü\r\n",
  "Nats-Msg-Id",
  '"',
  "\\",
  "%",
  "%C3",
  "%zz",
  "\u0000",
  "\u202e",
].map((text) => encoder.encode(text));
const PAYLOAD_PARTS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  '"type"',
  '"\\u0074ype"',
  '"io.cellos.relay.v1.heartbeat"',
  '{"type":"io.cellos.relay.v1.heartbeat"}',
  "1.5",
  "-",
  "null",
  "true",
  '"\\ud800"',
  "\ufeff",
  " ",
  "\u0000",
  "[".repeat(127),
  "[".repeat(129),
  "]".repeat(129),
].map((text) => encoder.encode(text));

function randomBytes(random: Random, parts: readonly Uint8Array[]): Uint8Array {
  const chosen: Uint8Array[] = [];
  for (let left = random.between(0, 12); left > 0; left--) {
    const isPart = random.fraction() < 0.85;
    const part = parts[random.between(0, parts.length - 1)] ?? NOTHING;
    chosen.push(isPart ? part : Uint8Array.of(random.between(0, 255), random.between(0, 255)));
  }
  return Buffer.concat(chosen);
}

const FROM = { subject: "s", time: "1700000000000000000" };

describe("openMessage", { tags: "long" }, () => {
  it(`[W17] opens ${MESSAGES} random messages, or drops them by a rule`, { timeout: 300_000 }, () => {
    const random = new Random(SEED);
    const outcomes = new Map<DropReason | null, number>();
    for (let n = 1; n <= MESSAGES; n++) {
      const headers = random.fraction() < 0.3 ? null : randomBytes(random, HEADER_PARTS);
      const payload = randomBytes(random, PAYLOAD_PARTS);
      const why = openMessage({ ...FROM, position: n, headers, payload }, ({ seq, text, bytes }) => {
        if (seq !== n || bytes !== Buffer.byteLength(text)) throw new Error("an envelope that is none");
        JSON.parse(text);
      });
      outcomes.set(why, (outcomes.get(why) ?? 0) + 1);
      if (why === NEVER) throw new Error(`${Buffer.from(headers ?? "").toString("hex")} ${payload.toString()}`);
    }
    const kinds = [null, "not-utf8", "not-json", "bad-binary-event", "too-deep", "reserved-type"] as const;
    for (const kind of kinds) expect(outcomes.get(kind) ?? 0, String(kind)).toBeGreaterThan(100);
  });

  const KIB_1000 = 1_000 * 1024;
  const required = "ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: t\r\n";
  const block = (lines: string): Uint8Array => encoder.encode(`NATS/1.0\r\n${lines}\r\n`);
  const many = (count: number, line: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => line(n)).join("");

  /** What cost seconds, stuck, or threw, each many times over: a reader that is not linear does not come to the end. */
  it.each([
    ["10,000 headers", block(many(10_000, (n) => `x-${n}: ${n}\r\n`)), "{}", null],
    ["100,000 headers and an event", block(many(60_000, (n) => `x${n}:\r\n`) + required), "{}", null],
    ["10,000 attributes", block(required + many(10_000, (n) => `ce-a${n}: ${n}\r\n`)), "{}", null],
    ["10,000 times one attribute", block(required + "ce-a: 1\r\n".repeat(10_000)), "{}", null],
    ["1 MB of one value", block(`x: ${"v".repeat(KIB_1000)}\r\n`), "{}", null],
    ["1 MB of an attribute's value", block(`${required}ce-a: ${'"\\'.repeat(KIB_1000 / 2)}\r\n`), "{}", null],
    ["1 MB of per cent signs", block(`${required}ce-a: ${"%".repeat(KIB_1000)}\r\n`), "{}", null],
    ["1 MB of a content type", block(`${required}content-type: text/x;${" ;".repeat(KIB_1000 / 2)}\r\n`), "{}", null],
    ["1 MB of /json", block(`${required}content-type: ${"/json ".repeat(KIB_1000 / 6)}x\r\n`), "{}", null],
    ["1 MB of a name", block(`${required}ce-${"a".repeat(KIB_1000)}: 1\r\n`), "{}", null],
    ["1 MB of line feeds", block(`x: ${"\n".repeat(KIB_1000)}\r\n${required}`), "{}", null],
    ["1 MB of carriage returns", block(`x: ${"\r".repeat(KIB_1000)}\r\n${required}`), "{}", null],
    ["1 MB of colons", block(`${":".repeat(KIB_1000)}\r\n${required}`), "{}", null],
    ["1 MB of blanks", block(`${required}ce-a:${" ".repeat(KIB_1000)}x\r\n`), "{}", null],
    ["a name with a blank", block("X Trace: 1\r\n"), "{}", null],
    ["a name that is not ASCII", block("é: 1\r\n"), "{}", null],
    ["a blank before the colon", block("x : 1\r\n"), "{}", null],
    ["a lone line feed in a value", block("x: 1\n2\r\n"), "{}", null],
    ["450,000 levels", null, "[".repeat(450_000) + "]".repeat(450_000), "too-deep"],
    ["450,000 levels that nobody closes", null, "[".repeat(450_000), "too-deep"],
    ["3,500 levels around 1.5", null, `${"[".repeat(3_500)}1.5${"]".repeat(3_500)}`, "too-deep"],
    ["1 MB of backslashes", null, `"${"\\\\".repeat(KIB_1000 / 2)}"`, null],
    ["1 MB of escaped quotes", null, `{"type":"${'\\"'.repeat(KIB_1000 / 2)}"}`, null],
    ["100,000 members named type", null, `{${'"type":1,'.repeat(100_000)}"a":"\\\\"}`, null],
    ["nothing", null, "", "not-json"],
  ])("[W17] 30 times %s", (_name, headers, text, expected) => {
    const payload = encoder.encode(text);
    for (let n = 1; n <= 30; n++)
      expect(openMessage({ ...FROM, position: n, headers, payload }, () => {})).toBe(expected);
  });
});
