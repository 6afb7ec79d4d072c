/**
 * One room's part in the shards of its subject (B2): the door keeps the book and places clients; the others tell
 * the door how many they have, with every heartbeat and soon after somebody left.
 */
import { describeError, logEvent } from "../shared/log.ts";
import { Timer } from "../shared/timer.ts";
import { roomName, type RoomId } from "./room-name.ts";
import { ShardBook, type ShardLimits, type ShardReport } from "./shard-book.ts";

/** What a shard calls of its door. */
export interface Door {
  report(shard: number, report: ShardReport): Promise<void>;
}

/** Somebody else may be waiting for the place of a client that left. */
const REPORT_AFTER_MS = 500;

export class Shards {
  readonly #id: RoomId | null;
  readonly #door: (name: string) => Door;
  readonly #timer = new Timer();
  #book: ShardBook | null = null;
  #arrivals = 0;

  /** `id` is null for an object that was not created by name; it is a door without shards. */
  constructor(id: RoomId | null, door: (name: string) => Door) {
    this.#id = id;
    this.#door = door;
  }

  /** Where one more client goes: 0 is here, null nowhere. A shard behind the door was chosen already. */
  place(own: number, limits: ShardLimits): number | null {
    this.#arrivals++;
    if (this.#shard !== 0) return own < limits.maxClients ? 0 : null;
    this.#book ??= new ShardBook(limits);
    return this.#book.place(own, Date.now());
  }

  /** The door hears of a shard. */
  heard(shard: number, report: ShardReport, limits: ShardLimits): void {
    this.#book ??= new ShardBook(limits);
    this.#book.report(shard, report, Date.now());
  }

  /** Tells the door now. */
  tell(clients: number): void {
    const id = this.#id;
    if (id === null || id.shard === 0) return;
    this.#timer.clear();
    const told = this.#door(roomName({ ...id, shard: 0 })).report(id.shard, { clients, arrivals: this.#arrivals });
    told.catch((error: unknown) => logEvent("door-unreachable", { subject: id.subject, ...describeError(error) }));
  }

  /** Tells the door soon: several may leave together. */
  tellSoon(clients: () => number): void {
    if (this.#shard !== 0 && !this.#timer.isArmed) this.#timer.arm(REPORT_AFTER_MS, () => this.tell(clients()));
  }

  get #shard(): number {
    return this.#id?.shard ?? 0;
  }
}
