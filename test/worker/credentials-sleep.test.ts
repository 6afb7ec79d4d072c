/** Credentials of connections whose room lost its memory: expiry by the alarm, revocation at the waking (A3, A10). */
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configOf } from "../../src/config/config.ts";
import { authenticate } from "../../src/grant/authenticate.ts";
import type { Room } from "../../src/room/object.ts";
import type { Follower } from "../support/wire/follower.ts";
import { until } from "../support/until.ts";
import { inSeconds, secretToken } from "../support/tokens.ts";
import { startRig } from "../support/workerd.ts";
import { configure, holdTimers, joinRoom, roomOf, takeMemory, type RoomCredential, type Stub } from "./room-stub.ts";

let rig: Awaited<ReturnType<typeof startRig>>;

beforeAll(async () => {
  holdTimers();
  rig = await startRig();
  await rig.createStream();
  configure({ NATS_URL: rig.url, HEARTBEAT_SECONDS: "30", JWT_SECRET: "s".repeat(32) });
});
afterAll(() => rig.stop());

const jwt = (sub: string, jti: string | null = null): RoomCredential => ({
  grantId: sub,
  mark: { kind: "jwt", sub, jti },
});

/** The settings change: what the platform does by a new version, in an environment that stays the same here. */
async function change(stub: Stub, denied: readonly string[]): Promise<void> {
  await runInDurableObject(stub, (room) => {
    const loaded = configOf(Object(Reflect.get(room, "env")));
    if (!loaded.ok || loaded.config.jwt === null) throw new Error("no settings");
    Object.assign(loaded.config.jwt, { denied: new Set(denied) });
  });
}

/** What the door would find out about the holder of this token. */
async function holderOf(token: string): Promise<RoomCredential> {
  const loaded = configOf(env);
  if (!loaded.ok) throw new Error(loaded.problem);
  const authentication = await authenticate({ kind: "bearer", token }, loaded.config);
  if (authentication.kind !== "granted") throw new Error(authentication.kind);
  const { id, mark } = authentication.grant;
  return { grantId: id, mark };
}

/** Takes the memory of a room whose broker is gone. */
async function sleep(stub: Stub, spoil?: (state: DurableObjectState) => void): Promise<void> {
  await rig.act("refuse");
  await takeMemory(stub, spoil);
}

/** Any call makes an object that was evicted anew. */
async function wake(stub: Stub): Promise<void> {
  await runInDurableObject(stub, () => {});
}

const alarmAtMs = (stub: Stub): Promise<number | null> =>
  runInDurableObject(stub, (_, state) => state.storage.getAlarm());
const lastProblem = ({ socket }: Follower): string | undefined => socket.received.at(-1)?.frame.problem?.type;

