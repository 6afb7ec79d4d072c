/**
 * What the rooms of one isolate share: 128 MB of memory (DO-22), and one thread. One object, passed in to each room.
 */
import { Throttle } from "./throttle.ts";
import { WeakMembers } from "./weak-members.ts";

/** What one room lets lie unread (B1). */
export interface UnreadShare {
  /** Bytes of each socket that gives no sign of being read. */
  readonly suspects: ReadonlyMap<object, number>;
  /** Of those together, and of sockets that were closed and have not drained. */
  readonly bytes: { readonly suspect: number; readonly undrained: number };
}

const WINDOWS_BYTES = 32 * 1024 * 1024;

export class Isolate {
  readonly throttle = new Throttle();
  readonly unread = new WeakMembers<UnreadShare>();
  readonly windows = new WeakMembers<object>();

  /**
   * Call when an object is made anew: what its last instance had here went with its memory, or is told to this one (DO-1,
   * DO-8).
   */
  forget(id: string): void {
    this.unread.delete(id);
    this.windows.delete(id);
  }

  /** How many bytes each window may have (B3). */
  windowShareBytes(): number {
    return WINDOWS_BYTES / Math.max(1, this.windows.count());
  }
}
