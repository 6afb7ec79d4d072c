import { none, rule, same, that } from "../check.ts";
import { lossProblems, orderProblems } from "../chain.ts";
import type { Context } from "../context.ts";
import { HEARTBEAT_TYPE, type Received } from "../../support/wire/test-socket.ts";

/** What a clock and a network add to what the relay does. */
const SLACK_MS = 250;
const SILENCE = 1.5;
const NEAREST = 0.5;

/** Enough periods to see two heartbeats surely, within what the user wants to wait. */
function watchMs({ heartbeatMs, target }: Context): number {
  return Math.min(heartbeatMs * 4 + SLACK_MS, target.patienceMs);
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

const isHeartbeat = ({ frame }: Received): boolean =>
  frame.type === "heartbeat" || frame.event?.type === HEARTBEAT_TYPE;

/** Silences that are too long, and heartbeats too close, on a connection watched from `openedMs` to now. */
function paceProblems(received: readonly Received[], openedMs: number, heartbeatMs: number): string[] {
  const frames = received.filter(({ text }) => text !== "pong");
  const moments = [openedMs, ...frames.map(({ atMs }) => atMs), Date.now()];
  const beats = frames.filter(isHeartbeat).map(({ atMs }) => atMs);
  const gaps = (list: readonly number[]): number[] => list.slice(1).map((atMs, index) => atMs - (list[index] ?? 0));
  const silences = gaps(moments).filter((ms) => ms > heartbeatMs * SILENCE + SLACK_MS);
  const close = gaps(beats).filter((ms) => ms < heartbeatMs * NEAREST - SLACK_MS);
  return [
    ...silences.map((ms) => `expected no silence over ${heartbeatMs * SILENCE} ms got ${ms} ms`),
    ...close.map((ms) => `expected heartbeats at least ${heartbeatMs * NEAREST} ms apart got ${ms} ms`),
    ...(beats.length === 0 && frames.length === 0
      ? [`expected heartbeats in ${Date.now() - openedMs} ms got none`]
      : []),
  ];
}

rule(
  "W8",
  "an idle connection gets heartbeats: a CloudEvent with the epoch, at the promised pace",
  async (context) => {
    const { socket } = await context.open({ subject: context.subject() });
    const openedMs = Date.now();
    await sleep(watchMs(context));
    none("pace", paceProblems(socket.received, openedMs, context.heartbeatMs));
    const beats = socket.received.filter(isHeartbeat).map(({ frame }) => frame);
    that(beats.length > 0, "heartbeats", "at least one", beats.length);
    for (const { event, seq } of beats) {
      that(Number.isSafeInteger(seq), "seq of a heartbeat", "a cursor", seq);
      const { specversion, id, source, type, data } = event ?? {};
      same("specversion and type", [specversion, type], ["1.0", HEARTBEAT_TYPE]);
      that(!!id && !!source, "id and source", "texts that are not empty", [id, source]);
      that(typeof data?.["epoch"] === "string" && data["epoch"] !== "", "data.epoch", "a text", data?.["epoch"]);
    }
  },
  "waits",
);

rule(
  "W8",
  "the pace holds for every one of many clients, v1 and v2",
  async (context) => {
    const subject = context.subject();
    const { speaksV2 } = context.traits;
    const watched: { openedMs: number; received: readonly Received[] }[] = [];
    for (let index = 0; index < 20; index += 1) {
      const dialled = speaksV2 && index % 2 === 0 ? await context.openV2({ subject }) : await context.open({ subject });
      watched.push({ openedMs: Date.now(), received: dialled.socket.received });
    }
    await sleep(watchMs(context));
    const problems = watched.flatMap(({ received, openedMs }) => paceProblems(received, openedMs, context.heartbeatMs));
    none("pace", problems);
  },
  "waits",
);

rule(
  "W8",
  "an event now and then on the subject itself shortens no silence below half a period",
  async (context) => {
    const subject = context.subject();
    const { socket } = await context.open({ subject });
    const openedMs = Date.now();
    const endMs = openedMs + watchMs(context);
    for (let n = 0; Date.now() < endMs; n += 1) {
      await context.broker.publish(subject, { n });
      await sleep(Math.max(1, Math.min(context.heartbeatMs * 0.7, endMs - Date.now())));
    }
    none("pace", paceProblems(socket.received, openedMs, context.heartbeatMs));
    none("order", orderProblems(socket.received.map(({ frame }) => frame)));
  },
  "waits",
);

rule(
  "W8",
  "under a firehose on other subjects a quiet client still gets its heartbeats",
  async (context) => {
    const watched = [await context.open({ subject: context.subject() })];
    if (context.traits.speaksV2) watched.push(await context.openV2({ subject: context.subject() }));
    const openedMs = Date.now();
    const endMs = openedMs + watchMs(context);
    const noise = context.subject();
    while (Date.now() < endMs) {
      await context.broker.burst(noise, 50, 200);
      await sleep(20);
    }
    for (const { socket } of watched) none("pace", paceProblems(socket.received, openedMs, context.heartbeatMs));
  },
  "loads",
);

rule(
  "W9",
  "on a quiet subject the heartbeat reaches the stream's last sequence within two of them",
  async (context) => {
    const { broker } = context;
    const subject = context.subject();
    const dialled = [await context.open({ subject })];
    if (context.traits.speaksV2) dialled.push(await context.openV2({ subject }));
    const target = (await broker.burst(context.subject(), 20)).at(-1) ?? 0;
    const publishedMs = Date.now();
    for (const { socket } of dialled) {
      const seen: number[] = [];
      while ((seen.at(-1) ?? 0) < target && seen.length < 4) {
        const cursor = await socket.heartbeat(context.heartbeatMs * SILENCE + SLACK_MS);
        const beat = socket.received.findLast(isHeartbeat);
        if ((beat?.atMs ?? 0) >= publishedMs) seen.push(cursor);
      }
      that(seen.length <= 2, `heartbeats until ${target}`, "at most two", seen);
    }
  },
  "waits",
);

rule(
  "W9",
  "a heartbeat never passes a match that was not sent, and its cursor can be resumed from",
  async (context) => {
    const { broker } = context;
    const subject = context.subject();
    const since = (await broker.state()).lastSeq;
    const { socket } = await context.open({ subject });
    const matches: number[] = [];
    const endMs = Date.now() + watchMs(context);
    for (let n = 0; Date.now() < endMs; n += 1) {
      const mine = Math.random() < 0.3;
      const seq = await broker.publish(mine ? subject : context.subject(), { n });
      if (mine) matches.push(seq);
      await sleep(Math.random() * Math.min(60, context.heartbeatMs / 10));
    }
    const cursor = await socket.heartbeat(context.heartbeatMs * SILENCE + SLACK_MS);
    const frames = socket.received.map(({ frame }) => frame);
    none("order", orderProblems(frames));
    none("loss", lossProblems(frames, matches, since));
    const again = await context.open({ subject, since: cursor });
    const seq = await broker.publish(subject, { again: true });
    const expected = [...matches.filter((match) => match > cursor), seq];
    const events = await again.socket.events(expected.length);
    same(
      `after since=${cursor}`,
      events.map((event) => event.seq),
      expected,
    );
  },
  "waits",
);
