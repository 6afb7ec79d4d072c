/** Slow readers of history, and credentials with many rooms, beside clients that read (U1, B7, W13). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dial } from "../support/wire/dial.ts";
import { Follower } from "../support/wire/follower.ts";
import { startRelay, type Relay } from "../support/relay.ts";
import { Rig } from "../support/broker/rig.ts";

const HONEST = "honest-token";
const NOISY = "noisy-token";
const SUBJECT = "cellos.events.fair.x.x.x.x.x";
const EVENTS = 60_000;
const PAD_BYTES = 1_000;
const SLOW_BYTES_PER_MS = 300;
const LOOK_MS = 20;
/** A turn is 10 s; five times that. */
const WITHIN_MS = 50_000;

type Client = Follower<Awaited<ReturnType<typeof dial>>["raw"]>;

let rig: Rig;
let relay: Relay;
let last = 0;
const ends: (() => void)[] = [];

beforeAll(async () => {
  rig = await Rig.start();
  await rig.createStream();
  const tokens = `${HONEST},${NOISY}`;
  // With less to acknowledge, a slow reader takes something more often than every 2 s, and so is not stuck (P6).
  const bounds = { WINDOW_BYTES: "1", MAX_UNREAD_BYTES: String(256 * 1024) };
  relay = await startRelay({ vars: { NATS_URL: rig.url, RELAY_API_TOKEN: tokens, ...bounds } });
  last = await rig.publishMany(EVENTS, { subject: SUBJECT, padBytes: PAD_BYTES });
});
afterAll(async () => {
  for (const end of ends) end();
  await relay.stop();
  await rig.stop();
});

async function join(subject: string, since: number, token: string): Promise<Client> {
  const url = `${relay.wsUrl}/ws/events?${new URLSearchParams({ subject, since: String(since) })}`;
  const dialled = await dial(url, { token, protocols: ["cellos.relay.v2"] });
  ends.push(() => dialled.raw.terminate());
  return new Follower(dialled, 2, since);
}

/** As `join`, and from then on no more is read than that. */
async function joinSlowly(subject: string, since: number, token: string): Promise<Client> {
  const client = await join(subject, since, token);
  const startedMs = Date.now();
  let readBytes = 0;
  client.raw.on("message", (data: Buffer) => {
    readBytes += data.byteLength;
    pace();
  });
  const pace = (): void => {
    if (client.raw.readyState !== client.raw.OPEN) return;
    if (readBytes > (Date.now() - startedMs) * SLOW_BYTES_PER_MS) client.raw.pause();
    else client.raw.resume();
  };
  const timer = setInterval(pace, LOOK_MS);
  ends.push(() => clearInterval(timer));
  return client;
}

const from = (since: number): number[] => Array.from({ length: last - since }, (_, index) => since + 1 + index);

/** What a client got, as far as it came: whole, in order, once. */
function expectWhole(client: Client, since: number): void {
  expect(client.seqs).toEqual(from(since).slice(0, client.seqs.length));
  expect(client.faults).toEqual([]);
  expect(client.socket.isClosed).toBe(false);
}

describe("fair shares", () => {
  test("[U1] [W13] eight that read 0.3 MB/s of history do not keep the ninth from its events", async () => {
    // Too far apart to share a replay.
    const starts = Array.from({ length: 8 }, (_, index) => 1_000 + index * 6_000);
    const slow = await Promise.all(starts.map((since) => joinSlowly(SUBJECT, since, HONEST)));
    // Past what each was sent at once: now its replay goes at its pace.
    await Promise.all(slow.map((client, index) => client.passes((starts[index] ?? 0) + 2_000, WITHIN_MS)));
    // Behind all of them, so that no replay that runs can come to where it is.
    const ninth = await join(SUBJECT, 0, HONEST);
    await ninth.reaches(5_000, WITHIN_MS);
    expectWhole(ninth, 0);
    for (const [index, client] of slow.entries()) expectWhole(client, starts[index] ?? 0);
    for (const client of [ninth, ...slow]) client.raw.terminate();
  });

  test("[B7] [U1] slow replays in thirty rooms of one credential do not keep another's replay from its events", async () => {
    const subjects = Array.from({ length: 30 }, (_, n) =>
      ["cellos.events.fair", ...Array.from({ length: 5 }, (_unused, bit) => ((n >> bit) & 1 ? "*" : "x"))].join("."),
    );
    const slow = await Promise.all(subjects.map((subject) => joinSlowly(subject, 0, NOISY)));
    const since = EVENTS - 2_000;
    const other = await join("cellos.events.fair.>", since, HONEST);
    await other.reaches(last, WITHIN_MS);
    expect(other.seqs).toEqual(from(since));
    for (const client of slow) expectWhole(client, 0);
  });
});
