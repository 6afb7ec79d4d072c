/**
 * A strict reader of both protocols (W1, W2, W5, W6, W8, V2 to V5, V10): one pure step per frame. It knows the
 * stream, so that the first frame which loses, repeats or reorders a match, or says a cursor too many, is named.
 */
import { PROBLEM } from "../../../src/protocol/codes.ts";
import { FRAME_MAX_BYTES, FRAME_MAX_EVENTS, HEARTBEAT_TYPE } from "../../../src/protocol/frames.ts";
import { V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import type { ModelStream } from "./stream.ts";

export interface LiveReader {
  readonly protocol: Protocol;
  /** Null before `welcome`. */
  readonly cursor: number | null;
  readonly events: number;
  /** A `caught-up` is due (V5). */
  readonly owesCaughtUp: boolean;
  /** Asked for the oldest retained, and nothing came yet: what retention removed meanwhile is not missed (W4). */
  readonly fromOldest: boolean;
  readonly isHeartbeat: boolean;
  /** `oldestSeq` comes with a lost cursor only. */
  readonly problem: { readonly type: string; readonly oldestSeq?: number } | null;
  /** What the last frame did wrong. */
  readonly fault: string | null;
}

export interface Start {
  readonly cursor: number;
  readonly live: boolean;
  readonly fromOldest: boolean;
}

type Json = Readonly<Record<string, unknown>>;

export function begin(protocol: Protocol, start: Start): LiveReader {
  const { live, fromOldest } = start;
  const cursor = protocol === V2 ? null : start.cursor;
  const owesCaughtUp = protocol === V2 && !live;
  return { protocol, cursor, events: 0, owesCaughtUp, fromOldest, isHeartbeat: false, problem: null, fault: null };
}

export function read(reading: LiveReader, text: string, start: Start, stream: ModelStream): LiveReader {
  const frame = JSON.parse(text) as Json;
  if (reading.problem !== null) return wrong(reading, "a frame after the problem");
  const now = { ...reading, isHeartbeat: false };
  if (reading.protocol !== V2) return readV1(now, frame, stream);
  if (frame["type"] === "welcome") return welcome(now, frame, start, stream);
  if (frame["type"] === "problem") return problem(now, frame["problem"] as Json);
  if (now.cursor === null) return wrong(now, `${String(frame["type"])} before welcome`);
  switch (frame["type"]) {
    case "events":
      return events(now, frame, stream);
    case "caught-up":
      if (!now.owesCaughtUp) return wrong(now, "caught-up that was not due");
      return moved({ ...now, owesCaughtUp: false }, frame["cursor"], stream);
    case "heartbeat":
      if (frame["upstream"] !== "connected" && frame["upstream"] !== "reconnecting") return wrong(now, "no upstream");
      return moved({ ...now, isHeartbeat: true }, frame["cursor"], stream);
    default:
      return wrong(now, `unknown type ${String(frame["type"])}`);
  }
}

function readV1(reading: LiveReader, frame: Json, stream: ModelStream): LiveReader {
  if ("type" in frame) return problem(reading, frame);
  const event = frame["event"] as Json;
  if (event["type"] !== HEARTBEAT_TYPE) return received(reading, frame, stream);
  const { epoch } = event["data"] as Json;
  if (epoch !== stream.epoch) return wrong(reading, `heartbeat of epoch ${String(epoch)}`);
  return moved({ ...reading, isHeartbeat: true }, frame["seq"], stream);
}

function welcome(reading: LiveReader, frame: Json, start: Start, stream: ModelStream): LiveReader {
  const { protocol, epoch, cursor, live } = frame;
  if (reading.cursor !== null) return wrong(reading, "a second welcome");
  if (protocol !== 2 || epoch !== stream.epoch || cursor !== start.cursor || live !== start.live)
    return wrong(reading, `welcome ${JSON.stringify(frame)}`);
  return { ...reading, cursor: start.cursor };
}

function events(reading: LiveReader, frame: Json, stream: ModelStream): LiveReader {
  const list = frame["events"] as readonly Json[];
  if (frame["prev"] !== reading.cursor) return wrong(reading, `prev ${String(frame["prev"])} at ${reading.cursor}`);
  if (list.length === 0 || list.length > FRAME_MAX_EVENTS) return wrong(reading, `${list.length} events in a frame`);
  const bytes = list.reduce((sum, { seq }) => sum + (stream.entry(Number(seq))?.bytes ?? 0), 0);
  if (list.length > 1 && bytes > FRAME_MAX_BYTES) return wrong(reading, `${list.length} events of ${bytes} bytes`);
  return list.reduce<LiveReader>((now, event) => (now.fault === null ? received(now, event, stream) : now), reading);
}

/** One event: it must be the very next match. */
function received(reading: LiveReader, { seq, event }: Json, stream: ModelStream): LiveReader {
  const { n, epoch = stream.epoch } = event as Json;
  if (typeof seq !== "number" || n !== seq || epoch !== stream.epoch) return wrong(reading, `event ${String(seq)}`);
  const due = nextDue(reading, stream);
  if (seq !== due && !(seq < due && isSkippable(reading, seq, stream))) {
    return wrong(reading, `event ${seq} at cursor ${reading.cursor}, due was ${due}`);
  }
  return { ...reading, cursor: seq, events: reading.events + 1, fromOldest: false };
}

/** A cursor that moves without an event: never back, never past a match that was not sent (W9). */
function moved(reading: LiveReader, cursor: unknown, stream: ModelStream): LiveReader {
  if (typeof cursor !== "number" || cursor < (reading.cursor ?? 0)) {
    return wrong(reading, `cursor ${String(cursor)} below ${reading.cursor}`);
  }
  if (nextDue(reading, stream) <= cursor) return wrong(reading, `cursor ${cursor} passes ${nextDue(reading, stream)}`);
  const isStart = cursor <= Math.max(reading.cursor ?? 0, stream.firstSeq - 1);
  return { ...reading, cursor, fromOldest: reading.fromOldest && isStart };
}

/** The next match that must come: from the oldest retained, what was removed need not. */
export function nextDue(reading: LiveReader, stream: ModelStream): number {
  const after = reading.cursor ?? 0;
  return stream.nextMatch(reading.fromOldest ? Math.max(after, stream.firstSeq - 1) : after);
}

/** A match that was removed after it was read from the stream may still come. */
function isSkippable(reading: LiveReader, seq: number, stream: ModelStream): boolean {
  return reading.fromOldest && seq > (reading.cursor ?? 0) && stream.entry(seq)?.kind === "match";
}

function problem(reading: LiveReader, { type, title, oldest_seq: oldestSeq }: Json): LiveReader {
  if (typeof type !== "string" || !type.startsWith("/problems/ws/")) return wrong(reading, `problem ${String(type)}`);
  if (typeof title !== "string") return wrong(reading, "a problem without a title");
  const isLost = type === PROBLEM.retentionExhausted.type || type === PROBLEM.streamReset.type;
  if (!isLost && reading.protocol === V2 && oldestSeq === undefined) return { ...reading, problem: { type } };
  if (!isLost || typeof oldestSeq !== "number") return wrong(reading, `problem ${type} with other members`);
  return { ...reading, problem: { type, oldestSeq } };
}

function wrong(reading: LiveReader, fault: string): LiveReader {
  return { ...reading, fault };
}
