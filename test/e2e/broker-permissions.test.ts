/** What the relay must be allowed at the broker, and what happens when that is taken away under clients (U6, W12). */
import { readFile } from "node:fs/promises";
import { describe, expect, test, vi } from "vitest";
import { Audience } from "../support/audience.ts";
import { leastUser, NEEDED_RIGHTS, RELAY_USER, relayUser, reload, RIG_USER } from "../support/broker/admin.ts";
import { Rig } from "../support/broker/rig.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import { until } from "../support/until.ts";
import { joinAt, startInTurn, TOKEN, World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 6 });

const SUBJECT = "cellos.events.rights.x";

async function start(vars: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await World.start({ ...RIG_USER, extraConfig: relayUser([]), vars: { ...RELAY_USER, ...vars } });
  await world.rig.act("restart");
  return world;
}

describe.concurrent("rights taken away by a reload of the broker's configuration", () => {
  test.each([
    ["everything: the user is gone", `authorization { users: [{ user: rig, password: rig }] }`],
    ["CONSUMER.MSG.NEXT", relayUser(["$JS.API.CONSUMER.MSG.NEXT.>"])],
    ["STREAM.INFO", relayUser(["$JS.API.STREAM.INFO.>"])],
    ["the whole JetStream API", relayUser(["$JS.API.>"])],
    ["its inboxes", relayUser([], ["_INBOX.>"])],
  ])("[W12] %s", async (_, without) => {
    await using world = await start();
    const audience = await Audience.gather(world, SUBJECT);
    await audience.publish(20);
    await audience.hasAll();
    await reload(world.rig, without);
    await audience.publish(700);
    // Long enough for every watchdog there is with a heartbeat each second.
    const followed = audience.followers.map(({ beats }) => beats.length);
    await until("five heartbeats went by", () =>
      audience.followers.every(({ beats }, index) => beats.length >= (followed[index] ?? 0) + 5),
    );
    await reload(world.rig, relayUser([]));
    await audience.publish(30);
    await audience.hasAll();
    audience.expectUnharmed();
  });

  test("[W12] [W5] STREAM.INFO taken away in a backlog with jumps, which must be asked about", async () => {
    // A long period, so that a path that swallows everything for a moment is not taken for a dead one.
    await using world = await start({ HEARTBEAT_SECONDS: "20" });
    const followers = await world.joinMany(2, SUBJECT);
    await reload(world.rig, relayUser(["$JS.API.STREAM.INFO.>"]));
    await world.rig.act("blackhole");
    // More than one pull may bring, and to the reader of one subject each event of another is a jump.
    const seqs: number[] = [];
    for (let n = 0; n < 60; n++) {
      const [ours] = await Promise.all([world.publish(SUBJECT, 20), world.publish("cellos.events.rights.y", 20)]);
      seqs.push(...ours);
    }
    await world.rig.act("heal");
    const healedAt = Date.now();
    // What comes before the question may be sent, or wait for the right as well: both are fair.
    await until("the room had time to ask", () => {
      return Date.now() - healedAt > 5_000 || followers.every((follower) => follower.seqs.length > 500);
    });
    await reload(world.rig, relayUser([]));
    await Promise.all(followers.map((follower) => follower.reaches(seqs.at(-1) ?? 0, 30_000)));
    for (const follower of followers) expect([follower.seqs, follower.faults]).toEqual([seqs, []]);
  });

  test("[W11] [W12] a newcomer without since is refused while its neighbours stay, and admitted again later", async () => {
    await using world = await start();
    const audience = await Audience.gather(world, SUBJECT, 2);
    await audience.publish(5);
    await audience.hasAll();
    await reload(world.rig, relayUser(["$JS.API.>"]));
    await until("the relay has noticed", async () => {
      const { socket } = await world.join(SUBJECT, 2);
      const end = await Promise.race([socket.closed(), socket.type("welcome")]);
      return "code" in end && end.code === 1008 && end.reason === "subscribe failed";
    });
    const resumed = await world.join(SUBJECT, 1, { since: audience.expected[1] ?? 0 });
    await resumed.reaches(audience.expected[4] ?? 0);
    await reload(world.rig, relayUser([]));
    const late = await until("a newcomer is admitted", async () => {
      const follower = await world.join(SUBJECT, 2);
      const end = await Promise.race([follower.socket.closed(), follower.socket.type("welcome")]);
      return "code" in end ? null : follower;
    });
    await audience.publish(3);
    await audience.hasAll();
    await late.reaches(audience.expected.at(-1) ?? 0);
    audience.expectUnharmed();
    expect(late.seqs).toEqual(audience.expected.slice(5));
    expect(resumed.seqs).toEqual(audience.expected.slice(2));
  });
});

