/** What a room tells the ledgers of the grants that have clients here: that a subject is open (B4), and how many clients (A9). */
import type { Runtime } from "../shared/runtime.ts";
import { ClientReports, type CountStub } from "./client-reports.ts";
import { Renewals, type LedgerStub, type Passage } from "./renewals.ts";

/** How the edge let a client through. */
interface Arrival {
  readonly grantId: string;
  /** `none` where the subject takes no place. */
  readonly place: "none" | Passage;
  /** Whether the ledger was asked about the client. */
  readonly isCounted: boolean;
}

/** What a socket has to keep; null where its subject takes no place. */
export type Lease = { readonly renewedAtMs: number | null } | null;

export interface GrantReportsHost {
  readonly subject: () => string;
  readonly ledger: (grantId: string) => LedgerStub & CountStub;
  /** By grant; null where clients are not limited. */
  readonly counted: () => ReadonlyMap<string, number> | null;
}

export class GrantReports {
  readonly #host: GrantReportsHost;
  readonly #renewals: Renewals;
  readonly #counts: ClientReports;

  /** `room` is this one's id. */
  constructor(runtime: Runtime, room: string, host: GrantReportsHost) {
    this.#host = host;
    this.#renewals = new Renewals(runtime, room, host.subject, host.ledger);
    this.#counts = new ClientReports(runtime, room, host.ledger);
  }

  /** A client came. */
  entered({ grantId, place, isCounted }: Arrival): Lease {
    if (isCounted) this.#counts.arrived(grantId);
    return place === "none" ? null : this.#renewals.entered(grantId, place);
  }

  /** A client was turned away, though the edge had let it through. */
  refused({ grantId, place, isCounted }: Arrival): void {
    if (isCounted) this.#counts.arrived(grantId);
    if (place !== "none") this.#renewals.refused(grantId, place);
  }

  /** A client went, and the host no longer counts it. */
  left({ grantId, lease }: { readonly grantId: string; readonly lease: Lease }): void {
    if (lease !== null) this.#renewals.left(grantId);
    const clients = this.#host.counted();
    if (clients === null) return;
    this.#counts.left(grantId);
    // Nothing will wake an empty room to say so.
    if (clients.size === 0) this.#counts.beat(clients);
  }

  /** A client brought a credential of another grant (V8). What comes back is what its socket has to keep now. */
  changed(grantId: string, former: { readonly grantId: string; readonly lease: Lease }): Lease {
    this.left(former);
    return former.lease && this.#renewals.entered(grantId, "assumed");
  }

  /** As entered(), for a client whose socket survived a loss of memory. */
  woke(grantId: string, renewedAtMs: number | null): NonNullable<Lease> {
    return this.#renewals.woke(grantId, renewedAtMs);
  }

  /** A client went while the room had no memory of it. */
  leftAsleep(grantId: string): void {
    this.#renewals.leftAsleep(grantId);
  }

  /** With every heartbeat. */
  beat(): void {
    this.#renewals.beat();
    const clients = this.#host.counted();
    if (clients !== null) this.#counts.beat(clients);
  }
}
