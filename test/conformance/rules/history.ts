import { NotChecked, rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";
import { readEvents } from "../event-stream.ts";
import type { Answer } from "../http.ts";

const PATH = "/v1/events";
const MAX_LIMIT = 1_000;

interface Page {
  readonly events: readonly { readonly seq: number; readonly event: unknown }[];
  readonly cursor: number;
}

type Query = Readonly<Record<string, string | number>>;

function pathOf(query: Query): string {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return `${PATH}?${search.toString()}`;
}

async function get(context: Context, query: Query): Promise<Answer> {
  const answer = await context.ask(pathOf(query));
  if (answer.status === 404) throw new NotChecked(`a relay that has ${PATH}`);
  return answer;
}

async function page(context: Context, query: Query): Promise<Page> {
  const { status, headers, body } = await get(context, query);
  same(`status (${body.slice(0, 100)})`, status, 200);
  that((headers["content-type"] ?? "").startsWith("application/json"), "content type", "JSON", headers["content-type"]);
  return JSON.parse(body) as Page;
}

rule("H7", "a page holds the matches above since, and a cursor to go on from", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const seqs = await broker.burst(subject, 250);
  const first = (seqs[0] ?? 1) - 1;
  const found: number[] = [];
  let since = first;
  for (const expected of [100, 100, 50]) {
    const { events, cursor } = await page(context, { subject, since });
    same("events of a page", events.length, expected);
    that(cursor >= (events.at(-1)?.seq ?? since), "cursor", "at least the last event's seq", cursor);
    found.push(...events.map(({ seq }) => seq));
    since = cursor;
  }
  same("sequences of all pages", found, seqs);
  const last = await page(context, { subject, since });
  same("events after the last page", last.events, []);
  that(last.cursor >= since, "cursor", `not below ${since}`, last.cursor);
});

rule("H7", "limit is clamped to 1..1000", async (context) => {
  const subject = context.subject();
  const seqs = await context.broker.burst(subject, MAX_LIMIT + 20);
  const since = (seqs[0] ?? 1) - 1;
  for (const [limit, expected] of [
    [0, 1],
    [1, 1],
    [7, 7],
    [MAX_LIMIT, MAX_LIMIT],
    [MAX_LIMIT + 1, MAX_LIMIT],
    [1_000_000, MAX_LIMIT],
  ] as const) {
    const { events } = await page(context, { subject, since, limit });
    same(
      `limit=${limit}`,
      events.map(({ seq }) => seq),
      seqs.slice(0, expected),
    );
  }
});

rule("H7", "events are the publisher's own JSON, digits and all", async (context) => {
  const subject = context.subject();
  const payload = '{"id":9007199254740993,"n":1.50,"text":"zażółć \\u0000"}';
  const seq = await context.broker.publish(subject, payload);
  const { body } = await get(context, { subject, since: seq - 1 });
  that(body.includes(payload), "the page", payload, body);
});

rule("H7", "the refusals are those of the WebSocket", async (context) => {
  await get(context, { subject: context.subject(), since: 1 });
  const wrong: readonly [Query, number][] = [
    [{ subject: "a..b" }, 400],
    [{ subject: "other.x" }, 403],
    [{ since: "x" }, 400],
    [{ limit: "x" }, 400],
    [{ limit: "" }, 400],
  ];
  for (const [query, status] of wrong)
    same(`status of ${JSON.stringify(query)}`, (await get(context, query)).status, status);
  same("status without a credential", (await context.askAnonymously(PATH)).status, 401);
  same("status of DELETE", (await context.ask(PATH, {}, "DELETE")).status, 405);
});

rule("H7", "older than retention: 410 with oldest_seq", async (context) => {
  await get(context, { subject: context.subject(), since: 1 });
  const { firstSeq } = await context.broker.state();
  if (firstSeq <= 2) throw new NotChecked("a stream that has lost more than one event");
  const { status, body } = await get(context, { subject: context.subject(), since: 1 });
  const problem = JSON.parse(body) as { type?: string; oldest_seq?: number };
  same("status and type", [status, problem.type], [410, "/problems/retention-exhausted"]);
  that((problem.oldest_seq ?? 0) >= firstSeq, "oldest_seq", `at least ${firstSeq}`, problem.oldest_seq);
});

rule("H7", "as an event stream: id is the seq, data the envelope, Last-Event-ID resumes", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const seqs = await broker.burst(subject, 20);
  const since = (seqs[0] ?? 1) - 1;
  await get(context, { subject, since });
  const url = `${context.httpUrl}${pathOf({ subject, since })}`;
  const events = await readEvents(url, context.bearer, seqs.length);
  same(
    "ids",
    events.map(({ id }) => Number(id)),
    seqs,
  );
  for (const { id, data } of events) same("seq in data", (JSON.parse(data) as { seq: number }).seq, Number(id));
  const resumed = await readEvents(url, { ...context.bearer, "last-event-id": String(seqs[9]) }, 10);
  same(
    "ids after Last-Event-ID",
    resumed.map(({ id }) => Number(id)),
    seqs.slice(10),
  );
});
