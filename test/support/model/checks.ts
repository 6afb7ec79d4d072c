/** What must be true of a fan-out between any two turns, and what must be true of a session that left it. */
import { CLOSE, PROBLEM, type CloseName } from "../../../src/protocol/codes.ts";
import { V2 } from "../../../src/protocol/subprotocol.ts";
import { isExhausted, unprovenBytes } from "../../../src/room/delivery/flow-control.ts";
import type { Session } from "../../../src/room/delivery/session.ts";
import type { ModelClient } from "./client.ts";
import { HEARTBEAT_MS, SEND_TIMEOUT_MS } from "./commands.ts";
import type { FanoutWorld } from "./fanout.ts";

/** A v2 client that owes a ping for longer gives no sign of reading. */
const SUSPECT_MS = 5_000;
/** Of the time after which what a v1 client was sent counts as read. */
const FINENESS = 1 / 32;
/** A v1 client that was sent no more than 20 KB a second may be reading. */
const FAIR_BYTES = (20_000 * SEND_TIMEOUT_MS) / 1_000;

export function roomFaults(world: FanoutWorld): string[] {
  const { fanout } = world;
  const faults: string[] = [];
  for (const session of fanout.sessions) {
    const client = world.clients.get(session);
    if (client === undefined) faults.push("a session without a client");
    else faults.push(...sessionFaults(session, client, fanout.cursor).map((fault) => `${client.name}: ${fault}`));
    if (fanout.lagging.has(session) !== (session.phase.kind === "lagging")) faults.push("listed in the wrong place");
  }
  if (fanout.sessions.size !== world.clients.size) faults.push("a client that the room has forgotten");
  if (fanout.pendingBytes === 0 && fanout.cursor > world.position)
    faults.push(`R ${fanout.cursor} above ${world.position}`);
  return [...faults, ...sumFaults(world), ...windowFaults(world)];
}

/** V10: what the room believes of a client is what the client was sent. */
function sessionFaults(session: Session, client: ModelClient, roomCursor: number): string[] {
  const { phase, protocol } = session;
  const cursor = client.reading.cursor ?? -1;
  const faults = [...client.faults];
  if (client.closed !== null) faults.push("closed, and still in the room");
  const believed = phase.kind === "live" ? roomCursor : phase.cursor;
  const readTo = phase.kind === "live" ? roomCursor : phase.readTo;
  // A v1 client has no cursor before its first frame, and none of its frames says where it starts.
  if (protocol === V2 ? cursor !== believed : cursor > believed)
    faults.push(`believed at ${believed}, is at ${cursor}`);
  if (readTo < believed) faults.push(`read to ${readTo}, below its cursor ${believed}`);
  const due = client.reading.nextDue(client.stream);
  if (due <= readTo) faults.push(`read to ${readTo}, and was never sent ${due}`);
  return faults;
}

/** B3: the window knows every match in (from, R], within its bytes. */
function windowFaults({ fanout, stream, setup }: FanoutWorld): string[] {
  const { window } = fanout;
  if (window.bytes > setup.windowBytes) return [`window of ${window.bytes} bytes`];
  let seq = window.from;
  for (const envelope of window.after(window.from, Infinity)) {
    if (envelope.seq !== stream.nextMatch(seq)) return [`window lacks ${stream.nextMatch(seq)} after ${seq}`];
    seq = envelope.seq;
  }
  return stream.nextMatch(seq) <= fanout.cursor ? [`window lacks ${stream.nextMatch(seq)} after ${seq}`] : [];
}

/** W8: after a heartbeat, whoever may be sent to has heard something in the last half period. */
export function silenceFaults(world: FanoutWorld): string[] {
  const { ackBytes, setup } = world;
  const limits = { budgetBytes: setup.maxUnreadBytes, ackBytes, forgetMs: SEND_TIMEOUT_MS };
  const faults: string[] = [];
  for (const [session, client] of world.clients) {
    if (session.protocol === V2 && isExhausted(session.flow, limits)) continue;
    const silentMs = world.nowMs - client.lastFrameMs;
    if (silentMs >= HEARTBEAT_MS / 2) faults.push(`${client.name}: silent for ${silentMs} ms after a heartbeat`);
  }
  return faults;
}

