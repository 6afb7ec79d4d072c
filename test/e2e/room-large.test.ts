/** Events as large as the broker takes (U1, B1), payloads that are none (W7), and holes in a stream. */
import { connect } from "nats.ws";
import { describe, expect, test, vi } from "vitest";
import type { Envelope } from "../support/wire/test-socket.ts";
import { reload } from "../support/broker/admin.ts";
import { World } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 3 });

const SUBJECT = "cellos.events.large.x";
const MIB = 1024 * 1024;
const MAX = String(96 * MIB);
/** Room for the protocol line and the subject, which count against max_payload nowhere, and the JSON around the pad. */
const padTo = (bytes: number, n: number): string => {
  const head = `{"n":${n},"pad":"`;
  return `${head}${"x".repeat(bytes - head.length - 2)}"}`;
};

/** The events' own numbers; fails unless each is exactly `bytes` long. */
function numbers(events: readonly Envelope[], bytes: number): unknown[] {
  return events.map(({ event }) => {
    expect(JSON.stringify(event)).toHaveLength(bytes);
    return event["n"];
  });
}

describe.concurrent("large events", () => {
  test.each([
    ["1 MiB, the broker's default", MIB, "", {}],
    // Of v1 clients nothing is ever proven (B1), so the bounds are raised out of the way.
    ["8 MiB, as configured", 8 * MIB, "max_payload: 8MB", { MAX_UNPROVEN_BYTES: MAX, MAX_QUEUED_BYTES: MAX }],
    ["1 MiB with a window and a budget far below", MIB, "", { WINDOW_BYTES: "1000", MAX_UNREAD_BYTES: "100000" }],
  ])("[U1] [B1] [B3] %s: live, in a resume and in a replay, v1 and v2", async (_, bytes, extraConfig, vars) => {
    await using world = await World.start({ extraConfig, vars });
    const live = await world.joinMany(2, SUBJECT);
    const wanted = [1, 2, 3];
    for (const n of wanted) await world.rig.publish([{ subject: SUBJECT, data: padTo(bytes, n) }]);
    const late = await world.joinMany(2, SUBJECT, { since: 0 });
    const resumed = await world.joinMany(2, SUBJECT, { since: 2 });
    for (const follower of [...live, ...late]) {
      await follower.reaches(3, 20_000);
      expect(numbers(follower.socket.allEvents(), bytes)).toEqual(wanted);
      expect(follower.faults).toEqual([]);
    }
    for (const follower of resumed) {
      await follower.reaches(3, 20_000);
      expect(numbers(follower.socket.allEvents(), bytes)).toEqual([3]);
    }
    // A small one right behind is not held up.
    const [small = 0] = await world.publish(SUBJECT, 1);
    await Promise.all([...live, ...late, ...resumed].map((follower) => follower.reaches(small, 20_000)));
  });

  test("[U1] [B1] [V9] twenty events of 1 MiB in a row flow to v2 clients that acknowledge, small ones in between", async () => {
    await using world = await World.start();
    const live = await world.join(SUBJECT, 2);
    const seqs: number[] = [];
    for (let n = 0; n < 20; n++) {
      seqs.push(...(await world.rig.publish([{ subject: SUBJECT, data: padTo(MIB, n) }])));
      seqs.push(...(await world.publish(SUBJECT, 3)));
    }
    const late = await world.join(SUBJECT, 2, { since: 0 });
    for (const follower of [live, late]) {
      await follower.reaches(seqs.at(-1) ?? 0, 30_000);
      expect([follower.seqs, follower.faults]).toEqual([seqs, []]);
    }
  });
});

/** What may stand in a stream between two good events and is none. */
const BAD: readonly { readonly name: string; readonly base64: string }[] = [
  { name: "not UTF-8", base64: Buffer.from([0x22, 0xff, 0xfe, 0x22]).toString("base64") },
  { name: "a lone surrogate in UTF-8", base64: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]).toString("base64") },
  { name: "not JSON", base64: Buffer.from("{not json}").toString("base64") },
  { name: "JSON with a tail", base64: Buffer.from('{"a":1} x').toString("base64") },
  { name: "a byte order mark", base64: Buffer.from('\ufeff{"a":1}').toString("base64") },
  { name: "UTF-16", base64: Buffer.from('{"a":1}', "utf16le").toString("base64") },
  { name: "nothing at all", base64: "" },
  { name: "a binary event without its type", base64: Buffer.from("{}").toString("base64") },
];

