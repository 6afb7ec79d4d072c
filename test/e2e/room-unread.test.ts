/** What lies unread in one isolate is bounded by not sending: crowds that never read, and crowds that do (B5 to B7). */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { BareWorld, TOKENS } from "../support/bare-world.ts";
import { until } from "../support/until.ts";
import { Flow } from "../conformance/flow.ts";

const MIB = 1024 * 1024;
const MAX_QUEUED_BYTES = 48 * MIB;
/** workerd itself, 1,000 sockets at about 100 KiB (WS-21), what lies queued, and room for garbage (docs/limits.md). */
const CEILING_BYTES = 512 * MIB;
const OTHER = "cellos.events.other";

describe("1,000 v2 sockets that never read, since=0", () => {
  test.each([1, 30])(
    "[B6] [B7] [W13] in %i rooms: what is handed out stays under the bound, and a bystander misses nothing",
    async (count) => {
      await using world = await BareWorld.start();
      const subjects = Array.from({ length: count }, (_, n) => `cellos.events.deaf.${n}`);
      for (const subject of subjects) await world.rig.publishMany(1_200, { subject, padBytes: 1_000 });
      const bystander = await world.follow(OTHER, 2, { token: TOKENS[1] });
      const published: number[] = [];
      const deaf = await (async () => {
        await using _flow = new Flow(async () => {
          published.push(await world.rig.publishMany(1, { subject: OTHER, padBytes: 500 }));
          await delay(50);
        });
        const joined = await world.ignore(subjects, 1_000, 2, { since: 0 });
        // Longer than it takes until who owes a ping is taken for one that does not read.
        await delay(8_000);
        return joined;
      })();
      expect(new Set(deaf.map(({ status }) => status))).toEqual(new Set([101]));
      await bystander.reaches(published.at(-1) ?? 0);
      expect([bystander.seqs, bystander.faults, bystander.socket.isClosed]).toEqual([published, [], false]);
      const residentBytes = world.mostResidentBytes;
      for (const client of deaf) client.resume();
      const bytes = (): number => deaf.reduce((sum, client) => sum + client.bytes, 0);
      let before = -1;
      await until(
        "nothing more arrives",
        async () => {
          const now = bytes();
          const isQuiet = now === before;
          before = now;
          await delay(500);
          return isQuiet;
        },
        20_000,
      );
      expect(bytes()).toBeGreaterThan(MAX_QUEUED_BYTES / 4);
      expect(bytes()).toBeLessThan(MAX_QUEUED_BYTES);
      expect(residentBytes).toBeLessThan(CEILING_BYTES);
    },
  );
});

test("[B6] [W13] a full room of 1,000 v2 readers after a storm of since=0: nobody is closed, and everybody has everything", async () => {
  await using world = await BareWorld.start();
  const subject = "cellos.events.full";
  await world.rig.publishMany(150, { subject, padBytes: 1_000 });
  const readers = await world.read([subject], 1_000, { since: 0 });
  let last = 0;
  for (let n = 0; n < 8; n += 1) {
    last = await world.rig.publishMany(20, { subject, padBytes: 2_000 });
    await delay(500);
  }
  await until(
    "everybody has everything",
    () => readers.every(({ cursor, closedBy }) => cursor >= last || closedBy !== null),
    40_000,
  );
  expect(new Set(readers.map(({ closedBy }) => closedBy))).toEqual(new Set([null]));
  expect(readers.reduce((sum, { faults }) => sum + faults, 0)).toBe(0);
  expect(world.mostResidentBytes).toBeLessThan(CEILING_BYTES);
});
