/** A small room to be driven turn by turn, with clients that write down what they hear. */
import type { CloseName } from "../../../src/protocol/codes.ts";
import type { Envelope } from "../../../src/protocol/frames.ts";
import type { Protocol } from "../../../src/protocol/subprotocol.ts";
import { Fanout } from "../../../src/room/delivery/fanout.ts";
import { Isolate } from "../../../src/room/isolate/isolate.ts";
import type { Phase, Session } from "../../../src/room/delivery/session.ts";
import { makeSession } from "./session.ts";

export const HEARTBEAT_MS = 1_000;
export const NOW = 10_000;
export const LATER = NOW + HEARTBEAT_MS;

export const envelope = (seq: number, bytes = 20): Envelope => ({
  seq,
  text: `{"seq":${seq},"event":${seq}}`,
  bytes,
  subject: "s",
  timeMs: 0,
  timeNanos: seq,
});

/** A room at R = 5 that has read everything, and who came and went. */
export function room(
  windowBytes = 10_000,
  maxQueuedBytes = 1_000_000,
): {
  fanout: Fanout;
  gone: (CloseName | null)[];
  pings: Map<Session, number>;
  clock: { wallMs: number };
  /** Events that could not be encoded. */
  poison: number[];
} {
  const gone: (CloseName | null)[] = [];
  const pings = new Map<Session, number>();
  const clock = { wallMs: NOW };
  const poison: number[] = [];
  const fanout = new Fanout(5, "e", {
    isolate: new Isolate(),
    id: "room",
    windowBytes,
    heartbeatMs: HEARTBEAT_MS,
    sendTimeoutMs: 5_000,
    maxUnreadBytes: 1_000,
    maxUnprovenBytes: 1_000,
    maxQueuedBytes,
    ackBytes: 125,
    pingAtMs: (session) => pings.get(session) ?? null,
    wallMs: () => clock.wallMs,
    upstream: () => "connected",
    onGone: (_session, close) => gone.push(close),
    onPoison: ({ seq }) => poison.push(seq),
  });
  fanout.setAtHead(true, NOW);
  return { fanout, gone, pings, clock, poison };
}

/** What a frame says, in short: its seqs, or its cursor. */
function said(text: string): string {
  const { type, seq, event, events, cursor } = JSON.parse(text) as Record<string, unknown>;
  if (typeof seq === "number") return typeof event === "number" ? `${seq}` : `heartbeat ${seq}`;
  const seqs = (events as { seq: number }[] | undefined)?.map((e) => e.seq).join(",");
  return seqs ?? `${String(type)} ${String(cursor)}`;
}

export function client(
  protocol: Protocol,
  cursor: number,
  given: Partial<Session> = {},
): { session: Session; heard: string[] } {
  const heard: string[] = [];
  const socket = {
    send: (text: string) => void heard.push(said(text)),
    close: (code: number) => void heard.push(`close ${code}`),
  };
  const phase: Phase = { kind: "lagging", cursor, readTo: cursor };
  return { session: makeSession({ socket, protocol, phase, lastFrameAtMs: NOW, ...given }), heard };
}
