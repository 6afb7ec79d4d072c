/**
 * How many clients one grant has (A9). Pure; every change goes to the storage first, so that a count made of the stored rows
 * goes on where this one was.
 *
 * Each room says with its heartbeat how many it has. A client that the edge let through counts by itself until its room has
 * spoken of it. So the sum is late by a heartbeat per room: a limit, and no exact figure.
 */
import { LEASE_MS } from "./lease-book.ts";

/** The room's next heartbeat is at most 60 s away, and an alarm may be a minute late (DO-15). */
const ON_THE_WAY_MS = 130_000;

/** What a room said last. */
export interface RoomCount {
  readonly room: string;
  readonly clients: number;
  /** Until when it counts without being said again. */
  readonly untilMs: number;
}

/** Where the counts outlive this object. */
export interface CountStore {
  put(count: RoomCount): void;
  delete(room: string): void;
}

export class HeadCount {
  readonly #store: CountStore;
  readonly #rooms = new Map<string, RoomCount>();
  /** When those that are on their way were let through, oldest first. */
  #comingAtMs: number[] = [];

  constructor(stored: Iterable<RoomCount>, store: CountStore) {
    this.#store = store;
    for (const count of stored) this.#rooms.set(count.room, count);
  }

  /** Nothing is stored. */
  get isEmpty(): boolean {
    return this.#rooms.size === 0;
  }

  /** Whether one more client may come beside `maxClients` at most. Writes nothing. */
  couldCome(maxClients: number, nowMs: number): boolean {
    let clients = this.#comingAtMs.filter((atMs) => isOnTheWay(atMs, nowMs)).length;
    for (const count of this.#rooms.values()) if (count.untilMs > nowMs) clients += count.clients;
    return clients < maxClients;
  }

  /** As couldCome(), for a client that is let through: from now on it is on its way. */
  come(maxClients: number, nowMs: number): boolean {
    if (!this.couldCome(maxClients, nowMs)) return false;
    this.#comingAtMs = [...this.#comingAtMs.filter((atMs) => isOnTheWay(atMs, nowMs)), nowMs];
    return true;
  }

  /** So many of those on their way have arrived, or will not. */
  arrive(arrived: number): void {
    this.#comingAtMs.splice(0, arrived);
  }

  /** `room` has so many clients of this grant. */
  tell(room: string, clients: number, nowMs: number): void {
    if (clients === 0) return this.#drop(room);
    const count = { room, clients, untilMs: nowMs + LEASE_MS };
    this.#store.put(count);
    this.#rooms.set(room, count);
  }

  /** Drops what has run out. A clock that was set back makes no row last longer than a new one. */
  expire(nowMs: number): void {
    for (const { room, clients, untilMs } of this.#rooms.values()) {
      if (untilMs <= nowMs) this.#drop(room);
      else if (untilMs > nowMs + LEASE_MS) this.tell(room, clients, nowMs);
    }
  }

  #drop(room: string): void {
    if (this.#rooms.delete(room)) this.#store.delete(room);
  }
}

function isOnTheWay(atMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < ON_THE_WAY_MS;
}
