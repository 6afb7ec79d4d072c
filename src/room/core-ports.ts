/** What a room's core is given, and what it needs of its object. */
import type { CloseName } from "../protocol/codes.ts";
import type { FeedPorts } from "../upstream/feed-ports.ts";
import type { Session } from "./delivery/session.ts";
import type { Isolate } from "./isolate/isolate.ts";
import type { Checkpoint } from "./live/checkpoint.ts";

/** What the room cannot make itself. */
export interface CorePorts extends FeedPorts {
  readonly isolate: Isolate;
  /** Names the object among those that share the isolate. */
  readonly id: string;
}

/** What the room needs of its object. */
export interface CoreHost {
  /** Time stamp of a socket's last `ping`, as the platform keeps it (WS-9). */
  pingAtMs(session: Session): number | null;
  onGone(session: Session, close: CloseName | null): void;
  /** Writes down what a sleeping room needs: the checkpoint, and every socket's attachment. */
  persist(checkpoint: Checkpoint): void;
  /** Called with every heartbeat. */
  onBeat(): void;
  /** No client is here any more, and the upstream is closed. */
  onEmpty(): void;
  /** Closed sockets hold too much, and nobody is left to shed: the room must end itself (B7). */
  onStuck(): void;
}
