/** One timer that is armed or not: an idle room can sleep only while none is (DO-2). */
export class Timer {
  #handle: ReturnType<typeof setTimeout> | null = null;

  get isArmed(): boolean {
    return this.#handle !== null;
  }

  /** Arms it anew; an earlier arming is forgotten. */
  arm(afterMs: number, run: () => void): void {
    this.clear();
    this.#handle = setTimeout(
      () => {
        this.#handle = null;
        run();
      },
      Math.max(0, afterMs),
    );
  }

  clear(): void {
    if (this.#handle !== null) clearTimeout(this.#handle);
    this.#handle = null;
  }
}

/** Resolves after this time, at once for a negative one. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
