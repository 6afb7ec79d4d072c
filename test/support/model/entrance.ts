/** How a client comes into the model's room, as the core lets it in. */
import { expiryAt, welcomeFrame } from "../../../src/protocol/frames.ts";
import { formOf } from "../../../src/protocol/form.ts";
import { V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import { decide } from "../../../src/room/join/decision.ts";
import type { Phase } from "../../../src/room/delivery/session.ts";
import { v1BudgetBytes } from "./budgets.ts";
import { ModelClient } from "./client.ts";
import { HEARTBEAT_MS, SEND_TIMEOUT_MS, type Place } from "./commands.ts";
import type { FanoutWorld } from "./fanout.ts";
import { makeSession } from "./session.ts";
import type { ModelStream } from "./stream.ts";

export interface Entering {
  readonly protocol: Protocol;
  readonly at: Place;
  readonly withEpoch: boolean;
  readonly expires: boolean;
}

export function enter(world: FanoutWorld, entering: Entering): void {
  const { fanout, stream, nowMs } = world;
  const { protocol, at, withEpoch, expires } = entering;
  const { cursor: roomCursor, atHead } = fanout.settled(nowMs);
  const since = sinceOf(world, at);
  const request = { since, epoch: withEpoch && since !== null ? stream.epoch : null };
  const room = { cursor: roomCursor, atHead, windowFrom: fanout.window.from, epoch: fanout.epoch };
  const decision = decide(request, room, stream);
  if (decision.kind !== "admit") return;
  const { cursor, live, fromOldest } = decision;
  const start = { cursor, live, fromOldest };
  // Every other one asks where events came from.
  const form = formOf(protocol, world.born % 2 === 0);
  const client = new ModelClient(`client ${++world.born} (${protocol} ${at})`, protocol, {
    start,
    meta: form.meta,
    stream,
    expiresAtMs: expires ? nowMs + 1_500 : null,
    watch: {
      nowMs: () => world.nowMs,
      wallMs: () => world.nowMs,
      bytesOf: (text) => bytesOf(text, stream),
      ackBytes: world.ackBytes,
      maxUnreadBytes: world.setup.maxUnreadBytes,
      forgetMs: SEND_TIMEOUT_MS,
      v1BudgetBytes: (more) => v1BudgetBytes(world, more),
    },
  });
  const { expiresAtMs } = client;
  const phase: Phase = { kind: "lagging", cursor, readTo: cursor };
  const session = makeSession({
    socket: client,
    protocol,
    form,
    expiresAtMs,
    phase,
    owesCaughtUp: !live,
    fromOldest,
    lastFrameAtMs: nowMs,
  });
  world.clients.set(session, client);
  const told = { epoch: fanout.epoch, cursor, live, expiry: expiryAt(expiresAtMs, nowMs) };
  const upstream = "connected" as const;
  const welcome = { ...told, heartbeatMs: HEARTBEAT_MS, ackBytes: world.ackBytes, upstream };
  if (protocol === V2) fanout.greet(session, welcomeFrame(welcome), nowMs);
  fanout.join(session, nowMs);
}

function sinceOf({ fanout, stream }: FanoutWorld, at: Place): number | null {
  const { window, cursor } = fanout;
  switch (at) {
    case "none":
      return null;
    case "oldest":
      return 0;
    case "below-retention":
      return Math.max(0, stream.firstSeq - 2);
    case "below-window":
      return middle(stream.firstSeq - 1, window.from);
    case "in-window":
      return middle(window.from, cursor);
    case "at-R":
      return cursor;
    case "above-R":
      return middle(cursor + 1, stream.lastSeq);
    case "above-last":
      return stream.lastSeq + 1;
  }
}

function middle(low: number, high: number): number {
  return Math.max(0, Math.floor((low + high) / 2));
}

/** What the room takes a frame to weigh: the model's events have short texts and any size. */
function bytesOf(text: string, stream: ModelStream): number {
  let bytes = text.length;
  for (const [whole, seq] of text.matchAll(/\{"seq":(\d+),"event":\{"n":\d+\}/g)) {
    bytes += (stream.entry(Number(seq))?.bytes ?? 0) - whole.length - 1;
  }
  return bytes;
}