describe("a room that slept", () => {
  test("[A3] has its alarm set for the first expiry, and closes with it whoever expired", async () => {
    const subject = "cellos.events.asleep.expiry";
    const stub = roomOf(subject);
    const expiresAtMs = Date.now() + 8_000;
    const later = await joinRoom(subject, 2, { credential: { ...jwt("bob"), expiresAtMs: expiresAtMs + 600_000 } });
    await until("the alarm is set", async () => (await alarmAtMs(stub)) !== null);
    expect(await alarmAtMs(stub)).toBeGreaterThan(expiresAtMs + 10_000);
    const first = await joinRoom(subject, 1, { credential: { ...jwt("alice"), expiresAtMs } });
    const second = await joinRoom(subject, 2, { credential: { ...jwt("alice"), expiresAtMs } });
    await until("the alarm is brought forward", async () => (await alarmAtMs(stub)) === expiresAtMs);
    await sleep(stub);
    for (const client of [first, second]) {
      expect(await client.socket.closed(20_000)).toMatchObject({ code: 4401, reason: "token-expired" });
      expect(Date.now()).toBeGreaterThanOrEqual(expiresAtMs);
    }
    expect(lastProblem(second)).toBe("/problems/ws/token-expired");
    expect(later.socket.isClosed).toBe(false);
    later.socket.close(1000);
    await rig.act("heal");
  });

  test("[A10] ends what a denied sub or jti, or an API token that was taken out, had admitted", async () => {
    const subject = "cellos.events.asleep.denied";
    const stub = roomOf(subject);
    const ended = [
      await joinRoom(subject, 1, { credential: jwt("mallory") }),
      await joinRoom(subject, 2, { credential: jwt("mallory", "t-9") }),
      await joinRoom(subject, 2, { credential: jwt("alice", "t-1") }),
      await joinRoom(subject, 2, { credential: { grantId: "a token of yesterday", mark: { kind: "api-token" } } }),
    ];
    const kept = [await joinRoom(subject, 2), await joinRoom(subject, 1, { credential: jwt("alice", "t-2") })];
    // No heartbeat comes before the room has slept, so it is the waking that finds out.
    await change(stub, ["mallory", "t-1"]);
    await sleep(stub);
    await wake(stub);
    for (const client of ended) {
      expect(await client.socket.closed()).toMatchObject({ code: 4401, reason: "token-refused" });
      if (client.version === 2) expect(lastProblem(client)).toBe("/problems/ws/unauthorized");
    }
    expect(kept.map(({ socket }) => socket.isClosed)).toEqual([false, false]);
    for (const { socket } of kept) socket.close(1000);
    await change(stub, []);
    await rig.act("heal");
  });

  test("[A10] looks again with each heartbeat", async () => {
    const subject = "cellos.events.asleep.beat";
    const stub = roomOf(subject);
    const client = await joinRoom(subject, 2, { credential: jwt("mallory") });
    await change(stub, ["mallory"]);
    await runInDurableObject(stub, (room) => (room as Room).alarm());
    expect(await client.socket.closed()).toMatchObject({ code: 4401, reason: "token-refused" });
    await change(stub, []);
  });

  test("[A10] ends what an older version admitted, and what an older Worker let in lives until then", async () => {
    const subject = "cellos.events.asleep.older";
    const stub = roomOf(subject);
    const older = await joinRoom(subject, 2);
    const unmarked = await joinRoom(subject, 2, { credential: { mark: null } });
    const kept = await joinRoom(subject, 2, { credential: jwt("alice") });
    await sleep(stub, (state) => {
      for (const socket of state.getWebSockets()) {
        const attachment = socket.deserializeAttachment() as { mark?: { kind: string } | null };
        if (attachment.mark?.kind === "api-token") delete attachment.mark;
        socket.serializeAttachment(attachment);
      }
    });
    await wake(stub);
    for (const { socket } of [older, unmarked]) {
      expect(await socket.closed()).toMatchObject({ code: 4401, reason: "token-refused" });
    }
    expect(kept.socket.isClosed).toBe(false);
    kept.socket.close(1000);
    await rig.act("heal");
  });

  test("[V8] [A3] goes by the expiry of the token that came last", async () => {
    const subject = "cellos.events.asleep.renewed";
    const stub = roomOf(subject);
    const token = await secretToken("s".repeat(32), { exp: inSeconds(300) });
    const credential = { ...(await holderOf(token)), expiresAtMs: Date.now() + 9_000 };
    const client = await joinRoom(subject, 2, { credential });
    await client.socket.type("welcome");
    client.socket.send(JSON.stringify({ type: "auth", token }));
    await client.socket.type("authorized");
    await sleep(stub);
    await wake(stub);
    const kept = await runInDurableObject(stub, (_, state) =>
      state.getWebSockets().map((socket) => (socket.deserializeAttachment() as { expiresAtMs: number }).expiresAtMs),
    );
    expect(kept[0]).toBeGreaterThan(Date.now() + 200_000);
    expect(JSON.stringify(kept)).not.toContain(token);
    client.socket.close(1000);
    await rig.act("heal");
  });
});
