/** That a ticket is spent once in the world, and that nothing is kept of it (H8). */
import { env, exports } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { RemoteRig } from "../support/broker/control-client.ts";
import { joinRoom } from "../../src/edge/forward.ts";
import type { JoinRequest } from "../../src/room/join/request.ts";
import { startRig } from "../support/workerd.ts";
import { configure } from "./room-stub.ts";
import { AUTH, ticket as ticketFor } from "./ticket-door.ts";

const ORIGIN = "https://relay.test";
let rig: RemoteRig;

beforeAll(async () => {
  rig = await startRig();
  await rig.createStream();
  configure({ NATS_URL: rig.url, MAX_CLIENTS_PER_ROOM: "1", MAX_SHARDS: "2" });
});
afterAll(() => rig[Symbol.asyncDispose]());

/** An upgrade from some part of the world. */
function upgrade(search: string, continent = "EU", headers: Record<string, string> = {}): Promise<Response> {
  const init = { headers: { upgrade: "websocket", ...headers }, cf: { continent } };
  return exports.default.fetch(`${ORIGIN}/ws/events${search}`, init);
}

function leave(response: Response): void {
  response.webSocket?.accept();
  response.webSocket?.close(1000);
}

const idOf = (ticket: string): string =>
  (JSON.parse(atob((ticket.split(".")[0] ?? "").replaceAll("-", "+").replaceAll("_", "/"))) as { id: string }).id;

it("[H8] one of 50 that bring the same ticket at once is admitted, among all rooms, shards and regions", async () => {
  const ticket = await ticketFor();
  const continents = ["EU", "NA", "SA", "AF", "OC"];
  const answers = await Promise.all(
    // Five subjects in five regions, twice each: the second comes to another shard, since the first has the only place.
    Array.from({ length: 50 }, (_, n) =>
      upgrade(`?ticket=${ticket}&subject=cellos.events.race.${n % 5}`, continents[Math.floor(n / 5) % 5]),
    ),
  );
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  expect(statuses).toEqual([101, ...Array.from({ length: 49 }, () => 401)]);
  for (const answer of answers) leave(answer);
});

it("[H8] [B2] a ticket is asked for after a place, and gives it back before it is refused", async () => {
  const path = "&subject=cellos.events.places";
  const spent = await ticketFor();
  leave(await upgrade(`?ticket=${spent}&subject=cellos.events.other`));
  const unspent = await ticketFor();
  const inside = await Promise.all([upgrade(`?${path}`, "EU", AUTH), upgrade(`?${path}`, "EU", AUTH)]);
  expect(inside.map(({ status }) => status)).toEqual([101, 101]);
  for (const ticket of [spent, unspent]) expect((await upgrade(`?ticket=${ticket}${path}`)).status).toBe(503);

  for (const answer of inside) leave(answer);
  await vi.waitFor(async () => expect((await upgrade(`?ticket=${spent}${path}`)).status).toBe(401), 10_000);
  const [again, next] = [await upgrade(`?ticket=${spent}${path}`), await upgrade(`?ticket=${unspent}${path}`)];
  expect([again.status, next.status]).toEqual([401, 101]);
  leave(next);
});

it("[H8] the same request may spend a ticket twice, since its way to a room may be tried again, and no other", async () => {
  const object = env.SPENT_TICKET.getByName("A".repeat(22));
  const untilMs = Date.now() + 60_000;
  expect(await object.spend("a", untilMs)).toBe(true);
  expect(await object.spend("b", untilMs)).toBe(false);
  expect(await object.spend("a", untilMs)).toBe(true);
});

it("[H8] a ticket that may be forgotten by now is spent by nobody", async () => {
  const object = env.SPENT_TICKET.getByName("B".repeat(22));
  expect(await object.spend("a", Date.now() - 1)).toBe(false);
  expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeNull();
});

it("[H8] nothing is kept of a ticket that is too old", async () => {
  const ticket = await ticketFor();
  leave(await upgrade(`?ticket=${ticket}&subject=cellos.events.forgotten`));
  const object = env.SPENT_TICKET.getByName(idOf(ticket));
  const look = () =>
    runInDurableObject(object, async (_, { storage }) => [[...storage.kv.list()].length, await storage.getAlarm()]);
  const [entries, alarmAtMs] = await look();
  expect(entries).toBe(1);
  expect(alarmAtMs).toBeGreaterThan(Date.now() + 60_000);
  expect(alarmAtMs).toBeLessThanOrEqual(Date.now() + 90_000);
  expect(await runDurableObjectAlarm(object)).toBe(true);
  expect(await look()).toEqual([0, null]);
});

it("[H8] a room of an older version, which spends nothing, admits nobody by a ticket", async () => {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  const left = new Promise((resolve) => server.addEventListener("close", resolve));
  const old = { getByName: () => ({ fetch: async () => new Response(null, { status: 101, webSocket: client }) }) };
  const join: JoinRequest = {
    subject: "a",
    since: null,
    epoch: null,
    protocol: "cellos.relay.v2",
    echoProtocol: true,
    expiresAtMs: null,
    grantId: "g",
    place: "none",
    isCounted: false,
    mark: { kind: "api-token" },
    ticket: { id: "i", claim: "c", untilMs: Date.now() + 60_000 },
    meta: false,
  };
  // As much of the namespace as is asked for.
  const rooms = old as unknown as Env["ROOM"];
  const answer = await joinRoom(rooms, join, { region: "test", hint: null }, false);
  expect([answer.status, answer.webSocket, answer.headers.has("Retry-After")]).toEqual([503, null, true]);
  await left;
});

it("[H8] a stranger's ticket makes no key and no object", async () => {
  const key = env.TICKET_KEY.getByName("nobody's");
  expect(await key.secret(false)).toBeNull();
  const made = await key.secret(true);
  expect(made).toHaveLength(32);
  expect(await key.secret(false)).toEqual(made);
  expect(await key.secret(true)).toEqual(made);
});
