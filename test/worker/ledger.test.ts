/** The ledger of a grant in the real runtime: it sleeps, dies and is asked in between (B4). */
import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { configOf } from "../../src/config/config.ts";
import { authenticate } from "../../src/grant/authenticate.ts";
import type { Ledger } from "../../src/quota/ledger.ts";
import { roomName } from "../../src/placement/room-name.ts";
import { configure, holdTimers, takeMemory, type Stub } from "./room-stub.ts";
import type { TestSocket } from "../support/wire/test-socket.ts";
import { until } from "../support/until.ts";
import { accept, get, startRig } from "../support/workerd.ts";

const LIMIT = 10;
const LEASE_MS = 300_000;
const PROBLEM = {
  type: "/problems/too-many-subjects",
  title: "Too many subjects",
  status: 429,
  detail: "This credential has as many subjects open as it may; close one, or ask for a wider one.",
};

let rig: Awaited<ReturnType<typeof startRig>>;
const tokens = ["sequence", "at-once", "look", "own", "leave", "die", "asleep", "turned-away"] as const;
type Token = (typeof tokens)[number];

beforeAll(async () => {
  holdTimers();
  rig = await startRig();
  await rig.createStream();
  configure({
    NATS_URL: rig.url,
    HEARTBEAT_SECONDS: "1",
    MAX_ROOMS_PER_GRANT: String(LIMIT),
    RELAY_API_TOKEN: tokens.join(" "),
    DEFAULT_SUBJECT: "cellos.events.default",
  });
});
afterEach(() => vi.useRealTimers());
afterAll(() => rig.stop());

const upgrade = (token: Token, query: string): Promise<Response> =>
  get(`/ws/events${query}`, { authorization: `Bearer ${token}`, upgrade: "websocket" });
const plain = (token: Token, query: string): Promise<Response> =>
  get(`/ws/events${query}`, { authorization: `Bearer ${token}` });
const named = (token: Token, n: number): string => `?subject=cellos.events.ledger.${token}.n${n}`;

async function ledgerOf(token: Token): Promise<DurableObjectStub<Ledger>> {
  const loaded = configOf(env);
  if (!loaded.ok) throw new Error(loaded.problem);
  const result = await authenticate({ kind: "bearer", token }, loaded.config);
  if (result.kind !== "granted") throw new Error(`${token} is no token`);
  return env.LEDGER.getByName(result.grant.id);
}

/** What the ledger of `token` has stored, and when its alarm rings. */
async function storedOf(token: Token): Promise<{ readonly keys: string[]; readonly alarmAtMs: number | null }> {
  return runInDurableObject(await ledgerOf(token), async (_, { storage }) => ({
    keys: Array.from((await storage.list()).keys()),
    alarmAtMs: await storage.getAlarm(),
  }));
}

/** Opens as many subjects as `token` may. */
async function openAll(token: Token, count = LIMIT): Promise<TestSocket[]> {
  const sockets: TestSocket[] = [];
  for (let n = 0; n < count; n += 1) sockets.push(await accept(await upgrade(token, named(token, n))));
  return sockets;
}

/** The room of a subject, where a caller without a place gets it. */
function roomBehind(token: Token, n: number): Stub {
  return env.ROOM.getByName(roomName({ region: "anywhere", subject: `cellos.events.ledger.${token}.n${n}`, shard: 0 }));
}

function closeAll(sockets: readonly TestSocket[]): void {
  for (const socket of sockets) socket.close(1000);
}

test("[B4] of 40 requests in a row 10 are admitted, though the ledger sleeps or dies between any two", async () => {
  const token = "sequence";
  const statuses: number[] = [];
  const sockets: TestSocket[] = [];
  for (let n = 0; n < 40; n += 1) {
    const response = await upgrade(token, named(token, n));
    statuses.push(response.status);
    if (response.status === 101) sockets.push(await accept(response));
    else {
      expect(await response.json()).toEqual(PROBLEM);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(response.headers.get("Retry-After")).toBe("30");
    }
    const ledger = await ledgerOf(token);
    if (n % 2 === 0) await evictDurableObject(ledger);
    else await runInDurableObject(ledger, (_, state) => state.abort("on purpose")).catch(() => {});
  }
  expect(statuses).toEqual([...Array.from({ length: LIMIT }, () => 101), ...Array.from({ length: 30 }, () => 429)]);
  expect((await upgrade(token, named(token, 3))).status).toBe(101);
  closeAll(sockets);
});

