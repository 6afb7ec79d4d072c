/**
 * When credentials expire in a room (A3): by a timer while the room is awake anyway, else by its alarm. That nothing is sent
 * later is the sender's business; this is about the close, which a quiet connection gets too.
 */
import type { Runtime, Timer } from "../shared/runtime.ts";
import type { Session } from "./delivery/session.ts";

/** A connection whose next token is being checked is waited for so long: until then it may still be renewed (V8). */
const GRACE_MS = 1_000;
/** A timer holds no more than 24 days, and the wall clock may be set meanwhile. */
const LOOK_AGAIN_MS = 60_000;

export class Expiry {
  readonly #runtime: Runtime;
  readonly #sessions: () => Iterable<Session>;
  readonly #close: (session: Session) => void;
  readonly #timer: Timer;
  #isAwake = false;
  #earliestMs = Infinity;

  constructor(runtime: Runtime, sessions: () => Iterable<Session>, close: (session: Session) => void) {
    this.#runtime = runtime;
    this.#timer = runtime.timer();
    this.#sessions = sessions;
    this.#close = close;
  }

  /** When the first of them is due, as Unix time; null when none is. May be too early, never too late. */
  get earliestMs(): number | null {
    return this.#earliestMs === Infinity ? null : this.#earliestMs;
  }

  /** A session has come, or its expiry was changed. */
  note({ expiresAtMs }: Session): void {
    if (expiresAtMs === null || expiresAtMs >= this.#earliestMs) return;
    this.#earliestMs = expiresAtMs;
    this.#arm();
  }

  /** Whether the room is awake by itself: only then may a timer wait. */
  keep(isAwake: boolean): void {
    if (this.#isAwake === isAwake) return;
    this.#isAwake = isAwake;
    this.#arm();
  }

  /** Closes those that have expired. */
  check(): void {
    const wallMs = this.#runtime.wallMs();
    if (this.#earliestMs > wallMs) return;
    this.#earliestMs = Infinity;
    for (const session of [...this.#sessions()]) {
      if (session.expiresAtMs === null) continue;
      const dueAtMs = session.expiresAtMs + (session.isRenewing ? GRACE_MS : 0);
      if (dueAtMs <= wallMs) this.#close(session);
      else this.#earliestMs = Math.min(this.#earliestMs, dueAtMs);
    }
    this.#arm();
  }

  #arm(): void {
    this.#timer.clear();
    if (!this.#isAwake || this.#earliestMs === Infinity) return;
    const waitMs = Math.min(LOOK_AGAIN_MS, Math.max(0, this.#earliestMs - this.#runtime.wallMs()));
    this.#timer.arm(waitMs, () => {
      this.check();
      if (!this.#timer.isArmed) this.#arm();
    });
  }
}
