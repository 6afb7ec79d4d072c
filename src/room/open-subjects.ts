/** The subjects one credential has open, each until its room is silent about it for too long (B4). Pure. */

/** Rooms renew with every heartbeat, at most a minute apart (HEARTBEAT_SECONDS). */
const SILENT_MS = 150_000;

export class OpenSubjects {
  readonly #renewedAtMs = new Map<string, number>();

  tryOpen(subject: string, maxSubjects: number, nowMs: number): boolean {
    if (!this.#renewedAtMs.has(subject)) {
      this.#forgetSilent(nowMs);
      if (this.#renewedAtMs.size >= maxSubjects) return false;
    }
    this.renew(subject, nowMs);
    return true;
  }

  renew(subject: string, nowMs: number): void {
    this.#renewedAtMs.set(subject, nowMs);
  }

  close(subject: string): void {
    this.#renewedAtMs.delete(subject);
  }

  #forgetSilent(nowMs: number): void {
    for (const [subject, atMs] of this.#renewedAtMs) if (nowMs - atMs > SILENT_MS) this.#renewedAtMs.delete(subject);
  }
}
