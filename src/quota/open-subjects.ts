/**
 * The subjects one credential has open (B4). Pure. Each is held by the rooms that have clients of the credential:
 * until a room says that they left, or is silent for too long. Before the first room speaks, the client that the
 * edge let through holds it, for as long as it may still arrive.
 */

/** Rooms renew with every heartbeat, at most a minute apart (HEARTBEAT_SECONDS). */
const SILENT_MS = 150_000;
/** The edge asks again after 20 s, and a join is answered within 10 s (W11). */
const ARRIVES_MS = 30_000;
/** Holds a subject in place of a room. */
const ON_THE_WAY = "";

export class OpenSubjects {
  /** By subject and room. */
  readonly #heldUntilMs = new Map<string, Map<string, number>>();

  /** Whether one more client may come to `subject`: always when it is open, else when fewer than `maxSubjects` are. */
  tryOpen(subject: string, maxSubjects: number, nowMs: number): boolean {
    this.#forgetSilent(nowMs);
    const holders = this.#heldUntilMs.get(subject);
    if (holders === undefined && this.#heldUntilMs.size >= maxSubjects) return false;
    if (holders === undefined || holders.has(ON_THE_WAY)) this.#hold(subject, ON_THE_WAY, nowMs + ARRIVES_MS);
    return true;
  }

  /** `room` has clients of this credential. It counts past the limit too, and costs no other subject its place. */
  renew(subject: string, room: string, nowMs: number): void {
    this.#hold(subject, room, nowMs + SILENT_MS);
    this.close(subject, ON_THE_WAY);
  }

  /** `room` has none any more. */
  close(subject: string, room: string): void {
    const holders = this.#heldUntilMs.get(subject);
    holders?.delete(room);
    if (holders?.size === 0) this.#heldUntilMs.delete(subject);
  }

  #hold(subject: string, holder: string, untilMs: number): void {
    const holders = this.#heldUntilMs.get(subject);
    if (holders === undefined) this.#heldUntilMs.set(subject, new Map([[holder, untilMs]]));
    else holders.set(holder, untilMs);
  }

  #forgetSilent(nowMs: number): void {
    for (const [subject, holders] of this.#heldUntilMs) {
      for (const [holder, untilMs] of holders) if (untilMs < nowMs) this.close(subject, holder);
    }
  }
}