/** Of a relay whose user may do `rights` and nothing else: what an operator sees, and what it leaves behind. */
interface Outcome {
  /** The word of `/readyz`, or `ok`. */
  readonly readyz: string;
  /** The sentence of `/readyz` about the broker. */
  readonly says: string;
  /** How a join ends: its close, or `served`. */
  readonly join: string;
  /** After the connection was cut, and everybody was served again. */
  readonly unverified: boolean;
  /** Consumers that the broker still has when the last client has left. */
  readonly left: boolean;
}

const SERVED: Outcome = { readyz: "ok", says: "ok", join: "served", unverified: false, left: false };

let count = 0;

async function outcomeOf(publish: readonly string[], subscribe: readonly string[]): Promise<Outcome> {
  await using rig = await Rig.start({ ...RIG_USER, extraConfig: leastUser(publish, subscribe) });
  await rig.createStream();
  // The log of a test's relay is heard beside that of others: only the subject tells them apart.
  const subject = `cellos.events.rights.${(count += 1)}`;
  const lines: string[] = [];
  const vars = { ...RELAY_USER, NATS_URL: rig.url, NATS_INBOX_PREFIX: "_INBOX_relay", DEFAULT_SUBJECT: subject };
  const common = { RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1", WINDOW_BYTES: "1" };
  await using relay = await startInTurn({ ...common, ...vars }, (line) => lines.push(line));
  const { cause, checks } = (await (await fetch(`${relay.url}/readyz`)).json()) as {
    cause: string | null;
    checks: { broker: string };
  };
  const known = { readyz: cause ?? "ok", says: checks.broker, unverified: false, left: false };
  const message = { subject, data: cloudEvent() };
  const [first = 0] = await rig.publish([message, message]);
  const client = await joinAt(relay, subject, 2, { since: first });
  const end = await Promise.race([client.socket.closed(), client.reaches(first + 1).catch(() => null)]);
  if (end !== null && end !== undefined) return { ...known, join: `${end.code} ${end.reason}` };
  await rig.act("cut");
  const [second = 0] = await rig.publish([message]);
  await client.reaches(second);
  expect(client.faults).toEqual([]);
  const unverified = lines.some((line) => line.includes('"history-unverified"') && line.includes(subject));
  client.raw.close();
  const isGone = async (): Promise<boolean> => (await rig.connections()).length === 0;
  await until("the relay has left the broker", isGone);
  return { ...known, join: "served", unverified, left: (await rig.consumers()).length > 0 };
}

describe("each of the documented rights", () => {
  const refused = (says: RegExp): Outcome => ({
    ...SERVED,
    readyz: "permission",
    says: expect.stringMatching(says) as string,
    join: "1008 subscribe failed",
  });
  const breaks: Readonly<Record<string, Outcome>> = {
    "$JS.API.STREAM.INFO.CELLOS_EVENTS": refused(/publish to \$JS\.API\.STREAM\.INFO\./),
    "$JS.API.STREAM.MSG.GET.CELLOS_EVENTS": { ...SERVED, unverified: true },
    "$JS.API.CONSUMER.CREATE.CELLOS_EVENTS.>": refused(/publish to \$JS\.API\.CONSUMER\.CREATE\./),
    "$JS.API.CONSUMER.DELETE.CELLOS_EVENTS.>": { ...SERVED, left: true },
    "$JS.API.CONSUMER.MSG.NEXT.CELLOS_EVENTS.>": refused(/publish to \$JS\.API\.CONSUMER\.MSG\.NEXT\./),
    "_INBOX_relay.>": refused(/subscribe to _INBOX_relay\.>/),
  };

  test("[U6] together they are enough", async () => {
    expect(await outcomeOf(NEEDED_RIGHTS.publish, NEEDED_RIGHTS.subscribe)).toEqual(SERVED);
  });

  test.each(Object.entries(breaks))("[U6] [NATS-10] is needed: without %s", async (right, outcome) => {
    const without = (rights: readonly string[]): string[] => rights.filter((other) => other !== right);
    expect(await outcomeOf(without(NEEDED_RIGHTS.publish), without(NEEDED_RIGHTS.subscribe))).toEqual(outcome);
  });

  test("[U6] is in docs/deploy.md, and no other", async () => {
    const { publish, subscribe } = NEEDED_RIGHTS;
    expect(Object.keys(breaks)).toEqual([...publish, ...subscribe]);
    const text = await readFile("docs/deploy.md", "utf8");
    const block = /permissions: \{\s*publish: \[([^\]]*)\],\s*subscribe: \[([^\]]*)\]/.exec(text) ?? [];
    const listed = block.slice(1).map((list) => [...list.matchAll(/"([^"]+)"/g)].map(([, subject]) => subject));
    expect(listed).toEqual([publish, subscribe]);
  });
});
