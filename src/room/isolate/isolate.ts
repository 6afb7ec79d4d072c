/**
 * What the rooms of one isolate share: 128 MB of memory (DO-22), and one thread. One object, passed in to each room.
 */
import { Pace } from "./pace.ts";
import { Presence } from "./presence.ts";
import { ISOLATE_REPLAYS, Places } from "./places.ts";
import { Throttle } from "./throttle.ts";
import { UnreadSums } from "./unread-sums.ts";
import { WeakMembers } from "./weak-members.ts";

const WINDOWS_BYTES = 32 * 1024 * 1024;

export class Isolate {
  readonly presence = new Presence(new WeakMembers());
  readonly pace = new Pace();
  readonly throttle = new Throttle();
  readonly places = new Places(ISOLATE_REPLAYS);
  readonly unread = new UnreadSums();
  readonly windows = new WeakMembers<object>();

  /**
   * Call when an object is made anew: what its last instance had here went with its memory, or is told to this one (DO-1,
   * DO-8).
   */
  forget(id: string): void {
    this.unread.delete(id);
    this.windows.delete(id);
    this.places.forget(id);
    this.presence.forget(id);
  }

  /** How many bytes each window may have (B3). */
  windowShareBytes(): number {
    return WINDOWS_BYTES / Math.max(1, this.windows.count());
  }
}