test("[B4] of 40 requests at the same moment 10 are admitted", async () => {
  const token = "at-once";
  const responses = await Promise.all(Array.from({ length: 40 }, (_, n) => upgrade(token, named(token, n))));
  const admitted = responses.filter(({ status }) => status === 101);
  expect(responses.filter(({ status }) => status === 429)).toHaveLength(30);
  expect(admitted).toHaveLength(LIMIT);
  closeAll(await Promise.all(admitted.map(accept)));
});

test("[B4] [H3] a plain GET is told as an upgrade is, takes no place and stores nothing", async () => {
  const token = "look";
  for (let n = 0; n < 2 * LIMIT; n += 1) expect((await plain(token, named(token, n))).status).toBe(426);
  expect(await storedOf(token)).toEqual({ keys: [], alarmAtMs: null });
  const sockets = await openAll(token);
  const before = await storedOf(token);
  const refused = await plain(token, named(token, LIMIT));
  expect([refused.status, await refused.json()]).toEqual([429, PROBLEM]);
  expect((await plain(token, named(token, 0))).status).toBe(426);
  expect(await storedOf(token)).toEqual(before);
  closeAll(sockets);
});

test("[B4] DEFAULT_SUBJECT and the grant's own filter cost no book-keeping, and no limit holds for them", async () => {
  const token = "own";
  const free = ["", "?subject=cellos.events.default", "?subject=cellos.events.%3E"];
  const first = await Promise.all(free.map(async (query) => accept(await upgrade(token, query))));
  expect(await storedOf(token)).toEqual({ keys: [], alarmAtMs: null });
  const sockets = await openAll(token);
  const again = await Promise.all(free.map(async (query) => accept(await upgrade(token, query))));
  expect((await upgrade(token, named(token, LIMIT))).status).toBe(429);
  closeAll([...first, ...sockets, ...again]);
});

test("[B4] a place is free as soon as its client has left, and an idle grant leaves nothing behind", async () => {
  const token = "leave";
  const sockets = await openAll(token);
  sockets[0]?.close(1000);
  const other = await until("a place is free", async () => {
    const response = await upgrade(token, named(token, LIMIT));
    return response.status === 101 ? accept(response) : undefined;
  });
  closeAll([other, ...sockets]);
  await until("nobody holds a lease", async () => (await storedOf(token)).keys.length === 0);
  expect((await storedOf(token)).alarmAtMs).not.toBeNull();
  expect(await runDurableObjectAlarm(await ledgerOf(token))).toBe(true);
  expect(await storedOf(token)).toEqual({ keys: [], alarmAtMs: null });
});

test("[B4] the place of a room that ended without a word comes back one lease later, and its row is swept", async () => {
  const token = "die";
  const sockets = await openAll(token);
  await runInDurableObject(roomBehind(token, 0), (_, state) => state.abort("on purpose")).catch(() => {});
  await sockets[0]?.closed();
  expect((await upgrade(token, named(token, LIMIT))).status).toBe(429);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + LEASE_MS });
  await until("the rooms that live have renewed, and the place is free", async () => {
    const { status } = await upgrade(token, named(token, LIMIT));
    return status === 101;
  });
  await runDurableObjectAlarm(await ledgerOf(token));
  const { keys, alarmAtMs } = await storedOf(token);
  expect(keys.filter((key) => key.startsWith("cellos.events.ledger.die.n0 "))).toEqual([]);
  expect(alarmAtMs).not.toBeNull();
  closeAll(sockets);
});

test("[B4] the room keeps the lease of a client through its sleep, and says when one left meanwhile", async () => {
  const token = "asleep";
  const sockets = await openAll(token, 1);
  const holders = async (): Promise<number> => (await storedOf(token)).keys.length;
  expect(await holders()).toBe(1);
  await rig.act("kill");
  await takeMemory(roomBehind(token, 0));
  expect(await holders()).toBe(1);
  sockets[0]?.close(1000);
  await until("the lease is given back", async () => (await holders()) === 0);
  await rig.act("start");
});

test("[B4] a client whose room turns it away takes no place", async () => {
  const token = "turned-away";
  for (let n = 0; n < LIMIT + 1; n += 1) {
    const socket = await accept(await upgrade(token, `${named(token, n)}&since=999999999`));
    expect(await socket.closed()).toMatchObject({ code: 4410, reason: "stream-reset" });
  }
});
