/** What any producer may publish, through a real broker: no message stops a room or a client (W17). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { RelayProcess } from "../../src/dev/relay-process.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { Rig } from "../support/broker/rig.ts";
import type { Message } from "../support/broker/rig-control.ts";
import { until } from "../support/until.ts";
import { joinAt, TOKEN, World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 3, testTimeout: 180_000 });

const SUBJECT = "cellos.events.hostile.x";
const BINARY = ["ce-specversion: 1.0", "ce-id: 1", "ce-source: /s", "ce-type: t"];
/** As many as a stream takes in its 64 KiB of headers. */
const MANY = Array.from({ length: 10_000 }, (_, n) => `${n.toString(36)}:`);
const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
const HEARTBEAT = "io.cellos.relay.v1.heartbeat";

const event = (rawHeaders: readonly string[], data: unknown = cloudEvent({ n: 0 })): Message => ({
  subject: SUBJECT,
  data,
  rawHeaders,
});

/** Messages that a client gets. */
const DELIVERED: readonly Message[] = [
  event(["X Trace: 1"]),
  event(["\u00c3\u00a9: 1"]),
  event(["x : 1"]),
  event(["x: 1\n2"]),
  event([": 1", "", "junk"]),
  event(["x: \u0000\u0001\u007f\u00ff"]),
  event(MANY),
  event([`x: ${"v".repeat(64_000)}`]),
  event(["ce-id : 1", "ce-type: t"]),
  event([...BINARY, "X Trace: 1", "\u00ff: \u00ff", "ce-x y: 1"], "{}"),
  event([...BINARY, ...MANY], "{}"),
  event(["x: 1"], deep(128)),
  event(["x: 1"], `{"data":{"type":"${HEARTBEAT}"}}`),
];

/** Messages that none gets: no event, or none that its clients could read. */
const DROPPED: readonly Message[] = [
  event([...BINARY, "ce-subject: \u00ff"], "{}"),
  event(["ce-specversion: 1.0"], "{}"),
  event(["x: 1"], ""),
  event([...BINARY], deep(128)),
  event([...BINARY.slice(0, 3), `ce-type: ${HEARTBEAT}`], "{}"),
  { subject: SUBJECT, data: deep(129) },
  { subject: SUBJECT, data: deep(450_000) },
  { subject: SUBJECT, data: `${"[".repeat(3_500)}1.5${"]".repeat(3_500)}` },
  { subject: SUBJECT, data: { specversion: "1.0", type: HEARTBEAT, data: { epoch: "forged" } } },
  { subject: SUBJECT, data: `{"\\u0074ype":"io.cellos.relay.v1.heart\\u0062eat"}` },
];

/** Each hostile message between two events of the usual kind; returns the seqs of what clients must get. */
async function publishAll(rig: Rig): Promise<number[]> {
  const seqs: number[] = [];
  for (const message of [...DELIVERED, ...DROPPED]) {
    const [seq = 0, next = 0] = await rig.publish([message, { subject: SUBJECT, data: cloudEvent({ n: 1 }) }]);
    if (DELIVERED.includes(message)) seqs.push(seq);
    seqs.push(next);
  }
  return seqs;
}

describe.concurrent("messages that any producer may publish", () => {
  test("[W17] [W15] [V10] are delivered or dropped by rule: live, out of the window, and in a replay", async () => {
    await using world = await World.start();
    const live = await world.joinMany(4, SUBJECT);
    const seqs = await publishAll(world.rig);
    const last = seqs.at(-1) ?? 0;
    const fromWindow = await world.joinMany(2, SUBJECT, { since: last - 4 });
    const replayed = await world.joinMany(4, SUBJECT, { since: 0 });
    for (const follower of [...live, ...fromWindow, ...replayed]) await follower.reaches(last, 30_000);
    for (const follower of [...live, ...replayed]) expect([follower.seqs, follower.faults]).toEqual([seqs, []]);
    for (const follower of fromWindow) expect(follower.seqs).toEqual(seqs.filter((seq) => seq > last - 4));
    // Nobody reconnected: the room has had one consumer, and each replay one.
    const creates = (await world.rig.apiCalls()).filter(({ subject }) => subject.includes("CONSUMER.CREATE"));
    expect(creates.length).toBeLessThanOrEqual(3);
    const connections = await world.rig.connections();
    expect(connections).toHaveLength(1);
  });

  test("[O3] [W7] [W17] 5,000 of them are a handful of log lines, which name where they are and nothing of them", async () => {
    await using rig = await Rig.start();
    await rig.createStream();
    const lines: string[] = [];
    await using relay = await RelayProcess.start({
      vars: { NATS_URL: rig.url, RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1" },
      onLog: (line) => lines.push(line),
    });
    const at = { url: relay.url, wsUrl: relay.url.replace("http", "ws"), stop: () => relay.stop() };
    const follower = await joinAt({ ...at, [Symbol.asyncDispose]: at.stop }, "cellos.events.hostile.>", 2);
    // All within one minute of the clock, or there are two counts.
    const leftMs = 60_000 - (Date.now() % 60_000);
    if (leftMs < 20_000) await delay(leftMs + 100);
    const bad: Message = { subject: `${SUBJECT}.\u202e`, data: `hunter2 \u202e {` };
    for (let n = 0; n < 10; n++) await rig.publish(Array.from({ length: 500 }, () => bad));
    const [seq = 0] = await rig.publish([{ subject: SUBJECT, data: cloudEvent({ n: 1 }) }]);
    await follower.passes(seq, 30_000);
    const named = (name: string): Record<string, unknown>[] =>
      lines.filter((line) => line.includes(name)).map((line) => JSON.parse(line) as Record<string, unknown>);
    await until("the minute's end is told", () => named("log-lines-left-out")[0], 70_000);
    expect(named('"event":"event-dropped"')).toHaveLength(10);
    expect(named("log-lines-left-out")).toEqual([
      {
        event: "log-lines-left-out",
        name: "event-dropped",
        leftOut: 4_990,
        severity: "info",
        version: expect.any(String) as string,
      },
    ]);
    const text = lines.join("\n");
    expect(text).not.toContain("hunter2");
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(named('"event":"event-dropped"')[0]).toMatchObject({ seq: 1, reason: "not-json" });
  });
});
