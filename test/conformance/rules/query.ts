import { rule, same } from "../check.ts";
import type { Context } from "../context.ts";

const KEPT = "cellos.events.conformance.";

const VALID_SUBJECTS = [
  "cellos.events.>",
  "cellos.events.*",
  "cellos.events.a",
  "cellos.events.a.*.b",
  "cellos.events.*.>",
  "cellos.events.zażółć.漢字.🚀",
  "cellos.events.$JS.a-b_c",
  KEPT + "x".repeat(256 - KEPT.length),
  // 256 bytes, of which every character takes two.
  `${KEPT}${"é".repeat((256 - KEPT.length) / 2)}`,
];

const MALFORMED_SUBJECTS = [
  "",
  ".",
  "..",
  "cellos.events.",
  ".cellos.events.a",
  "cellos.events..a",
  "cellos.events.a b",
  " cellos.events.a",
  "cellos.events.a ",
  "cellos.events.a\tb",
  "cellos.events.a\nb",
  "cellos.events.a\r\nb",
  "cellos.events.a\0b",
  "cellos.events.a\u0001",
  "cellos.events.a\u007f",
  "cellos.events.a\u0085",
  "cellos.events.a\u00a0b",
  "cellos.events.a\u2003b",
  "cellos.events.a\u2028b",
  "cellos.events.a\ufeff",
  "cellos.events.a*",
  "cellos.events.*a",
  "cellos.events.a*b",
  "cellos.events.**",
  "cellos.events.>.a",
  "cellos.events.a>",
  "cellos.events.>a",
  "cellos.events.>>",
  "cellos.>.a",
  ">.>",
  KEPT + "x".repeat(257 - KEPT.length),
  `${KEPT}${"漢".repeat((258 - KEPT.length) / 3)}`,
];

const FORBIDDEN_SUBJECTS = [
  ">",
  "*",
  "*.>",
  "cellos.>",
  "cellos.events",
  "cellos.*.a",
  "cellos.*.>",
  "*.events.a",
  "cellos.*",
  "cellos.eventsx.a",
  "Cellos.events.a",
  "other.events.a",
  "$SYS.>",
  "$JS.API.>",
  "_INBOX.>",
];

const VALID_SINCE = [
  "0",
  "1",
  "00",
  "0042",
  "9007199254740993",
  "18446744073709551615",
  "00000000000000000000000000001",
];

const MALFORMED_SINCE = [
  "",
  "-1",
  "-0",
  "+1",
  "1e3",
  "1.0",
  "0x10",
  " 1",
  "1 ",
  "1\n",
  "1_000",
  "x",
  "null",
  "NaN",
  "Infinity",
  "٣",
  "１",
  "18446744073709551616",
  "99999999999999999999",
  "100000000000000000000000",
  "1".repeat(300),
];

const TWICE = [
  "since=1&since=1",
  "since=1&since=2",
  "since=&since=1",
  "%73ince=1&since=1",
  "subject=cellos.events.a&subject=cellos.events.a",
  "subject=cellos.events.a&subject=cellos.events.b",
  "epoch=a&epoch=a",
];

const OTHERWISE_WRONG = [
  "subject=cellos.events.%FF",
  "subject=cellos.events.%ZZ",
  "subject=cellos.events.%E2%82",
  "since=%31%",
  "subject=cellos.events.a+b",
];

/** A plain GET with a valid query gets as far as the missing upgrade (H3). */
async function statusesOf(context: Context, searches: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const search of searches) {
    const { status } = await context.ask(`/ws/events?${search}`);
    found.push(`${search.slice(0, 60)} → ${status}`);
  }
  return found;
}

async function answers(context: Context, what: string, searches: readonly string[], status: number): Promise<void> {
  const got = await statusesOf(context, searches);
  const expected = searches.map((search) => `${search.slice(0, 60)} → ${status}`);
  const wrong = got.filter((line, index) => line !== expected[index]);
  same(`${what} (all but these answered ${status})`, wrong, []);
}

const subjects = (list: readonly string[]): string[] => list.map((subject) => `subject=${encodeURIComponent(subject)}`);
const sinces = (list: readonly string[]): string[] => list.map((since) => `since=${encodeURIComponent(since)}`);

rule("H1", "subject, since and epoch are optional, unknown parameters ignored", async (context) => {
  const plain = await context.open({});
  same("subprotocol echoed when none was offered", plain.raw.protocol, "");
  await context.open({ subject: context.subject(), unknown: "1", Since: "x" });
  await answers(context, "unknown parameters", ["x=1&x=2", "SINCE=x", "constructor=1&__proto__=1", "&&=&"], 426);
});

rule("H1", "meta is 1 or left out: anything else is 400", async (context) => {
  await answers(context, "meta=1", ["meta=1"], 426);
  await answers(context, "another meta", ["meta=0", "meta=", "meta=true", "meta=11", "meta=1&meta=1"], 400);
});

rule("H4", "well-formed subjects of up to 256 bytes inside the root are taken", (context) =>
  answers(context, "valid subjects", subjects(VALID_SUBJECTS), 426),
);

rule("H4", "malformed subjects: 400", (context) =>
  answers(context, "malformed subjects", subjects(MALFORMED_SUBJECTS), 400),
);

rule("H4", "subjects outside the root: 403", (context) =>
  answers(context, "subjects outside", subjects(FORBIDDEN_SUBJECTS), 403),
);

rule("H4", "a subject of 256 bytes, one of Unicode and one with wildcards are served", async (context) => {
  const { tree } = context;
  const long = `${tree}.${"x".repeat(255 - tree.length)}`;
  const unicode = `${tree}.żółć.🚀`;
  for (const [filter, subject] of [
    [long, long],
    [unicode, unicode],
    [`${tree}.*.w.>`, `${tree}.1.w.a.b`],
  ] as const) {
    const { socket } = await context.open({ subject: filter });
    const seq = await context.broker.publish(subject, { n: 1 });
    same(`event on ${filter.slice(0, 60)}`, (await socket.events(1))[0]?.seq, seq);
  }
});

rule("H5", "since is 0 to 2^64-1 in decimal digits", (context) =>
  answers(context, "valid since", sinces(VALID_SINCE), 426),
);

rule("H5", "any other since, or an empty one: 400", (context) =>
  answers(context, "malformed since", sinces(MALFORMED_SINCE), 400),
);

rule("H5", "a known parameter given twice: 400", (context) => answers(context, "doubled parameters", TWICE, 400));

rule("H5", "a query that is not percent-encoded UTF-8: 400", (context) =>
  answers(context, "bad encoding", OTHERWISE_WRONG, 400),
);
