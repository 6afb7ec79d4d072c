/** What `GET /v1/status` answers (O4): members, types, and how the answers of rooms become one. */

/** Of one subject: all rooms that were asked and know something. */
export interface StatusReport {
  readonly subject: string;
  /** The stream that the rooms read; null where none knows it. */
  readonly epoch: string | null;
  readonly rooms: readonly RoomStatus[];
}

export type RoomState =
  /** Nobody is there, and nothing is open. */
  | "cold"
  /** The upstream is opened for the first time. */
  | "connecting"
  | "live"
  /** The upstream was open, and is opened anew. */
  | "reconnecting"
  /** Clients are there, and neither an upstream nor a timer: the question has woken the room. */
  | "asleep";

/** One room. Times are Unix time; counters count since `startedAtMs`. Null: not known. */
export interface RoomStatus {
  readonly region: string;
  readonly shard: number;
  readonly state: RoomState;
  /** By what they speak; each is counted once more in one of the next three. */
  readonly clients: { readonly v1: number; readonly v2: number; readonly stream: number };
  /** Were sent everything that the room has. */
  readonly live: number;
  /** Are sent what lies between their own cursor and the room's. */
  readonly replaying: number;
  /** Get nothing more until they prove what they read (B1, B6). */
  readonly paused: number;
  /** R: what every live client has. */
  readonly cursor: number | null;
  /** How far the stream was read. */
  readonly position: number | null;
  /** How far the stream's end lies ahead of that. */
  readonly lag: number | null;
  readonly upstream: {
    readonly state: "none" | "connecting" | "open" | "waiting";
    readonly sinceMs: number;
    readonly reconnects: number;
    /** A word of O8: the last failure, also after it has passed. */
    readonly lastError: string | null;
  };
  /** It holds every match above `from`, up to `to`. */
  readonly window: {
    readonly from: number | null;
    readonly to: number | null;
    readonly events: number;
    readonly bytes: number;
  };
  /** Sent, and not proven to be read. */
  readonly unreadBytes: number;
  /** Events that no client can be given (W7, W17). */
  readonly dropped: number;
  /** Clients that were closed 4408. */
  readonly slowCloses: number;
  /** Clients that were told 4410 `stream-reset`. */
  readonly resets: number;
  readonly startedAtMs: number;
}

/** What a room says of itself, and of the stream. */
export interface RoomAnswer {
  readonly epoch: string | null;
  readonly room: RoomStatus;
}

/** Rooms that read the stream now know it best. */
export function statusReport(subject: string, answers: readonly RoomAnswer[]): StatusReport {
  const knowing = answers.filter(({ epoch }) => epoch !== null);
  const best = knowing.find(({ room }) => room.state === "live") ?? knowing[0];
  return { subject, epoch: best?.epoch ?? null, rooms: answers.map(({ room }) => room) };
}
