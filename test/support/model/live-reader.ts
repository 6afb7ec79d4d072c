/** A live reader with a fan-out of its own, and events for it. */
import { loadConfig } from "../../../src/config/config.ts";
import { V2 } from "../../../src/protocol/subprotocol.ts";
import { Fanout } from "../../../src/room/delivery/fanout.ts";
import { Isolate } from "../../../src/room/isolate/isolate.ts";
import type { StartRequest } from "../../../src/room/join/decision.ts";
import { LiveReader } from "../../../src/room/live/live-reader.ts";
import type { ReadEvent } from "../../../src/upstream/feed-ports.ts";
import type { Head } from "../../../src/upstream/stream-info.ts";
import type { ModelClock } from "./clock.ts";
import { head } from "./head.ts";
import { client, HEARTBEAT_MS } from "./small.ts";

export const HEAD = head({ firstSeq: 1, lastSeq: 10 });

/** The same stream, grown. */
export const at = (lastSeq: number): Head => head({ firstSeq: 1, lastSeq });

export function message(
  position: number,
  pending: number,
  text = `{"n":${position}}`,
  time = `t${position}`,
): ReadEvent {
  const payload = new TextEncoder().encode(text);
  return { kind: "message", position, time, pending, endsPull: false, subject: "a.b", payload, headers: null };
}

export interface Bench {
  readonly reading: LiveReader;
  readonly doubts: string[];
  readonly startRequests: StartRequest[];
}

export function bench(clock: ModelClock): Bench {
  const config = loadConfig({});
  if (!config.ok) throw new Error(config.problem);
  const doubts: string[] = [];
  const startRequests: StartRequest[] = [];
  const options = {
    ...config.config,
    heartbeatMs: HEARTBEAT_MS,
    isolate: new Isolate(),
    id: "room",
    ackBytes: 1_000,
    pingAtMs: () => null,
    wallMs: () => clock.runtime.wallMs(),
    upstream: () => "connected" as const,
    onGone: () => {},
    onPoison: () => {},
  };
  const reading = new LiveReader(clock.runtime, "a.>", config.config, {
    newFanout: (cursor, epoch) => new Fanout(cursor, epoch, options),
    onFlushed: () => {},
    head: () => Promise.resolve(HEAD),
    doubt: (why) => doubts.push(why),
    readOn: () => {},
    startRequests: () => startRequests,
  });
  return { reading, doubts, startRequests };
}

export interface OpenedRoom extends Bench {
  /** What the live client was sent. */
  readonly heard: string[];
}

/** A room that has opened at the head, with a live client. */
export function opened(clock: ModelClock): OpenedRoom {
  const made = bench(clock);
  const { reading } = made;
  reading.startAt(HEAD, "unknown");
  reading.begin({ start: 10, head: HEAD, atHead: true });
  reading.confirm();
  const { session, heard } = client(V2, 10);
  reading.fanout?.join(session, clock.nowMs);
  return { ...made, heard };
}

/** The same after one match, and other subjects' events. */
export async function readTo11(clock: ModelClock): Promise<OpenedRoom> {
  const room = opened(clock);
  room.reading.read(message(11, 0));
  room.reading.read({ kind: "position", position: 15, passed: 0 });
  await clock.advance(5);
  return room;
}
