import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import { apiTokenId } from "../../src/grant/authenticate.ts";
import { encodeJoin, JOIN_HEADER, type JoinRequest } from "../../src/room/join/request.ts";
import type { Room } from "../../src/room/object.ts";
import type { Timer } from "../../src/shared/runtime.ts";
import { SystemRuntime } from "../../src/shared/system-runtime.ts";
import { Follower, type Version } from "../support/wire/follower.ts";
import { TestSocket } from "../support/wire/test-socket.ts";
import { TOKEN } from "../support/workerd.ts";
import { until } from "../support/until.ts";

export type Stub = DurableObjectStub<Room>;

/** What the door found out about the client; without it, the API token of the tests. */
export type RoomCredential = Partial<Pick<JoinRequest, "expiresAtMs" | "grantId" | "mark">>;

export interface JoinOptions {
  readonly since?: number;
  readonly acks?: boolean;
  readonly credential?: RoomCredential;
  /** Asks where events came from (H1). */
  readonly meta?: boolean;
}

/** Settings for the rooms that are created from now on: the runtime hands every object this same environment. */
export function configure(settings: Readonly<Record<string, string>>): void {
  Object.assign(env, settings);
}

/** The room of one subject, without the door in front of it. */
export function roomOf(subject: string): Stub {
  return env.ROOM.getByName(`v1:test:${subject}#0`);
}

/** Upgrades at the room itself; the client reads nothing before it accepts its end. */
export async function openRoom(
  subject: string,
  version: Version,
  since: number | null = null,
  credential: RoomCredential & Partial<Pick<JoinRequest, "meta">> = {},
): Promise<WebSocket> {
  const protocol = version === 2 ? "cellos.relay.v2" : "cellos.events.v1";
  const join = encodeJoin({
    subject,
    since,
    epoch: null,
    protocol,
    echoProtocol: version === 2,
    expiresAtMs: null,
    grantId: await apiTokenId(TOKEN),
    place: "none",
    isCounted: false,
    mark: { kind: "api-token" },
    ticket: null,
    meta: false,
    ...credential,
  });
  const response = await roomOf(subject).fetch("https://room/join", {
    headers: { Upgrade: "websocket", [JOIN_HEADER]: join },
  });
  if (response.webSocket === null) throw new Error(`The room answered ${response.status}`);
  return response.webSocket;
}

/** Joins the room itself, so that a test has the object behind the socket. */
export async function joinRoom(subject: string, version: Version, options: JoinOptions = {}): Promise<Follower> {
  const { since = null, acks, credential, meta = false } = options;
  const raw = await openRoom(subject, version, since, { ...credential, meta });
  const follower = new Follower({ socket: new TestSocket(raw), raw }, version, since, acks, meta);
  raw.accept();
  return follower;
}

/** Evicts the room: memory is lost, sockets stay. False when it could not be, because it waits for something. */
export async function evict(stub: Stub): Promise<boolean> {
  try {
    await evictDurableObject(stub);
    return true;
  } catch {
    return false;
  }
}

/** The timers of each runtime, and the runtimes whose rooms arm none any more. */
const timers = new Map<SystemRuntime, Timer[]>();
const still = new Set<SystemRuntime>();
let asked: SystemRuntime | null = null;

/** Call before there are rooms: takeMemory() needs a hand on their timers. */
export function holdTimers(): void {
  const timer = Reflect.get(SystemRuntime.prototype, "timer");
  const nowMs = Reflect.get(SystemRuntime.prototype, "nowMs");
  vi.spyOn(SystemRuntime.prototype, "nowMs").mockImplementation(function (this: SystemRuntime) {
    asked = Reflect.get({ runtime: this }, "runtime");
    return nowMs.call(this);
  });
  vi.spyOn(SystemRuntime.prototype, "timer").mockImplementation(function (this: SystemRuntime) {
    const real = timer.call(this);
    timers.set(this, [...(timers.get(this) ?? []), real]);
    return {
      get isArmed() {
        return real.isArmed;
      },
      arm: (afterMs, run) => {
        if (!still.has(this)) real.arm(afterMs, run);
      },
      clear() {
        real.clear();
      },
    };
  });
}

/** This incarnation of a room has no timer any more. */
function stop(room: object): void {
  // A report of no shard changes nothing, and asks the room's own runtime for the time.
  (room as Room).report(0, { clients: 0, arrivals: 0 });
  if (asked === null) throw new Error("holdTimers() came too late");
  still.add(asked);
  for (const timer of timers.get(asked) ?? []) timer.clear();
}

/**
 * Takes the memory of a room whose broker is gone, as the platform may. A room with a timer cannot be evicted (DO-2), and
 * one with clients always has one. With `spoil` it is taken twice: what the first incarnation may still hold in memory is
 * gone before anything is spoilt.
 */
export async function takeMemory(stub: Stub, spoil?: (state: DurableObjectState) => void): Promise<void> {
  await runInDurableObject(stub, stop);
  await until("the room can be evicted", () => evict(stub), 40_000);
  if (spoil === undefined) return;
  await runInDurableObject(stub, (room, state) => {
    stop(room);
    spoil(state);
  });
  await until("the room can be evicted again", () => evict(stub), 40_000);
}

const MARK = "test-mark";

/** Marks this incarnation of the room. */
export async function mark(stub: Stub): Promise<void> {
  await runInDurableObject(stub, (room) => void Reflect.set(room, MARK, true));
}

/** True while the incarnation that was marked lives. */
export async function isMarked(stub: Stub): Promise<boolean> {
  return runInDurableObject(stub, (room) => Reflect.get(room, MARK) === true);
}
