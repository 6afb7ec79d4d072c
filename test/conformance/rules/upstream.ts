import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { NotChecked, rule, same, that } from "../check.ts";
import { acknowledge } from "../acks.ts";
import { V2, type Context } from "../context.ts";
import { Flow } from "../flow.ts";

const CLIENTS = 50;
const CLOSE_LIMIT_MS = 5_000;
/** What the broker and our own polling add. */
const SLACK_MS = 1_500;
const REPLICAS = 1;
/** The default of MAX_REPLAYS. */
const MAX_REPLAYS = 8;

rule(
  "U1",
  `${CLIENTS} clients on one subject are one consumer: ack none, in memory, one replica, collected if lost`,
  async (context) => {
    const { broker } = context;
    const subject = context.subject();
    await Promise.all(Array.from({ length: CLIENTS }, () => context.open({ subject })));
    const consumers = await until("one consumer of the subject", async () => {
      const found = await broker.consumers(subject);
      return found.length > 0 && found;
    });
    same("number of consumers", consumers.length, 1);
    const [{ name, inactiveThresholdMs, ...config } = { name: "", inactiveThresholdMs: 0 }] = consumers;
    same("consumer", config, { durable: false, ackPolicy: "none", memory: true, replicas: REPLICAS });
    that(inactiveThresholdMs > 0, "inactive_threshold", "one", inactiveThresholdMs);
    await delay(500);
    same(
      "consumers a little later",
      (await broker.consumers(subject)).map((consumer) => consumer.name),
      [name],
    );
  },
);

rule("U1", "no pull asks for less than the broker's largest payload", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const seqs = await broker.burst(subject, 300, 300);
  await context.open({ subject });
  const { socket } = await context.open({ subject, since: (seqs[0] ?? 1) - 1 });
  await socket.events(seqs.length);
  const names = await consumersMade(context, subject);
  const pulls = await broker.callsTo(`CONSUMER.MSG.NEXT.${broker.stream}.`);
  const limits = pulls
    .filter(({ subject: asked }) => names.some((name) => asked.endsWith(`.${name}`)))
    .map(({ payload }) => (JSON.parse(payload) as { max_bytes?: number }).max_bytes);
  that(
    limits.every((limit) => limit === undefined || limit >= broker.maxPayloadBytes),
    "max_bytes of pulls",
    "none or large",
    limits,
  );
});

/** Names of the consumers that were created for a subject since this program began to listen. */
async function consumersMade({ broker }: Context, subject: string): Promise<string[]> {
  const calls = await broker.callsTo("CONSUMER.CREATE");
  const names = calls
    .filter((call) => call.subject.endsWith(`.${subject}`))
    .map((call) => call.subject.split(".")[5] ?? "");
  if (names.length === 0)
    throw new NotChecked("a broker that lets us listen to $JS.API.>, and consumers created by filter");
  return names;
}

rule("U1", `${CLIENTS} clients are one connection to the broker`, async (context) => {
  const { monitorUrl } = context.target;
  if (monitorUrl === undefined) throw new NotChecked("--monitor, the broker's monitoring endpoint");
  const { broker } = context;
  const subject = context.subject();
  await Promise.all(Array.from({ length: CLIENTS }, () => context.open({ subject })));
  const names = await consumersMade(context, subject);
  const pulls = await broker.callsTo(`CONSUMER.MSG.NEXT.${broker.stream}.`);
  const inboxes = pulls
    .filter((call) => names.some((name) => call.subject.endsWith(`.${name}`)))
    .map(({ reply }) => reply);
  const owners = (await connections(monitorUrl)).filter(({ subscriptions_list: list = [] }) =>
    list.some((inbox) => inboxes.includes(inbox)),
  );
  same("connections that read for the subject", owners.length, 1);
});

interface Connection {
  readonly cid: number;
  readonly subscriptions_list?: readonly string[];
}

async function connections(monitorUrl: string): Promise<readonly Connection[]> {
  const answer = await fetch(`${monitorUrl}/connz?subs=1&limit=4096`);
  return ((await answer.json()) as { connections: readonly Connection[] }).connections;
}

rule(
  "U1",
  `at most ${MAX_REPLAYS} replays beside the live consumer, and each gets all of its range`,
  async (context) => {
    const { broker } = context;
    const subject = context.subject();
    // More than the window's 4 MiB, so that old cursors need the broker.
    const seqs = await broker.burst(subject, 6_000, 1_000);
    const starts = Array.from({ length: 12 }, (_, index) => seqs[index * 100] ?? 0);
    const most: number[] = [];
    await using _watch = new Flow(async () => {
      most.push((await broker.consumers(subject)).length);
    });
    await Promise.all(starts.map((since) => replayed(context, subject, since, seqs)));
    that(Math.max(...most) <= 1 + MAX_REPLAYS, "consumers at a time", `at most ${1 + MAX_REPLAYS}`, Math.max(...most));
  },
  "loads",
);

/** Reads everything above `since`, acknowledging if it can. */
async function replayed(context: Context, subject: string, since: number, seqs: readonly number[]): Promise<void> {
  const options = context.traits.speaksV2 ? { protocols: [V2] } : {};
  const dialled = await context.open({ subject, since }, options);
  if (context.traits.speaksV2) acknowledge(dialled);
  const expected = seqs.filter((seq) => seq > since);
  const events = await dialled.socket.events(expected.length, 40_000);
  same(`number of events after ${since}`, events.length, expected.length);
  same(
    `sequences after ${since}`,
    events.map(({ seq }) => seq),
    expected.toSorted((a, b) => a - b),
  );
}

rule("U2", "the stream's configuration and identity stay as they were", async (context) => {
  const { broker } = context;
  const before = await broker.config();
  const subject = context.subject();
  const { lastSeq } = await broker.state();
  const { socket } = await context.open({ subject, since: lastSeq });
  await broker.publish(subject, { n: 1 });
  await socket.events(1);
  same("configuration", await broker.config(), before);
});

rule("U4", "the consumer is gone within 5 s of the last client leaving", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const clients = await Promise.all([context.open({ subject }), context.open({ subject })]);
  await until("a consumer of the subject", async () => (await broker.consumers(subject)).length > 0);
  // One says good-bye, the other vanishes.
  clients[0].raw.close(1000);
  context.vanish(clients[1]);
  const gone = async (): Promise<boolean> => (await broker.consumers(subject)).length === 0;
  await until("the consumer is gone", gone, CLOSE_LIMIT_MS + SLACK_MS);
  const again = await context.open({ subject });
  const seq = await broker.publish(subject, { n: 1 });
  same("first event after coming back", (await again.socket.events(1))[0]?.seq, seq);
});

rule(
  "U4",
  "clients that come and go leave a room that works, and in the end nothing",
  async (context) => {
    const { broker } = context;
    const subject = context.subject();
    const visit = async (): Promise<void> => {
      const dialled = await context.open({ subject });
      if (Math.random() < 0.5) await delay(randomInt(200));
      if (Math.random() < 0.5) context.vanish(dialled);
      else dialled.raw.close(1000);
    };
    for (let round = 0; round < 8; round += 1) await Promise.all(Array.from({ length: 20 }, visit));
    const { socket, raw } = await context.open({ subject });
    const seq = await broker.publish(subject, { n: 1 });
    same("first event afterwards", (await socket.events(1))[0]?.seq, seq);
    raw.close(1000);
    const gone = async (): Promise<boolean> => (await broker.consumers(subject)).length === 0;
    await until("the consumer is gone", gone, CLOSE_LIMIT_MS + SLACK_MS);
  },
  "loads",
);
