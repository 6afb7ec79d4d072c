/**
 * The subjects one grant has open (B4). Pure; every change goes to the storage first, so that a book made of the stored
 * rows goes on where this one was.
 *
 * A subject is open while somebody holds a lease on it: a room that has clients of the grant there, until it says that
 * they left; and, before their room speaks, the clients that the edge let through. A lease that is not renewed runs out.
 */

/** How long a holder that has fallen silent still counts. */
export const LEASE_MS = 300_000;
/** A lease with more left than this is not written anew for one more client. */
const ENOUGH_MS = 200_000;
/** Holds a subject for the clients that the edge let through. No room's id is empty. */
const ON_THE_WAY = "";
/** So many clients on their way at a time are a crowd, and the ledger is not asked about each of them. */
const CROWD = 100;
/** Far less than the lease that stands for it, which also covers the join and a room that cannot say so at once. */
const REMEMBERED_MS = 20_000;

export interface Lease {
  readonly subject: string;
  /** A room's id, or empty. */
  readonly holder: string;
  readonly untilMs: number;
}

/** Where the leases outlive the book. */
export interface LeaseStore {
  put(lease: Lease): void;
  delete(lease: Pick<Lease, "subject" | "holder">): void;
}

export interface Answer {
  readonly isAllowed: boolean;
  /** For how long one more client of the grant may come to the subject without being asked about. */
  readonly rememberMs: number;
}

export class LeaseBook {
  readonly #store: LeaseStore;
  /** By subject and holder. */
  readonly #untilMs = new Map<string, Map<string, number>>();
  /** How many are on their way, by subject. A lease ON_THE_WAY without a number is of before a restart. */
  readonly #coming = new Map<string, number>();

  constructor(stored: Iterable<Lease>, store: LeaseStore) {
    this.#store = store;
    for (const { subject, holder, untilMs } of stored) this.#holdersOf(subject).set(holder, untilMs);
  }

  /** No lease is left, run out or not. */
  get isEmpty(): boolean {
    return this.#untilMs.size === 0;
  }

  /** Whether one more client may come to `subject`: when it is open, or fewer than `maxSubjects` are. Writes nothing. */
  couldOpen(subject: string, maxSubjects: number, nowMs: number): boolean {
    const open = new Set<string>();
    for (const [name, holders] of this.#untilMs) {
      if (Math.max(...holders.values()) > nowMs) open.add(name);
    }
    return open.has(subject) || open.size < maxSubjects;
  }

  /** As couldOpen(), for a client that is let through: from now on it is on its way. */
  open(subject: string, maxSubjects: number, nowMs: number): Answer {
    this.expire(nowMs);
    const holders = this.#untilMs.get(subject);
    if (holders === undefined && this.#untilMs.size >= maxSubjects) return { isAllowed: false, rememberMs: 0 };
    const untilMs = holders?.get(ON_THE_WAY);
    const before = untilMs === undefined ? 0 : (this.#coming.get(subject) ?? Infinity);
    const coming = before < CROWD ? before + 1 : Infinity;
    this.#coming.set(subject, coming);
    if (untilMs === undefined || untilMs < nowMs + ENOUGH_MS) this.#hold(subject, ON_THE_WAY, nowMs);
    // What the edge remembers can come at any time: then only time ends that lease.
    return { isAllowed: true, rememberMs: coming === Infinity ? REMEMBERED_MS : 0 };
  }

  /** `room` has clients of this grant, past the limit or not. `arrived` of those on their way are among them. */
  renew(subject: string, room: string, arrived: number, nowMs: number): void {
    this.#hold(subject, room, nowMs);
    this.#arrive(subject, arrived);
  }

  /** `room` has none any more; `arrived` of those on their way have come and gone, or been turned away. */
  close(subject: string, room: string, arrived: number): void {
    if (room !== ON_THE_WAY) this.#drop(subject, room);
    this.#arrive(subject, arrived);
  }

  /** Drops what has run out. A clock that was set back makes no lease longer than a new one. */
  expire(nowMs: number): void {
    for (const [subject, holders] of this.#untilMs) {
      for (const [holder, untilMs] of holders) {
        if (untilMs <= nowMs) this.#drop(subject, holder);
        else if (untilMs > nowMs + LEASE_MS) this.#hold(subject, holder, nowMs);
      }
    }
  }

  #arrive(subject: string, arrived: number): void {
    const coming = this.#coming.get(subject);
    if (coming === undefined) return;
    if (coming > arrived) this.#coming.set(subject, coming - arrived);
    else this.#drop(subject, ON_THE_WAY);
  }

  #hold(subject: string, holder: string, nowMs: number): void {
    const untilMs = nowMs + LEASE_MS;
    this.#store.put({ subject, holder, untilMs });
    this.#holdersOf(subject).set(holder, untilMs);
  }

  #drop(subject: string, holder: string): void {
    const holders = this.#untilMs.get(subject);
    if (holders?.delete(holder) !== true) return;
    this.#store.delete({ subject, holder });
    if (holder === ON_THE_WAY) this.#coming.delete(subject);
    if (holders.size === 0) this.#untilMs.delete(subject);
  }

  #holdersOf(subject: string): Map<string, number> {
    const known = this.#untilMs.get(subject);
    if (known !== undefined) return known;
    const holders = new Map<string, number>();
    this.#untilMs.set(subject, holders);
    return holders;
  }
}