/** Why the close of a client is not justified, asked at the moment it left the room; null when it is. */
export function departureFault(
  world: FanoutWorld,
  session: Session,
  client: ModelClient,
  close: CloseName | null,
): string | null {
  const { nowMs } = world;
  switch (close) {
    case null:
      return client.left || client.broken ? null : "left on its own";
    case "tokenExpired":
      return client.expiresAtMs !== null && nowMs > client.expiresAtMs + 1_000 ? null : "not expired";
    case "slowConsumer":
      return shedFault(world, session, client) && slowFault(world, client);
    case "streamReset":
      return world.isResetting ? null : "no reset";
    case "retentionExhausted": {
      const has = hasUpTo(world, session, client);
      return has < client.stream.firstSeq - 1 ? null : `has up to ${has}, oldest is ${client.stream.firstSeq}`;
    }
    default:
      return `closed as ${close}`;
  }
}

function slowFault(world: FanoutWorld, client: ModelClient): string | null {
  if (client.protocol !== V2) {
    const limit = client.v1BudgetBytes(1);
    const bytes = client.recentBytes(1 + FINENESS);
    return bytes >= limit ? null : `slow after ${bytes} of ${limit} bytes`;
  }
  const owedMs = world.nowMs - (client.owedSinceMs ?? world.nowMs);
  return owedMs > SEND_TIMEOUT_MS ? null : `slow, owing a ping for ${owedMs} ms`;
}

/** B7: why a session, that has just left, may not be shed for the isolate's sake; null when it may. */
function shedFault(world: FanoutWorld, session: Session, client: ModelClient): string | null {
  const { fanout, isolate, setup, nowMs } = world;
  const { total } = isolate.unread;
  const own = unprovenBytes(session.flow);
  const suspects = [...fanout.sessions]
    .filter((other) => isSuspect(other, nowMs))
    .map(({ flow }) => unprovenBytes(flow));
  const open = suspects.reduce((sum, bytes) => sum + bytes, own);
  // It counts as closed already.
  const left = setup.maxQueuedBytes - (total.undrainedBytes - queued(session));
  if (open <= Math.max(setup.maxQueuedBytes / 4, left)) return `shed at ${open} of ${left} bytes`;
  const owedMs = nowMs - (client.owedSinceMs ?? nowMs);
  if (client.protocol === V2) return owedMs <= SUSPECT_MS ? `shed, owing a ping for ${owedMs} ms` : null;
  if (total.v1Bytes + own <= setup.maxQueuedBytes && own <= FAIR_BYTES)
    return `shed after ${own} bytes, as if it did not read`;
  return suspects.some((bytes) => bytes > Math.max(own, FAIR_BYTES)) ? "shed before a worse one" : null;
}

function isSuspect({ protocol, flow }: Session, nowMs: number): boolean {
  return protocol !== V2 || (flow.owedSinceMs !== null && nowMs - flow.owedSinceMs > SUSPECT_MS);
}

function queued({ flow }: Session): number {
  return flow.sentBytes - Math.max(flow.provenBytes, flow.drainedBytes);
}

/** B6, B7: the sums are those of the sockets, at all times, and what was closed and has not drained stays in them. */
function sumFaults({ fanout, isolate, undrained }: FanoutWorld): string[] {
  const { total } = isolate.unread;
  const undrainedBytes = [...undrained.values()].reduce((sum, bytes) => sum + bytes, 0);
  const sums = { v1Bytes: 0, v2Bytes: 0, undrainedBytes, sessions: fanout.sessions.size };
  for (const { protocol, flow } of fanout.sessions)
    sums[protocol === V2 ? "v2Bytes" : "v1Bytes"] += unprovenBytes(flow);
  const [here, there] = [JSON.stringify(sums), JSON.stringify(total)];
  return here === there ? [] : [`the sockets have ${here}, and the sums say ${there}`];
}

/** Up to where the room knows that the client was sent every match: a replay knows less than the live consumer. */
function hasUpTo(world: FanoutWorld, { phase }: Session, { reading, stream, start }: ModelClient): number {
  const sent = reading.nextDue(stream) - 1;
  const known = world.isReopening || phase.kind === "live" ? Math.min(world.position, sent) : phase.readTo;
  return Math.max(reading.cursor ?? start.cursor, known);
}

/** What a client that left must have been told. */
export function farewellFault(client: ModelClient, close: CloseName | null): string | null {
  const { problem } = client.reading;
  if (close === null) return client.closed === null ? null : `left, and was closed ${client.closed.code}`;
  const { code, reason } = CLOSE[close];
  if (client.closed?.code !== code || client.closed.reason !== reason) return `no close ${code} ${reason}`;
  const told: readonly number[] = [CLOSE.streamReset.code, CLOSE.slowConsumer.code];
  const isDue = client.protocol === V2 ? close !== "normal" : told.includes(code);
  if ((problem !== null) !== isDue && !client.broken) return `${code}, ${problem?.type}`;
  if (problem !== null && close !== "normal" && problem.type !== PROBLEM[close].type)
    return `${problem.type} and ${reason}`;
  return null;
}
