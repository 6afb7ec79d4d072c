import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { encodeJoin, JOIN_HEADER } from "../../src/room/join/request.ts";
import type { Room } from "../../src/room/object.ts";
import { Follower, type Version } from "../support/wire/follower.ts";
import { TestSocket } from "../support/wire/test-socket.ts";

export type Stub = DurableObjectStub<Room>;

export interface JoinOptions {
  readonly since?: number;
  readonly acks?: boolean;
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
export async function openRoom(subject: string, version: Version, since: number | null = null): Promise<WebSocket> {
  const protocol = version === 2 ? "cellos.relay.v2" : "cellos.events.v1";
  const join = encodeJoin({
    subject,
    since,
    epoch: null,
    protocol,
    echoProtocol: version === 2,
    expiresAtMs: null,
    grantId: "test",
  });
  const response = await roomOf(subject).fetch("https://room/join", {
    headers: { Upgrade: "websocket", [JOIN_HEADER]: join },
  });
  if (response.webSocket === null) throw new Error(`The room answered ${response.status}`);
  return response.webSocket;
}

/** Joins the room itself, so that a test has the object behind the socket. */
export async function joinRoom(subject: string, version: Version, options: JoinOptions = {}): Promise<Follower> {
  const { since = null, acks } = options;
  const raw = await openRoom(subject, version, since);
  const follower = new Follower({ socket: new TestSocket(raw), raw }, version, since, acks);
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

const MARK = "test-mark";

/** Marks this incarnation of the room. */
export async function mark(stub: Stub): Promise<void> {
  await runInDurableObject(stub, (room) => void Reflect.set(room, MARK, true));
}

/** True while the incarnation that was marked lives. */
export async function isMarked(stub: Stub): Promise<boolean> {
  return runInDurableObject(stub, (room) => Reflect.get(room, MARK) === true);
}
