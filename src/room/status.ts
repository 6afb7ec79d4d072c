/** From the state of a room to what is told of it (O4). Pure. */
import { V1, type Protocol } from "../protocol/subprotocol.ts";
import type { RoomAnswer, RoomState, RoomStatus } from "../protocol/status.ts";
import type { CloseName } from "../protocol/codes.ts";
import type { Feed } from "../upstream/feed.ts";
import type { Standing } from "./delivery/session.ts";
import type { LiveReader } from "./live/live-reader.ts";
import type { UpstreamRecord } from "../upstream/upstream-record.ts";

/** What a room's core knows of itself. */
export type CoreFacts = Omit<RoomFacts, "region" | "shard" | "startedAtMs" | "wasAsleep">;

/** Clients that were told an end which somebody else caused. */
export class Endings {
  slowCloses = 0;
  resets = 0;

  count(close: CloseName | null): void {
    if (close === "slowConsumer") this.slowCloses++;
    if (close === "streamReset") this.resets++;
  }
}

interface Parts {
  readonly feed: Feed | null;
  readonly reader: LiveReader;
  /** How old the last word of the stream's end may be. */
  readonly headMs: number;
  readonly endings: Endings;
}

/** Asks and changes nothing. */
export function factsOf({ feed, reader, headMs, endings }: Parts): CoreFacts {
  const { fanout, position, dropped } = reader;
  const { slowCloses, resets } = endings;
  const head = feed?.streamInfo.heard(headMs) ?? null;
  return {
    upstream: feed?.log.record ?? null,
    clients: fanout?.standings() ?? [],
    at: fanout && {
      epoch: fanout.epoch,
      cursor: fanout.cursor,
      position,
      window: fanout.window,
      unreadBytes: fanout.unread.bytes,
    },
    lastSeq: head !== null && head.epoch === fanout?.epoch ? head.lastSeq : null,
    dropped,
    slowCloses,
    resets,
  };
}

export interface RoomFacts {
  readonly region: string;
  readonly shard: number;
  readonly startedAtMs: number;
  /** The question has woken it. */
  readonly wasAsleep: boolean;
  /** Null without a broker. */
  readonly upstream: Pick<UpstreamRecord, "kind" | "sinceMs" | "wasOpen" | "reconnects" | "lastError"> | null;
  readonly clients: Iterable<{ readonly protocol: Protocol; readonly standing: Standing }>;
  /** Null while the room has chosen no place in the stream. */
  readonly at: {
    readonly epoch: string;
    readonly cursor: number;
    readonly position: number;
    readonly window: { readonly from: number; readonly size: number; readonly bytes: number };
    readonly unreadBytes: number;
  } | null;
  /** The stream's last seq, as far as that was heard of late. */
  readonly lastSeq: number | null;
  readonly dropped: number;
  readonly slowCloses: number;
  readonly resets: number;
}

const UPSTREAM_STATES = { idle: "none", opening: "connecting", open: "open", waiting: "waiting" } as const;

export function statusOf(facts: RoomFacts): RoomAnswer {
  const { region, shard, startedAtMs, wasAsleep, upstream, at, lastSeq, dropped, slowCloses, resets } = facts;
  const clients = { v1: 0, v2: 0, stream: 0 };
  const counts: Record<Standing, number> = { live: 0, replaying: 0, paused: 0 };
  for (const { protocol, standing } of facts.clients) {
    clients[protocol === V1 ? "v1" : "v2"]++;
    counts[standing]++;
  }
  const { from = null, size: events = 0, bytes = 0 } = at?.window ?? {};
  const isThere = clients.v1 + clients.v2 + clients.stream > 0;
  const room: RoomStatus = {
    region,
    shard,
    state: stateOf(wasAsleep ? null : upstream, isThere),
    clients,
    ...counts,
    cursor: at?.cursor ?? null,
    position: at?.position ?? null,
    lag: at === null || lastSeq === null ? null : Math.max(0, lastSeq - at.position),
    upstream: {
      state: wasAsleep ? "none" : UPSTREAM_STATES[upstream?.kind ?? "idle"],
      sinceMs: upstream?.sinceMs ?? startedAtMs,
      reconnects: upstream?.reconnects ?? 0,
      lastError: upstream?.lastError ?? null,
    },
    window: { from, to: at?.cursor ?? null, events, bytes },
    unreadBytes: at?.unreadBytes ?? 0,
    dropped,
    slowCloses,
    resets,
    startedAtMs,
  };
  return { epoch: at?.epoch ?? null, room };
}

function stateOf(upstream: RoomFacts["upstream"], isThere: boolean): RoomState {
  if (upstream === null || upstream.kind === "idle") return isThere ? "asleep" : "cold";
  if (upstream.kind === "open") return "live";
  return upstream.wasOpen ? "reconnecting" : "connecting";
}
