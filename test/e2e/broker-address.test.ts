/** The JetStream API under another name, and inboxes of the relay's own (U6). */
import { describe, expect, test, vi } from "vitest";
import { RELAY_USER } from "../support/broker/admin.ts";
import { LeafAndHub, startImported } from "../support/broker/addresses.ts";
import type { Rig } from "../support/broker/rig.ts";
import { cloudEvent } from "../support/cloud-event.ts";
import type { Relay } from "../support/relay.ts";
import { until } from "../support/until.ts";
import { joinAt, startInTurn, TOKEN, type Client } from "../support/world.ts";

vi.setConfig({ maxConcurrency: 2 });

const SUBJECT = "cellos.events.address.x";

const AT_LEAF = { ...RELAY_USER, NATS_INBOX_PREFIX: "_INBOX_relay" };

type Vars = Readonly<Record<string, string>>;

const relayWith = (vars: Vars, onLog?: (line: string) => void): Promise<Relay> =>
  startInTurn({ RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1", WINDOW_BYTES: "1", ...vars }, onLog);

async function publish(rig: Rig, count: number): Promise<number[]> {
  return rig.publish(Array.from({ length: count }, (_, n) => ({ subject: SUBJECT, data: cloudEvent({ n }) })));
}

interface Readiness {
  readonly status: number;
  readonly cause: string | null;
}

async function readiness(relay: Relay): Promise<Readiness> {
  const response = await fetch(`${relay.url}/readyz`);
  const { cause } = (await response.json()) as { cause: string | null };
  return { status: response.status, cause };
}

const isReady = async (relay: Relay): Promise<boolean> => (await readiness(relay)).status === 200;

/** Live and by replay, both versions; the clients stay. */
async function expectServed(relay: Relay, rig: Rig): Promise<Client[]> {
  const old = await publish(rig, 20);
  const live = [await joinAt(relay, SUBJECT, 1), await joinAt(relay, SUBJECT, 2)];
  const since = old[2] ?? 0;
  const replaying = [await joinAt(relay, SUBJECT, 1, { since }), await joinAt(relay, SUBJECT, 2, { since })];
  const fresh = await publish(rig, 5);
  for (const client of [...live, ...replaying]) await client.reaches(fresh.at(-1) ?? 0);
  for (const client of live) expect([client.seqs, client.faults]).toEqual([fresh, []]);
  for (const client of replaying) expect([client.seqs, client.faults]).toEqual([[...old.slice(3), ...fresh], []]);
  return [...live, ...replaying];
}

/** The last client leaves, and the broker has none of the relay's consumers any more. */
async function expectTidied(clients: readonly Client[], rig: Rig): Promise<void> {
  for (const client of clients) client.raw.close();
  await until("the relay's consumers are deleted", async () => (await rig.consumers()).length === 0, 8_000);
}

describe("the JetStream API under another name", () => {
  test("[U6] [JS-25] [W12] [P8] a domain behind a leaf node, with the least rights, also while its way is cut", async () => {
    await using place = await LeafAndHub.start();
    const lines: string[] = [];
    await using relay = await relayWith({ ...AT_LEAF, NATS_URL: place.leaf.url, NATS_JS_DOMAIN: "hub" }, (line) =>
      lines.push(line),
    );
    await until("the leaf node has found its hub", () => isReady(relay));
    const clients = await expectServed(relay, place.hub);
    place.link.refuse();
    const missed = await publish(place.hub, 10);
    const told = clients.filter(({ version }) => version === 2);
    await until("clients are told", () => told.every(({ beats }) => beats.at(-1)?.upstream === "reconnecting"), 20_000);
    place.link.heal();
    for (const client of clients) await client.reaches(missed.at(-1) ?? 0, 30_000);
    for (const client of clients) expect([client.socket.isClosed, client.faults]).toEqual([false, []]);
    expect(lines.filter((line) => line.includes("history-unverified"))).toEqual([]);
    await expectTidied(clients, place.hub);
  });

  test("[U6] [O8] without the domain the leaf node's own JetStream is asked, and a domain that is not there answers nothing", async () => {
    await using place = await LeafAndHub.start("");
    for (const [vars, cause] of [
      [{}, "stream-missing"],
      [{ NATS_JS_DOMAIN: "nowhere" }, "jetstream-off"],
    ] as const) {
      await using relay = await relayWith({ NATS_URL: place.leaf.url, ...vars });
      expect(await readiness(relay)).toEqual({ status: 503, cause });
    }
  });

  test("[U6] [JS-25] an API that the relay's account imports, and an inbox prefix, with the least rights", async () => {
    const { rig, vars } = await startImported();
    await using _ = rig;
    await using relay = await relayWith(vars);
    expect(await readiness(relay)).toEqual({ status: 200, cause: null });
    await expectTidied(await expectServed(relay, rig), rig);
  });
});
