import { none, NotChecked, rule, same, that } from "../check.ts";
import { orderProblems } from "../chain.ts";
import type { Context } from "../context.ts";
import { Flow } from "../flow.ts";
import type { Dialled } from "../../support/wire/dial.ts";

const JOINS = 12;
/** Half as many as joins. Rooms of other rules are still there for a moment, and ask with each heartbeat. */
const MAX_STREAM_INFOS = 15;

function framesOf({ socket }: Dialled) {
  return socket.received.map(({ frame }) => frame);
}

rule("W2", "events strictly ascend, none skipped or repeated, beside other traffic", async (context) => {
  const subject = context.subject();
  const other = context.subject();
  const dialled = await context.open({ subject });
  const [seqs] = await Promise.all([context.broker.burst(subject, 600), context.broker.burst(other, 600)]);
  const events = await dialled.socket.events(seqs.length);
  same(
    "sequences delivered",
    events.map(({ seq }) => seq),
    seqs.toSorted((a, b) => a - b),
  );
  none("order", orderProblems(framesOf(dialled)));
});

/** Publishes before and after the upgrade, and says what came. */
async function startsLive(context: Context, subject: string): Promise<void> {
  const { broker } = context;
  await broker.burst(subject, 3);
  const { socket } = await context.open({ subject });
  const seq = await broker.publish(subject, { after: true });
  const [first] = await socket.events(1);
  same("first event", first, { seq, event: { after: true } });
}

rule("W3", "cold: everything published after the answer, nothing from before", async (context) => {
  await startsLive(context, context.subject());
});

rule("W3", "warm: everything published after the answer, nothing from before", async (context) => {
  const subject = context.subject();
  await context.open({ subject });
  await startsLive(context, subject);
});

rule("W3", "joins while events flow: each gets one unbroken run from its start", async (context) => {
  const subject = context.subject();
  const { broker } = context;
  const published: number[] = [];
  await using _flow = new Flow(async () => {
    published.push(await broker.publish(subject, { n: published.length }));
  });
  const join = async (): Promise<string[]> => {
    const before = published.at(-1) ?? 0;
    const { socket } = await context.open({ subject });
    const answered = published.length;
    await socket.events(20);
    const seqs = socket.allEvents().map(({ seq }) => seq);
    const first = seqs[0] ?? 0;
    const from = published.indexOf(first);
    const problems: string[] = [];
    if (first <= before) problems.push(`${first} was acknowledged before the request`);
    // The one in flight when the answer came may have been stored before or after it.
    if (from > answered + 1)
      problems.push(`starts at ${first}, and ${published[answered + 1]} was published after the answer`);
    const expected = published.slice(from, from + seqs.length);
    if (expected.some((seq, index) => seq !== seqs[index])) problems.push(`got ${seqs.join()} of ${expected.join()}`);
    return problems;
  };
  const problems: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (const found of await Promise.all(Array.from({ length: JOINS / 3 }, join))) problems.push(...found);
  }
  none("joins", problems);
});

rule("W3", "one STREAM.INFO is shared by all joins then waiting", async (context) => {
  const { broker } = context;
  const before = await broker.callsTo(`STREAM.INFO.${broker.stream}`);
  const consumersBefore = await broker.callsTo("CONSUMER.CREATE");
  const subject = context.subject();
  await Promise.all(Array.from({ length: 30 }, () => context.open({ subject })));
  const after = await broker.callsTo(`STREAM.INFO.${broker.stream}`);
  const consumers = await broker.callsTo("CONSUMER.CREATE");
  if (consumers.length === consumersBefore.length) throw new NotChecked("a broker that lets us listen to $JS.API.>");
  const asked = after.length - before.length;
  that(asked <= MAX_STREAM_INFOS, "STREAM.INFO requests for 30 joins at once", `at most ${MAX_STREAM_INFOS}`, asked);
});

rule("W4", "since=N starts at the first match above N", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const seqs: number[] = [];
  for (const n of [1, 2, 3, 4, 5, 6]) {
    seqs.push(await broker.publish(subject, { n }));
    await broker.publish(context.subject(), { n });
  }
  // Every second sequence belongs to another subject, so odd offsets lie between two matches.
  for (const offset of [-1, 0, 1, 2, 3, 8, 9]) {
    const since = (seqs[0] ?? 0) + offset;
    const expected = seqs.filter((seq) => seq > since);
    const { socket } = await context.open({ subject, since });
    const events = await socket.events(expected.length);
    same(
      `since=${since}`,
      events.map(({ seq }) => seq),
      expected,
    );
  }
});

rule("W4", "since=0 is from the oldest retained", async (context) => {
  const subject = context.subject();
  const seqs = await context.broker.burst(subject, 300);
  const { socket } = await context.open({ subject, since: 0 });
  const events = await socket.events(seqs.length);
  same(
    "sequences delivered",
    events.map(({ seq }) => seq),
    seqs,
  );
});

rule("W4", "since at the last match sends only what comes then", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const seqs = await broker.burst(subject, 5);
  const { socket } = await context.open({ subject, since: seqs.at(-1) ?? 0 });
  const seq = await broker.publish(subject, { n: 6 });
  same("first event", (await socket.events(1))[0]?.seq, seq);
});

rule("W4", "since may be above what the room has read", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const other = context.subject();
  await broker.publish(subject, { n: 1 });
  await context.open({ subject });
  for (const round of [1, 2, 3]) {
    const since = await broker.publish(other, { round });
    const { socket } = await context.open({ subject, since });
    const seq = await broker.publish(subject, { round });
    same(`first event, round ${round}`, (await socket.events(1))[0]?.seq, seq);
  }
});

rule("W4", "no event at or below since, in a replay that meets live traffic", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const past = await broker.burst(subject, 2_000, 200);
  const since = past[499] ?? 0;
  const [dialled, more] = await Promise.all([
    context.open({ subject, since }),
    broker.burst(subject, 1_000, 200, 2_001),
  ]);
  const expected = [...past, ...more].filter((seq) => seq > since);
  const events = await dialled.socket.events(expected.length);
  same("events delivered", events.length, expected.length);
  same(
    "sequences delivered",
    events.map(({ seq }) => seq),
    expected.toSorted((a, b) => a - b),
  );
  none("order", orderProblems(framesOf(dialled), since));
});

rule("V10", "who starts live beside a replay in a cold room gets nothing old, and all that is new", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const past = await broker.burst(subject, 1_000, 300);
  const middle = past[500] ?? 0;
  const starts = [undefined, 0, middle, undefined, past.at(-1) ?? 0, undefined];
  const clients = await Promise.all(
    starts.map((since) => context.open(since === undefined ? { subject } : { subject, since })),
  );
  const more = await broker.burst(subject, 50, 300, 1_001);
  for (const [index, dialled] of clients.entries()) {
    const since = starts[index] ?? past.at(-1) ?? 0;
    const expected = [...past, ...more].filter((seq) => seq > since);
    const events = await dialled.socket.events(expected.length);
    same(
      `client ${index} (since ${starts[index] ?? "none"})`,
      events.map(({ seq }) => seq),
      expected,
    );
    none(`order at client ${index}`, orderProblems(framesOf(dialled), since));
  }
});
