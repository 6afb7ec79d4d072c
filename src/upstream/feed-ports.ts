/** What the feed is given, and what it needs of the room. */
import type { NatsSettings } from "../config/config.ts";
import type { Runtime } from "../shared/runtime.ts";
import type { OpenConnection } from "./connection.ts";
import type { ConsumerEvent } from "./consumer.ts";
import type { Landmark } from "./jetstream-api.ts";
import type { Seen } from "./landmarks.ts";
import type { Head } from "./stream-info.ts";

export interface FeedPorts {
  readonly runtime: Runtime;
  readonly openConnection: OpenConnection;
}

export interface FeedOptions {
  readonly nats: NatsSettings;
  readonly stream: string;
  readonly filter: string;
  readonly idleHeartbeatMs: number;
}

export type ReadEvent = Extract<ConsumerEvent, { kind: "message" | "position" }>;

/** A consumer exists: it reads from above `start`, which is what was asked for, or later when that is gone (W5). */
export interface Opened {
  readonly start: number;
  readonly head: Head;
  /** Nothing was waiting to be read. */
  readonly atHead: boolean;
}

/** What becomes of what is read. */
export interface FeedReader {
  /** Messages at or below the position that the stream should still hold, the newest first: by them its history is known. */
  landmarks(head: Head): readonly Landmark[];
  /** The cursor to read on from, after comparing the stream with what the room remembers (W6); null to ask again soon. */
  startAt(head: Head, seen: Seen): number | null;
  begin(opened: Opened): void;
  read(event: ReadEvent): void;
  /** For a moment perhaps no pull was at the broker. */
  paused(): void;
  /** The consumer is gone: nothing more of what it read may be taken. */
  end(): void;
  /** False while it holds back so much that nothing more should be asked for. */
  readonly wantsMore: boolean;
}

/** What the room may cost the isolate (B7). */
export interface FeedCosts {
  /** How many messages may be asked for now, Infinity for a whole pull; 0: none, and `readOn` is called when it is time. */
  allowance(outstanding: number): number;
  /** As `allowance`, of a new consumer. */
  readonly firstAllowance: number;
}

export interface FeedHost {
  /** True while somebody waits for the upstream to open. */
  hasWaiters(): boolean;
  /** Gives a cold room the time to collect joiners (B3). */
  collect(): Promise<void>;
  /** The first pull was accepted: joiners may be answered. */
  onReady(): void;
  /** The upstream is gone or in doubt: what must survive is written down now (DO-3). */
  onLost(): void;
  onFailed(): void;
  readonly costs: FeedCosts;
}
