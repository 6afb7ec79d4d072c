import { NotChecked, notChecked, rule, same, that } from "../check.ts";
import type { Context } from "../context.ts";
import type { Frame } from "../../support/wire/test-socket.ts";

const RETENTION = { type: "/problems/ws/retention-exhausted", title: "Cursor older than stream retention" };
const RESET = "/problems/ws/stream-reset";
const LOST_NOTHING = "a stream from whose start something was removed: this one has lost nothing yet";

async function firstSeqOf(context: Context): Promise<number> {
  const { firstSeq } = await context.broker.state();
  if (firstSeq <= 1) throw new NotChecked(LOST_NOTHING);
  return firstSeq;
}

/** The only frame and the close of a v1 connection whose cursor is gone. */
async function farewell(context: Context, query: Readonly<Record<string, string | number>>) {
  const { socket } = await context.open(query);
  const { code, reason } = await socket.closed();
  return { frames: socket.received.map(({ frame }) => frame), close: [code, reason] };
}

function isReset(frames: readonly Frame[], close: unknown, what: string): void {
  same(`close of ${what}`, close, [4410, "stream-reset"]);
  same(`number of frames of ${what}`, frames.length, 1);
  const [frame] = frames;
  same(`type of ${what}`, frame?.type, RESET);
  that(typeof frame?.title === "string", `title of ${what}`, "a text", frame?.title);
  that(Number.isInteger(frame?.oldest_seq), `oldest_seq of ${what}`, "a sequence", frame?.oldest_seq);
}

rule("W5", "since below the retention floor: one problem frame, then 4410", async (context) => {
  const firstSeq = await firstSeqOf(context);
  if (firstSeq === 2) throw new NotChecked("a stream that lost more than one event");
  for (const since of new Set([1, firstSeq - 2])) {
    const { frames, close } = await farewell(context, { subject: context.subject(), since });
    same(`close of since=${since}`, close, [4410, "retention-exhausted"]);
    const { firstSeq: now } = await context.broker.state();
    same(`number of frames of since=${since}`, frames.length, 1);
    const oldest = frames[0]?.oldest_seq ?? 0;
    same(`frame of since=${since}`, frames[0], { ...RETENTION, oldest_seq: oldest });
    that(oldest >= firstSeq && oldest <= now, "oldest_seq", `${firstSeq} to ${now}`, oldest);
  }
});

rule("W5", "no event precedes the problem, though the subject has some", async (context) => {
  const firstSeq = await firstSeqOf(context);
  const subject = context.subject();
  await context.broker.burst(subject, 20);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { frames, close } = await farewell(context, { subject, since: Math.max(1, firstSeq - 2) });
    same("close", close, [4410, "retention-exhausted"]);
    same(
      "frames",
      frames.map(({ type }) => type),
      [RETENTION.type],
    );
    // The second attempt finds a warm room.
    await context.open({ subject });
  }
});

rule("W5", "since just below the oldest retained has lost nothing", async (context) => {
  const firstSeq = await firstSeqOf(context);
  const subject = context.subject();
  const { socket } = await context.open({ subject, since: firstSeq - 1 });
  const seq = await context.broker.publish(subject, { n: 1 });
  const { firstSeq: now } = await context.broker.state();
  if (now !== firstSeq) throw new NotChecked("a stream whose oldest event stays for a moment");
  same("first event", (await socket.events(1))[0]?.seq, seq);
});

rule("W5", "since=0 without an epoch is no lost cursor", async (context) => {
  await firstSeqOf(context);
  const subject = context.subject();
  const seq = await context.broker.publish(subject, { n: 1 });
  const { socket } = await context.open({ subject, since: 0 });
  same("first event", (await socket.events(1))[0]?.seq, seq);
});

rule("W4", "since=0 with an epoch is a cursor like any other", async (context) => {
  const { socket: first } = await context.openV2({ subject: context.subject() });
  const { epoch = "" } = await first.type("welcome");
  const firstSeq = await firstSeqOf(context);
  const { close } = await farewell(context, { subject: context.subject(), since: 0, epoch });
  same(`close, with the oldest at ${firstSeq}`, close, [4410, "retention-exhausted"]);
});

rule("W5", "v2 gets the same problem in its own frame, and no welcome", async (context) => {
  const firstSeq = await firstSeqOf(context);
  const { socket } = await context.openV2({ subject: context.subject(), since: Math.max(1, firstSeq - 2) });
  const { code, reason } = await socket.closed();
  same("close", [code, reason], [4410, "retention-exhausted"]);
  same(
    "types of frames",
    socket.received.map(({ frame }) => frame.type),
    ["problem"],
  );
  same("type of the problem", socket.received[0]?.frame.problem?.type, RETENTION.type);
});

notChecked("W5", "a live connection or a replay whose next event was removed", "retention to overtake a reader");

rule("W6", "since above the stream's last sequence: stream-reset, never a silent wait", async (context) => {
  const { broker } = context;
  const cold = context.subject();
  const warm = context.subject();
  await broker.publish(warm, { n: 1 });
  await context.open({ subject: warm });
  const { lastSeq } = await broker.state();
  for (const since of [String(lastSeq + 1_000_000), "9007199254740993", "18446744073709551615"]) {
    for (const subject of [cold, warm]) {
      const { frames, close } = await farewell(context, { subject, since });
      isReset(frames, close, `since=${since} on a ${subject === cold ? "cold" : "warm"} subject`);
    }
  }
});

rule("W6", "one above the last sequence is above it", async (context) => {
  const { broker } = context;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { lastSeq } = await broker.state();
    const { socket } = await context.open({ subject: context.subject(), since: lastSeq + 1 });
    const closed = await socket.closed(2_000).catch(() => undefined);
    if (closed !== undefined) return same("close", [closed.code, closed.reason], [4410, "stream-reset"]);
    const { lastSeq: now } = await broker.state();
    that(now > lastSeq, "a connection one above the last sequence", "stream-reset", "silence");
  }
  throw new NotChecked("a stream that rests for a moment");
});

rule("W6", "the last sequence itself is not above it", async (context) => {
  const { broker } = context;
  const subject = context.subject();
  const since = await broker.publish(context.subject(), { n: 1 });
  const { socket } = await context.open({ subject, since });
  const seq = await broker.publish(subject, { n: 2 });
  same("first event", (await socket.events(1))[0]?.seq, seq);
});

notChecked("W6", "a stream deleted and created anew, or restored", "a stream that may be deleted");
