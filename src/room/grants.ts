/** Which credentials have clients in this room, and what their ledgers are told of it (B4). */
import { describeError, logEvent } from "../shared/log.ts";
import type { Session } from "./session.ts";

/** What a room calls of a credential's ledger. */
export interface LedgerCalls {
  renew(subject: string): Promise<void>;
  close(subject: string): Promise<void>;
}

/** A ledger forgets what it has not heard of for longer; more often would only cost requests. */
const RENEW_AFTER_MS = 20_000;

export class Grants {
  readonly #ledger: (grantId: string) => LedgerCalls;
  #renewedAtMs = 0;
  #known = new Set<string>();

  constructor(ledger: (grantId: string) => LedgerCalls) {
    this.#ledger = ledger;
  }

  /** With every heartbeat: those that are here are renewed, those that are no longer here let go. */
  beat(subject: string, sessions: Iterable<Session>, nowMs: number): void {
    if (nowMs - this.#renewedAtMs < RENEW_AFTER_MS) return;
    this.#renewedAtMs = nowMs;
    const here = new Set(Array.from(sessions, ({ grantId }) => grantId));
    for (const grantId of here) this.#tell(this.#ledger(grantId).renew(subject));
    for (const grantId of this.#known) if (!here.has(grantId)) this.#tell(this.#ledger(grantId).close(subject));
    this.#known = here;
  }

  entered(grantId: string): void {
    this.#known.add(grantId);
  }

  /** Nobody is here any more. */
  empty(subject: string): void {
    for (const grantId of this.#known) this.#tell(this.#ledger(grantId).close(subject));
    this.#known.clear();
  }

  #tell(told: Promise<void>): void {
    told.catch((error: unknown) => logEvent("ledger-unreachable", describeError(error)));
  }
}
