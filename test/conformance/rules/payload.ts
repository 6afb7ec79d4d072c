import { rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";
import type { Dialled } from "../../support/wire/dial.ts";

/** Payloads whose own text must arrive. */
const TEXTS: Readonly<Record<string, string>> = {
  "digits above 2^53": '{"id":9007199254740993,"big":123456789012345678901234567890,"n":1.50,"e":1E400,"z":-0.0}',
  "nested JSON": '{"data":{"a":[1,[2,[3,{"b":null}]]],"c":{"d":{"e":true}}}}',
  Unicode: '{"text":"żółć 漢字 🚀 \\u0000 \\ud83d\\ude80 \\ud800","ключ":"\u2028\u2029\u007f"}',
  "escapes and a string of JSON": '{"a":"\\"quoted\\" \\\\ \\/ \\n","b":"{\\"c\\":1}"}',
  "white space around": ' \n{ "a" : 1 }\r\n\t',
  "a deep nest": `${"[".repeat(128)}${"]".repeat(128)}`,
  "a number alone": "9007199254740993",
  "a text alone": '"x"',
  null: "null",
  "an empty object": "{}",
  "look-alike members": '{"seq":1,"event":{"seq":2,"type":"io.cellos.relay.v1.heartbeat"},"type":"events"}',
};

const WHITE_SPACE = /"(?:[^"\\]|\\.)*"|\s+/g;

/** JSON text without the white space between its tokens: a relay may drop that, and nothing else. */
function compact(text: string): string {
  return text.replace(WHITE_SPACE, (token) => (token.startsWith('"') ? token : ""));
}

async function bothWays(context: Context, payloads: readonly string[]): Promise<{ seqs: number[]; texts: string[][] }> {
  const subject = context.subject();
  const live = await context.open({ subject });
  const seqs: number[] = [];
  for (const payload of payloads) seqs.push(await context.broker.publish(subject, payload));
  const replayed = await context.open({ subject, since: (seqs[0] ?? 1) - 1 });
  const texts: string[][] = [];
  for (const { socket } of [live, replayed]) texts.push(await textsOf(socket, payloads.length));
  return { seqs, texts };
}

/** The first `count` frames that are no heartbeat made by the relay. */
async function textsOf(socket: Dialled["socket"], count: number): Promise<string[]> {
  const isEvent = (text: string): boolean => !text.includes('"source":"/cellos-relay"');
  for (;;) {
    const found = socket.received.map(({ text }) => text).filter(isEvent);
    if (found.length >= count) return found;
    await socket.next();
  }
}

rule("W1", "an event is one text frame, its JSON unchanged: digits, nesting, Unicode", async (context) => {
  const { seqs, texts } = await bothWays(context, Object.values(TEXTS));
  for (const [way, frames] of texts.entries()) {
    for (const [index, [name, payload]] of Object.entries(TEXTS).entries()) {
      const expected = compact(`{"seq":${seqs[index]},"event":${payload}}`);
      same(`${name}, ${way === 0 ? "live" : "replayed"}`, compact(frames[index] ?? ""), expected);
    }
  }
});

rule("W1", "frames are text, never binary", async (context) => {
  const subject = context.subject();
  const { raw, socket } = await context.open({ subject });
  const kinds: boolean[] = [];
  raw.on("message", (_data, isBinary) => kinds.push(isBinary));
  for (const n of [1, 2, 3]) await context.broker.publish(subject, { n });
  await socket.events(3);
  that(
    kinds.every((isBinary) => !isBinary),
    "frames",
    "text",
    kinds,
  );
});

rule("W1", "an event of 900 KB arrives, live and replayed", async (context) => {
  const payload = JSON.stringify({ text: "ż".repeat(450_000), id: 1 });
  const { seqs, texts } = await bothWays(context, [payload]);
  for (const frames of texts)
    that(frames[0] === `{"seq":${seqs[0]},"event":${payload}}`, "the frame", "the whole event", frames[0]?.length);
});

rule("U1", "an event as large as the broker accepts is delivered, live and replayed", async (context) => {
  const frame = '{"text":""}'.length;
  const payload = JSON.stringify({ text: "x".repeat(context.broker.maxPayloadBytes - frame) });
  const { texts } = await bothWays(context, [payload, '{"n":2}']);
  for (const frames of texts)
    that((frames[0]?.length ?? 0) > payload.length, "the frame", "the whole event", frames[0]?.length);
});

const BAD_PAYLOADS: Readonly<Record<string, Uint8Array>> = {
  "invalid UTF-8": Buffer.from("7b2261223a22ff227d", "hex"),
  "an overlong encoding": Buffer.from("7b2261223a22c080227d", "hex"),
  "a surrogate in UTF-8": Buffer.from("7b2261223a22eda080227d", "hex"),
  "UTF-8 cut off": Buffer.from("22e282", "hex"),
  "a byte order mark": Buffer.from("\ufeff{}"),
  "no JSON": Buffer.from("hello"),
  "JSON cut off": Buffer.from('{"a":1'),
  "two JSON texts": Buffer.from("{}{}"),
  "a trailing comma": Buffer.from('{"a":1,}'),
  NaN: Buffer.from('{"a":NaN}'),
  "a raw control character": Buffer.from('{"a":"\u0001"}'),
  "UTF-16": Buffer.from("{}", "utf16le"),
  nothing: Buffer.alloc(0),
  "white space": Buffer.from("  "),
};

rule("W7", "what is not UTF-8 or not JSON is dropped, and the stream goes on", async (context) => {
  const subject = context.subject();
  const live = await context.open({ subject });
  const good: number[] = [];
  const first = await context.broker.publish(subject, { n: 0 });
  good.push(first);
  for (const [name, payload] of Object.entries(BAD_PAYLOADS)) {
    await context.broker.publish(subject, payload);
    good.push(await context.broker.publish(subject, { after: name }));
  }
  const replayed = await context.open({ subject, since: first - 1 });
  for (const { socket } of [live, replayed]) {
    const events = await socket.events(good.length);
    same(
      "sequences delivered",
      events.map(({ seq }) => seq),
      good,
    );
  }
});

rule(
  "W7",
  "a heartbeat passes what was dropped",
  async (context) => {
    const subject = context.subject();
    const { socket } = await context.open({ subject });
    const seq = await context.broker.publish(subject, "not JSON");
    const limitMs = context.heartbeatMs * 3.5;
    let reached = 0;
    while (reached < seq) reached = await socket.heartbeat(limitMs);
    same("events delivered", socket.allEvents(), []);
  },
  "waits",
);
