/** What a room tells the ledgers of how many clients of theirs it has, where clients are limited (A9). */
import { describeError } from "../shared/log-line.ts";
import type { Runtime } from "../shared/runtime.ts";
import { within } from "../shared/within.ts";
import { RENEW_AFTER_MS, TELL_TIMEOUT_MS } from "./renewals.ts";

/** What a room calls of a grant's ledger. `arrived`: of the clients that the ledger was asked about, so many have come. */
export interface CountStub {
  count(room: string, clients: number, arrived: number): Promise<void>;
}

interface Told {
  /** Null when it is not known what was told. */
  readonly clients: number | null;
  readonly atMs: number;
}

export class ClientReports {
  readonly #runtime: Runtime;
  readonly #room: string;
  readonly #ledger: (grantId: string) => CountStub;
  readonly #told = new Map<string, Told>();
  readonly #arrived = new Map<string, number>();
  /** One call at a time for each grant, since two may overtake each other. */
  readonly #telling = new Set<string>();

  /** `room` is this one's id. */
  constructor(runtime: Runtime, room: string, ledger: (grantId: string) => CountStub) {
    this.#runtime = runtime;
    this.#room = room;
    this.#ledger = ledger;
  }

  /** A client that its ledger was asked about has come, or was turned away. */
  arrived(grantId: string): void {
    this.#arrived.set(grantId, (this.#arrived.get(grantId) ?? 0) + 1);
  }

  /** A client went, perhaps one of before a loss of memory. */
  left(grantId: string): void {
    if (!this.#told.has(grantId)) this.#told.set(grantId, { clients: null, atMs: 0 });
  }

  /** With every heartbeat, and when the last client has left: tells each ledger what it does not know. `clients`: by grant. */
  beat(clients: ReadonlyMap<string, number>): void {
    for (const grantId of new Set([...clients.keys(), ...this.#told.keys(), ...this.#arrived.keys()]))
      void this.#tell(grantId, clients.get(grantId) ?? 0);
  }

  async #tell(grantId: string, clients: number): Promise<void> {
    const told = this.#told.get(grantId) ?? { clients: 0, atMs: 0 };
    const arrived = this.#arrived.get(grantId) ?? 0;
    const atMs = this.#runtime.wallMs();
    const agoMs = atMs - told.atMs;
    const isOld = clients > 0 && (agoMs >= RENEW_AFTER_MS || agoMs < 0);
    if (this.#telling.has(grantId) || (told.clients === clients && arrived === 0 && !isOld)) return;
    this.#telling.add(grantId);
    // Whether a call that failed was heard is not known. Told twice, an arrival would be another client's.
    this.#arrived.delete(grantId);
    try {
      const call = this.#ledger(grantId).count(this.#room, clients, arrived);
      await within(this.#runtime, TELL_TIMEOUT_MS, call);
      if (clients === 0) this.#told.delete(grantId);
      else this.#told.set(grantId, { clients, atMs });
    } catch (error) {
      this.#told.set(grantId, { clients: null, atMs: 0 });
      this.#runtime.log("ledger-unreachable", describeError(error));
    }
    this.#telling.delete(grantId);
  }
}
