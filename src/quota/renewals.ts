/** Which credentials have clients in this room, and what their ledgers are told of it (B4). */
import { describeError } from "../shared/log-line.ts";
import type { Runtime } from "../shared/runtime.ts";

/** What a room calls of a credential's ledger. */
export interface LedgerStub {
  renew(subject: string, room: string): Promise<void>;
  close(subject: string, room: string): Promise<void>;
}

/** A ledger forgets what it has not heard of for longer; more often would only cost requests. */
const RENEW_AFTER_MS = 20_000;

export class Renewals {
  readonly #runtime: Runtime;
  readonly #room: string;
  readonly #ledger: (grantId: string) => LedgerStub;
  #renewedAtMs = 0;
  #known = new Set<string>();

  /** `room` is this one's id: a ledger hears of one subject from several rooms. */
  constructor(runtime: Runtime, room: string, ledger: (grantId: string) => LedgerStub) {
    this.#runtime = runtime;
    this.#room = room;
    this.#ledger = ledger;
  }

  /** With every heartbeat: those that are here are renewed, those that are no longer here let go. */
  beat(subject: string, sessions: Iterable<{ readonly grantId: string }>, nowMs: number): void {
    if (nowMs - this.#renewedAtMs < RENEW_AFTER_MS) return;
    this.#renewedAtMs = nowMs;
    const here = new Set(Array.from(sessions, ({ grantId }) => grantId));
    for (const grantId of here) this.#here(subject, grantId);
    for (const grantId of this.#known) if (!here.has(grantId)) this.#gone(subject, grantId);
    this.#known = here;
  }

  /** A client came. Its ledger hears of the first one at once, for it soon forgets a client that was on its way. */
  entered(subject: string, grantId: string): void {
    if (this.#known.has(grantId)) return;
    this.#known.add(grantId);
    this.#here(subject, grantId);
  }

  /** Nobody is here any more. */
  empty(subject: string): void {
    for (const grantId of this.#known) this.#gone(subject, grantId);
    this.#known.clear();
  }

  #here(subject: string, grantId: string): void {
    this.#tell(this.#ledger(grantId).renew(subject, this.#room));
  }

  #gone(subject: string, grantId: string): void {
    this.#tell(this.#ledger(grantId).close(subject, this.#room));
  }

  #tell(told: Promise<void>): void {
    told.catch((error: unknown) => this.#runtime.log("ledger-unreachable", describeError(error)));
  }
}
