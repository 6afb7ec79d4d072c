/**
 * The pulls of one consumer that are under way. Pure.
 *
 * A broker that has several serves them in turn (JS-21), so each has an inbox of its own: only that tells which of them
 * a message uses up. One whose time is over is written off, and nothing waits for it any more; but what the broker sent
 * before may still be on the way, so its bytes count until the broker says that it is over, or it was quiet for a while.
 *
 *   open ──time over──▶ written off ──the broker's word, or quiet──▶ gone
 *    └──used up, or the broker's word──────────────────────────────────▲
 */

/** A pull that was written off and brings nothing for this long has nothing on the way. */
const QUIET_MS = 2_000;

export interface NewPull {
  readonly batch: number;
  /** What it was allowed to bring in all. */
  readonly bytes: number;
  /** When it is to be taken for over. */
  readonly overAtMs: number;
  /** When the broker ends it. */
  readonly endsAtMs: number;
  /** Closes its inbox. */
  readonly close: () => void;
}

export interface Pull {
  readonly batch: number;
  /** Messages and bytes that it may still bring. */
  readonly left: number;
  readonly leftBytes: number;
}

interface Entry extends Pull {
  left: number;
  leftBytes: number;
  isWrittenOff: boolean;
  readonly overAtMs: number;
  /** When it is gone, be it told or not. */
  goneAtMs: number;
  readonly close: () => void;
}

export class Pulls {
  readonly #list = new Set<Entry>();
  readonly #onFreed: (bytes: number) => void;

  /** `onFreed` is told of every byte that a pull no longer may bring. */
  constructor(onFreed: (bytes: number) => void = () => {}) {
    this.#onFreed = onFreed;
  }

  /** Messages that the open ones may still bring. */
  get outstanding(): number {
    let messages = 0;
    for (const { isWrittenOff, left } of this.#list) if (!isWrittenOff) messages += left;
    return messages;
  }

  /** Bytes that the open ones may still bring. */
  get openBytes(): number {
    let bytes = 0;
    for (const { isWrittenOff, leftBytes } of this.#list) if (!isWrittenOff) bytes += leftBytes;
    return bytes;
  }

  /** Bytes that may still come, by those that were written off too. */
  get bytes(): number {
    let bytes = 0;
    for (const { leftBytes } of this.#list) bytes += leftBytes;
    return bytes;
  }

  /** True while the broker should have one. */
  get isWaiting(): boolean {
    for (const { isWrittenOff } of this.#list) if (!isWrittenOff) return true;
    return false;
  }

  /** When `expire` has something to do; null when nothing is under way. */
  get dueAtMs(): number | null {
    let dueAtMs = Infinity;
    for (const entry of this.#list) dueAtMs = Math.min(dueAtMs, entry.isWrittenOff ? entry.goneAtMs : entry.overAtMs);
    return dueAtMs === Infinity ? null : dueAtMs;
  }

  add({ batch, bytes, overAtMs, endsAtMs, close }: NewPull): Pull {
    const goneAtMs = endsAtMs + QUIET_MS;
    const entry = { batch, left: batch, leftBytes: bytes, isWrittenOff: false, overAtMs, goneAtMs, close };
    this.#list.add(entry);
    return entry;
  }

  /** It brought a message. Returns whether that used it up. */
  took(pull: Pull, bytes: number, nowMs: number): boolean {
    const entry = pull as Entry;
    if (!this.#list.has(entry)) return false;
    entry.left--;
    const taken = Math.min(bytes, entry.leftBytes);
    entry.leftBytes -= taken;
    entry.goneAtMs = Math.max(entry.goneAtMs, nowMs + QUIET_MS);
    this.#onFreed(taken);
    if (entry.left > 0 && entry.leftBytes > 0) return false;
    this.end(entry);
    return true;
  }

  /** The broker has ended it. */
  end(pull: Pull): void {
    const entry = pull as Entry;
    if (!this.#list.delete(entry)) return;
    entry.close();
    this.#onFreed(entry.leftBytes);
  }

  /**
   * Writes off those whose time is over, and forgets those that are gone. `isIdle`: the broker has said last that it had
   * nothing, so nothing is on the way. Returns whether any was written off, and how late that was by the broker's time.
   */
  expire(nowMs: number, isIdle: boolean): { readonly any: boolean; readonly isLate: boolean } {
    let any = false;
    let isLate = false;
    for (const entry of [...this.#list]) {
      if (!entry.isWrittenOff && entry.overAtMs <= nowMs) {
        any = entry.isWrittenOff = true;
        isLate ||= nowMs >= entry.goneAtMs - QUIET_MS;
        if (isIdle) this.#release(entry);
      }
      if (entry.isWrittenOff && entry.goneAtMs <= nowMs) this.end(entry);
    }
    return { any, isLate };
  }

  clear(): void {
    for (const entry of [...this.#list]) this.end(entry);
  }

  /** Its inbox stays open: a message that the broker sends at the last moment is not lost. */
  #release(entry: Entry): void {
    this.#onFreed(entry.leftBytes);
    entry.leftBytes = 0;
  }
}
