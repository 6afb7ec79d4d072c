/**
 * EFFECTS: the Durable Object of one grant: which subjects it has open, and in which rooms (B4), and how many clients where
 * those are limited (A9). Both lie in its storage, so that neither its sleep nor its death forgets one.
 */
import { DurableObject } from "cloudflare:workers";
import { systemRuntime } from "../shared/system-runtime.ts";
import { HeadCount, type RoomCount } from "./head-count.ts";
import { LEASE_MS, LeaseBook, type Answer, type Lease } from "./lease-book.ts";

/** A lease that ran out counts no more, swept or not: often enough that a grant which has gone leaves nothing behind. */
const SWEEP_MS = 6 * LEASE_MS;

export class Ledger extends DurableObject<Env> {
  readonly #storage: DurableObjectStorage;
  readonly #book: LeaseBook;
  readonly #clients: HeadCount;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    this.#storage = storage;
    const rows = Array.from(storage.kv.list<number | RoomCount>(), ([key, value]) => ({ key, value }));
    const leases = rows.flatMap(({ key, value }) => (typeof value === "number" ? [parseRow(key, value)] : []));
    this.#book = new LeaseBook(leases, {
      put: (lease) => storage.kv.put(keyOf(lease), lease.untilMs),
      delete: (lease) => void storage.kv.delete(keyOf(lease)),
    });
    const counts = rows.flatMap(({ value }) => (typeof value === "number" ? [] : [value]));
    this.#clients = new HeadCount(counts, {
      put: (count) => storage.kv.put(countKeyOf(count.room), count),
      delete: (room) => void storage.kv.delete(countKeyOf(room)),
    });
  }

  /** Whether this grant may have `subject` open besides the others it has; if so, one more client is on its way there. */
  async ask(subject: string, maxSubjects: number): Promise<Answer> {
    const answer = this.#book.open(subject, maxSubjects, systemRuntime.wallMs());
    await this.#ensureAlarm();
    return answer;
  }

  /** What ask() would say. Takes no place and stores nothing. */
  wouldAllow(subject: string, maxSubjects: number): boolean {
    return this.#book.couldOpen(subject, maxSubjects, systemRuntime.wallMs());
  }

  /** A room says that clients of this grant have come, or are still there. A room of an older version counts no arrivals. */
  async renew(subject: string, room: string, arrived = 0): Promise<void> {
    this.#book.renew(subject, room, arrived, systemRuntime.wallMs());
    await this.#ensureAlarm();
  }

  /** A room says that nobody is there any more; or the edge, with an empty `room`, that nobody will arrive. */
  close(subject: string, room: string, arrived = 0): void {
    this.#book.close(subject, room, arrived);
  }

  /** Whether one more client of this grant may come; if so, it is on its way (A9). */
  askClient(maxClients: number): boolean {
    return this.#clients.come(maxClients, systemRuntime.wallMs());
  }

  /** What askClient() would say. */
  wouldAllowClient(maxClients: number): boolean {
    return this.#clients.couldCome(maxClients, systemRuntime.wallMs());
  }

  /** A room says how many clients of this grant it has; or the edge, with an empty `room`, that some will not arrive. */
  async count(room: string, clients: number, arrived: number): Promise<void> {
    this.#clients.arrive(arrived);
    if (room !== "") this.#clients.tell(room, clients, systemRuntime.wallMs());
    await this.#ensureAlarm();
  }

  /** A throw is retried by the platform (DO-14). */
  override async alarm(): Promise<void> {
    this.#book.expire(systemRuntime.wallMs());
    this.#clients.expire(systemRuntime.wallMs());
    if (this.#isEmpty) await this.#storage.deleteAll();
    // A lease may have come while the storage was being emptied, and its alarm gone with it (DO-20).
    await this.#ensureAlarm();
  }

  get #isEmpty(): boolean {
    return this.#book.isEmpty && this.#clients.isEmpty;
  }

  /** While anything is stored an alarm is set. One that is too far ahead was set before the clock was set back (P11). */
  async #ensureAlarm(): Promise<void> {
    if (this.#isEmpty) return;
    const latestMs = systemRuntime.wallMs() + SWEEP_MS;
    const atMs = await this.#storage.getAlarm();
    if (atMs === null || atMs > latestMs) await this.#storage.setAlarm(latestMs);
  }
}

/** A filter has no white space (H4). */
function keyOf({ subject, holder }: Pick<Lease, "subject" | "holder">): string {
  return `${subject} ${holder}`;
}

/** No subject is empty, so this is the key of no lease. */
function countKeyOf(room: string): string {
  return ` ${room}`;
}

function parseRow(key: string, untilMs: number): Lease {
  const space = key.indexOf(" ");
  return { subject: key.slice(0, space), holder: key.slice(space + 1), untilMs };
}
