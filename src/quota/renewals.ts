/** Which grants have clients in this room, and what their ledgers are told of it (B4). */
import { describeError } from "../shared/log-line.ts";
import type { Runtime } from "../shared/runtime.ts";
import { within } from "../shared/within.ts";

/** What a room calls of a grant's ledger. `arrived`: of the clients that the ledger was asked about, so many have come. */
export interface LedgerStub {
  renew(subject: string, room: string, arrived: number): Promise<void>;
  close(subject: string, room: string, arrived: number): Promise<void>;
}

/** A ledger that says nothing for so long is asked again with the next heartbeat. */
export const TELL_TIMEOUT_MS = 30_000;

/** How the edge let a client through (B4). */
export type Passage = "asked" | "assumed";

/**
 * A lease lasts 300 s. Before its end come one heartbeat, at most 60 s later, and that may be an alarm a minute late
 * (DO-15). With shorter heartbeats a renewal that failed is tried again in time, too.
 */
export const RENEW_AFTER_MS = 170_000;

/** A grant that has clients here, or had until its ledger has heard of it. */
class Stay {
  clients = 0;
  /** Clients that the ledger still counts as on their way. */
  arrived = 0;
  /** When the ledger was last told that it is here, by the wall clock; null when it knows nothing. A socket keeps it. */
  renewedAtMs: number | null = null;
  /** One call at a time, since two may overtake each other. */
  isTelling = false;
}

export class Renewals {
  readonly #runtime: Runtime;
  readonly #room: string;
  readonly #subject: () => string;
  readonly #ledger: (grantId: string) => LedgerStub;
  readonly #stays = new Map<string, Stay>();

  /** `room` is this one's id: a ledger hears of one subject from several rooms. */
  constructor(runtime: Runtime, room: string, subject: () => string, ledger: (grantId: string) => LedgerStub) {
    this.#runtime = runtime;
    this.#room = room;
    this.#subject = subject;
    this.#ledger = ledger;
  }

  /** A client came. Its ledger hears of the first one at once. What comes back is what its socket has to keep. */
  entered(grantId: string, passage: Passage): { readonly renewedAtMs: number | null } {
    const stay = this.#stayOf(grantId);
    stay.clients += 1;
    if (passage === "asked") stay.arrived += 1;
    void this.#settle(grantId, stay);
    return stay;
  }

  /** As entered(), for a client whose socket survived a loss of memory. Nothing is told before the next heartbeat. */
  woke(grantId: string, renewedAtMs: number | null): { readonly renewedAtMs: number | null } {
    const stay = this.#stayOf(grantId);
    stay.clients += 1;
    stay.renewedAtMs = Math.max(stay.renewedAtMs ?? -Infinity, renewedAtMs ?? -Infinity);
    if (stay.renewedAtMs === -Infinity) stay.renewedAtMs = null;
    return stay;
  }

  /** A client went. Of the last one of a grant its ledger hears at once. */
  left(grantId: string): void {
    const stay = this.#stays.get(grantId);
    if (stay === undefined) return;
    stay.clients -= 1;
    if (stay.clients === 0) void this.#settle(grantId, stay);
  }

  /** A client was turned away, though the edge had let it through. */
  refused(grantId: string, passage: Passage): void {
    if (passage !== "asked") return;
    const stay = this.#stayOf(grantId);
    stay.arrived += 1;
    if (stay.clients === 0) void this.#settle(grantId, stay);
  }

  /** A client went while the room had no memory of it. */
  leftAsleep(grantId: string): void {
    const stay = this.#stayOf(grantId);
    stay.renewedAtMs ??= 0;
    if (stay.clients === 0) void this.#settle(grantId, stay);
  }

  /** With every heartbeat: renews what is due, and what could not be told. */
  beat(): void {
    for (const [grantId, stay] of this.#stays) void this.#settle(grantId, stay);
  }

  #stayOf(grantId: string): Stay {
    const stay = this.#stays.get(grantId) ?? new Stay();
    this.#stays.set(grantId, stay);
    return stay;
  }

  async #settle(grantId: string, stay: Stay): Promise<void> {
    if (stay.isTelling) return;
    stay.isTelling = true;
    try {
      while (this.#isOwed(stay)) await this.#tell(grantId, stay);
    } catch (error) {
      this.#runtime.log("ledger-unreachable", describeError(error));
    }
    stay.isTelling = false;
    // A departure that was not heard is told by the end of the lease.
    if (stay.clients === 0) this.#stays.delete(grantId);
  }

  #isOwed({ clients, arrived, renewedAtMs }: Stay): boolean {
    if (clients === 0) return renewedAtMs !== null || arrived > 0;
    const agoMs = renewedAtMs === null ? Infinity : this.#runtime.wallMs() - renewedAtMs;
    // A clock that was set back tells nothing.
    return agoMs >= RENEW_AFTER_MS || agoMs < 0;
  }

  async #tell(grantId: string, stay: Stay): Promise<void> {
    const { arrived, clients } = stay;
    // Whether a call that failed was heard is not known. Told twice, an arrival would be another client's.
    stay.arrived = 0;
    if (clients > 0) {
      const atMs = this.#runtime.wallMs();
      await this.#heard(this.#ledger(grantId).renew(this.#subject(), this.#room, arrived));
      stay.renewedAtMs = atMs;
    } else {
      stay.renewedAtMs = null;
      await this.#heard(this.#ledger(grantId).close(this.#subject(), this.#room, arrived));
    }
  }

  #heard(call: Promise<void>): Promise<void> {
    return within(this.#runtime, TELL_TIMEOUT_MS, call);
  }
}