describe.concurrent("payloads that are no events", () => {
  test.each([
    ["live", false, {}],
    ["in a refill", true, {}],
    ["in a replay", true, { WINDOW_BYTES: "1" }],
  ])("[W7] %s they are dropped and the stream goes on", async (_, since, vars) => {
    await using world = await World.start({ vars });
    const followers = since ? [] : await world.joinMany(2, SUBJECT);
    const good: number[] = [];
    let last = 0;
    for (const { base64, name } of [...BAD, ...BAD]) {
      const headers = name.startsWith("a binary") ? { headers: { "ce-specversion": "1.0", "ce-id": "1" } } : {};
      await world.rig.publish([{ subject: SUBJECT, data: "", base64, ...headers }]);
      good.push(...(await world.publish(SUBJECT, 1)));
    }
    // The very last one is bad: whoever waits for an event would wait for ever, the cursor must still arrive.
    [last = 0] = await world.rig.publish([{ subject: SUBJECT, data: "no json" }]);
    if (since) followers.push(...(await world.joinMany(2, SUBJECT, { since: 0 })));
    for (const follower of followers) {
      await follower.reaches(good.at(-1) ?? 0);
      await follower.passes(last);
      expect([follower.seqs, follower.faults]).toEqual([good, []]);
      if (since && follower.version === 2)
        expect(follower.socket.received.some(({ frame }) => frame.type === "caught-up")).toBe(true);
    }
    const [next = 0] = await world.publish(SUBJECT, 1);
    for (const follower of followers) await follower.reaches(next);
  });

  test.each([
    ["a refill", {}],
    ["a replay", { WINDOW_BYTES: "1" }],
  ])("[W4] [W5] holes that deletions left do not hold up %s", async (_, vars) => {
    await using world = await World.start({ vars });
    const last = await world.publishMany(SUBJECT, 700);
    const gone = new Set([2, 3, 255, 256, 257, 258, 512, 513, 699, 700]);
    for (const seq of gone) await world.rig.deleteMessage(seq);
    const kept = Array.from({ length: last }, (_unused, index) => index + 1).filter((seq) => !gone.has(seq));
    const late = await world.joinMany(2, SUBJECT, { since: 0 });
    const inside = await world.joinMany(2, SUBJECT, { since: 255 });
    const [next = 0] = await world.publish(SUBJECT, 1);
    for (const follower of late) {
      await follower.reaches(next);
      expect([follower.seqs, follower.faults]).toEqual([[...kept, next], []]);
    }
    for (const follower of inside) {
      await follower.reaches(next);
      expect(follower.seqs).toEqual([...kept.filter((seq) => seq > 255), next]);
    }
  });

  test("[W4] [W5] a replay of one subject among many, with holes, is complete", async () => {
    await using world = await World.start({ vars: { WINDOW_BYTES: "1" } });
    const ours: number[] = [];
    for (let n = 0; n < 40; n++) {
      const [seqs] = await Promise.all([world.publish(SUBJECT, 5), world.publishMany("cellos.events.large.y", 30)]);
      ours.push(...seqs);
    }
    const followers = await world.joinMany(4, SUBJECT, { since: 0 });
    const [next = 0] = await world.publish(SUBJECT, 1);
    for (const follower of followers) {
      await follower.reaches(next);
      expect([follower.seqs, follower.faults]).toEqual([[...ours, next], []]);
    }
  });

  test("[U1] [W5] [JS-9] the broker takes larger events after a reload: a replay before one goes on, smaller again too", async () => {
    await using world = await World.start({ vars: { WINDOW_BYTES: "65536" } });
    await world.rig.act("restart");
    const live = await world.join("cellos.events.raised.x", 2);
    const first = await world.publish("cellos.events.raised.x", 3);
    await live.reaches(first[2] ?? 0);
    await reload(world.rig, `max_payload: ${8 * MIB}`);
    // Nobody is told: only a new connection of the publisher knows what it may send.
    const publisher = await connect({ servers: world.rig.server.url });
    const { seq: large } = await publisher.jetstream().publish("cellos.events.raised.x", padTo(3 * MIB, 0));
    await publisher.close();
    const last = await world.publishMany("cellos.events.raised.x", 300, { padBytes: 1_000 });
    await live.reaches(last, 20_000);
    const late = await world.join("cellos.events.raised.x", 2, { since: first[0] ?? 0 });
    await late.reaches(last, 20_000);
    await reload(world.rig, `max_payload: ${MIB}`);
    const later = await world.join("cellos.events.raised.x", 2, { since: first[0] ?? 0 });
    await later.reaches(last, 20_000);
    for (const follower of [late, later]) {
      expect(follower.seqs).toEqual(Array.from({ length: last - (first[0] ?? 0) }, (_, n) => (first[0] ?? 0) + 1 + n));
      expect(follower.seqs).toContain(large);
    }
  });
});
