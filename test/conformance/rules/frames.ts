import { randomInt } from "node:crypto";
import { none, rule, same, that } from "../check.ts";
import { acknowledge } from "../acks.ts";
import { chainProblems, lossProblems } from "../chain.ts";
import type { Context } from "../context.ts";
import type { Dialled } from "../../support/wire/dial.ts";

const FRAME_EVENTS = 256;
const FRAME_BYTES = 64 * 1024;
const MIB = 1024 * 1024;
/** What a connection may take to end after the relay has closed it. */
const CLOSING_MS = 15_000;

async function allOf({ socket }: Dialled, seqs: readonly number[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let have = 0;
  while (have < seqs.length) have += (await socket.events(1, Math.max(1, deadline - Date.now()))).length;
  same("number of events", socket.allEvents().length, seqs.length);
  const expected = seqs.toSorted((a, b) => a - b);
  same(
    "sequences delivered",
    socket.allEvents().map(({ seq }) => seq),
    expected,
  );
  none("the chain", chainProblems(socket.received.map(({ frame }) => frame)));
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

rule("V7", "events that arrive together travel together, at most 256 and 64 KiB a frame", async (context) => {
  const subject = context.subject();
  const dialled = await context.openV2({ subject });
  acknowledge(dialled);
  const seqs = [...(await context.broker.burst(subject, 2_000)), ...(await context.broker.burst(subject, 300, 3_000))];
  await allOf(dialled, seqs, 10_000);
  const replay = await context.openV2({ subject, since: (seqs[0] ?? 1) - 1 });
  acknowledge(replay);
  await allOf(replay, seqs, 10_000);
  for (const [way, { socket }] of [["live", dialled] as const, ["replayed", replay] as const]) {
    const frames = socket.received.filter(({ frame }) => frame.type === "events");
    const large = frames.filter(
      ({ text, frame }) => Buffer.byteLength(text) > FRAME_BYTES || (frame.events?.length ?? 0) > FRAME_EVENTS,
    );
    same(
      `${way}: frames over the limits`,
      large.map(({ text, frame }) => [text.length, frame.events?.length]),
      [],
    );
    that(frames.length < seqs.length / 2, `${way}: frames for ${seqs.length} events`, "far fewer", frames.length);
  }
});

rule("V7", "a larger event travels alone", async (context) => {
  const subject = context.subject();
  const dialled = await context.openV2({ subject });
  const seqs = await Promise.all([
    context.broker.publish(subject, { n: 1 }),
    context.broker.publish(subject, { n: 2, pad: "x".repeat(200_000) }),
    context.broker.publish(subject, { n: 3 }),
  ]);
  await allOf(dialled, seqs, 5_000);
  const frame = dialled.socket.received.find(({ text }) => text.length > FRAME_BYTES)?.frame;
  same("events in its frame", frame?.events?.length, 1);
});

rule("V7", "a lone event on a quiet stream is not held back", async (context) => {
  const subject = context.subject();
  const dialled = await context.openV2({ subject });
  const tookMs: number[] = [];
  for (let n = 0; n < 21; n += 1) {
    const startedMs = performance.now();
    await Promise.all([context.broker.publish(subject, { n }), dialled.socket.events(1)]);
    tookMs.push(Math.round(performance.now() - startedMs));
  }
  const median = tookMs.toSorted((a, b) => a - b)[10] ?? 0;
  that(median < 100, "median milliseconds from publishing to arrival", "under 100", tookMs);
});

rule(
  "V9",
  "a burst of 5 MB arrives whole at a client that acknowledges, v1 and v2",
  async (context) => {
    const subject = context.subject();
    const v2 = await context.openV2({ subject });
    acknowledge(v2);
    const v1 = await context.open({ subject });
    const seqs = await context.broker.burst(subject, 5_000, 1_000);
    await allOf(v2, seqs, 30_000);
    const events = await v1.socket.events(seqs.length, 10_000);
    same("v1 events", events.length, seqs.length);
    const resumed = await context.openV2({ subject, since: (seqs[0] ?? 1) - 1 });
    acknowledge(resumed);
    await allOf(resumed, seqs, 30_000);
  },
  "loads",
);

rule(
  "W13",
  "a v1 client that does not read delays nobody, and has missed nothing if it goes on soon",
  async (context) => {
    const subject = context.subject();
    const slow = await context.open({ subject });
    const quick = await context.open({ subject });
    slow.raw.pause();
    const seqs = await context.broker.burst(subject, 3_000, 1_000);
    const events = await quick.socket.events(seqs.length, 10_000);
    same("events at the other client", events.length, seqs.length);
    slow.raw.resume();
    const late = await slow.socket.events(seqs.length, 10_000);
    same(
      "sequences delivered late",
      late.map(({ seq }) => seq),
      seqs.toSorted((a, b) => a - b),
    );
  },
  "loads",
);

rule(
  "B1",
  "a v2 client that stops reading for a while after 3 MB gets everything when it goes on",
  async (context) => {
    const subject = context.subject();
    const slow = await context.openV2({ subject });
    acknowledge(slow);
    const quick = await context.openV2({ subject });
    acknowledge(quick);
    slow.raw.pause();
    const seqs = await context.broker.burst(subject, 3_000, 1_000);
    await allOf(quick, seqs, 10_000);
    await sleep(2_000);
    slow.raw.resume();
    await allOf(slow, seqs, 30_000);
  },
  "loads",
);

rule(
  "B6",
  "a v2 client that never acknowledges gets about a quarter of a MiB, and in the end the problem and 4408",
  async (context) => {
    const subject = context.subject();
    const { socket } = await context.openV2({ subject });
    await context.broker.burst(subject, 3_000, 1_000);
    const closed = await socket.closed(context.target.patienceMs + CLOSING_MS).catch(() => undefined);
    const bytes = socket.received.reduce((sum, { text }) => sum + text.length, 0);
    that(bytes <= MIB / 4 + FRAME_BYTES * 2, "bytes sent without any acknowledgement", "about 256 KiB", bytes);
    that(bytes >= MIB / 8, "bytes sent without any acknowledgement", "about 256 KiB", bytes);
    same("close", [closed?.code, closed?.reason], [4408, "slow-consumer"]);
    same("last frame", socket.received.at(-1)?.frame.problem?.type, "/problems/ws/slow-consumer");
  },
  "loads",
);

rule(
  "V10",
  "random traffic, random starts, slow starts: no cursor ever passes what was not sent",
  async (context) => {
    const { broker } = context;
    const subject = context.subject();
    const other = context.subject();
    const matches: number[] = await broker.burst(subject, 500, 500);
    const watched: { dialled: Dialled; since: number }[] = [];
    const endMs = Date.now() + 8_000;
    const publish = async (): Promise<void> => {
      while (Date.now() < endMs) {
        const mine = Math.random() < 0.6;
        const seqs = await broker.burst(mine ? subject : other, randomInt(1, 80), randomInt(20, 2_000));
        if (mine) matches.push(...seqs);
        await sleep(randomInt(0, 60));
      }
    };
    const join = async (): Promise<void> => {
      while (Date.now() < endMs - 3_000) {
        await observe(context, subject, matches, watched);
        await sleep(randomInt(0, 150));
      }
    };
    await Promise.all([publish(), join(), join()]);
    const all = matches.toSorted((a, b) => a - b);
    const last = all.at(-1) ?? 0;
    for (const { dialled, since } of watched) {
      const { socket } = dialled;
      const deadline = Date.now() + 15_000;
      while ((socket.allEvents().at(-1)?.seq ?? 0) < last) await socket.events(1, Math.max(1, deadline - Date.now()));
      const frames = socket.received.map(({ frame }) => frame);
      none("the chain", chainProblems(frames));
      none("loss", lossProblems(frames, all));
      const start = since < 0 ? (frames[0]?.cursor ?? 0) : since;
      same(
        "sequences delivered",
        socket.allEvents().map(({ seq }) => seq),
        all.filter((seq) => seq > start),
      );
    }
  },
  "loads",
);

/** One more client: live or from a random match, some of them not reading for a while, some coming and going. */
async function observe(
  context: Context,
  subject: string,
  matches: readonly number[],
  watched: { dialled: Dialled; since: number }[],
): Promise<void> {
  if (watched.length >= 24) return;
  const since = Math.random() < 0.4 ? -1 : (matches[randomInt(matches.length)] ?? -1);
  const dialled = await context.openV2(since < 0 ? { subject } : { subject, since });
  acknowledge(dialled);
  if (Math.random() < 0.5) {
    dialled.raw.pause();
    setTimeout(() => dialled.raw.resume(), randomInt(100, 2_000));
  }
  if (Math.random() < 0.2) dialled.raw.close(1000);
  else watched.push({ dialled, since });
}
