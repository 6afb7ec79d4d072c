/** What must be true of a fan-out between any two turns, and what must be true of a session that left it. */
import { CLOSE, PROBLEM, type CloseName } from "../../../src/protocol/codes.ts";
import { V2 } from "../../../src/protocol/subprotocol.ts";
import { isExhausted } from "../../../src/room/delivery/flow-control.ts";
import type { Session } from "../../../src/room/delivery/session.ts";
import { v2BudgetBytes } from "./budgets.ts";
import type { ModelClient } from "./client.ts";
import { HEARTBEAT_MS, SEND_TIMEOUT_MS } from "./commands.ts";
import type { FanoutWorld } from "./fanout.ts";

/** A v2 client that owes a ping for longer gives no sign of reading. */
const SUSPECT_MS = 5_000;

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
  return [...faults, ...backlogFaults(world), ...windowFaults(world)];
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
  const limits = { budgetBytes: v2BudgetBytes(world), ackBytes: world.ackBytes };
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
    return client.sentSincePing >= limit ? null : `slow after ${client.sentSincePing} of ${limit} bytes`;
  }
  const owedMs = world.nowMs - (client.owedSinceMs ?? world.nowMs);
  return owedMs > SEND_TIMEOUT_MS ? null : `slow, owing a ping for ${owedMs} ms`;
}

/** B1: why a session, that has just left, may not be shed for the isolate's sake; null when it may. */
function shedFault(world: FanoutWorld, session: Session, client: ModelClient): string | null {
  const { fanout, setup, nowMs } = world;
  const { suspect: others, undrained } = fanout.unread.bytes;
  // It counts as closed already, and as a suspect no more.
  const suspect = others + unread(session);
  const isOver = suspect > setup.maxQueuedBytes / 4 && others + undrained > setup.maxQueuedBytes;
  if (!isOver) return `shed at ${suspect} and ${undrained} of ${setup.maxQueuedBytes} bytes`;
  const owedMs = nowMs - (client.owedSinceMs ?? nowMs);
  if (client.protocol === V2 && owedMs <= SUSPECT_MS) return `shed, owing a ping for ${owedMs} ms`;
  const worse = [...fanout.sessions].some((other) => other.protocol !== V2 && unread(other) > unread(session));
  return worse ? "shed before a worse one" : null;
}

function unread({ flow }: Session): number {
  return flow.sentBytes - Math.max(flow.provenBytes, flow.drainedBytes);
}

/** B1: what was closed and has not drained stays in the room's account. */
function backlogFaults({ fanout, undrained }: FanoutWorld): string[] {
  const queued = [...undrained.values()].reduce((total, bytes) => total + bytes, 0);
  const { bytes } = fanout.unread;
  return bytes.undrained === queued ? [] : [`undrained are ${queued} bytes, and the room says ${bytes.undrained}`];
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
  const isDue = client.protocol === V2 ? close !== "normal" : code === CLOSE.streamReset.code;
  if ((problem !== null) !== isDue && !client.broken) return `${code}, ${problem?.type}`;
  if (problem !== null && close !== "normal" && problem.type !== PROBLEM[close].type)
    return `${problem.type} and ${reason}`;
  return null;
}
