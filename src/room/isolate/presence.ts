/**
 * Which credentials have clients in which rooms of an isolate, and whether one may open a room more (B7). A room with
 * clients has a connection to the broker, so what is said of rooms holds for those.
 */
import type { WeakMembers } from "./weak-members.ts";

/** The clients of one room, by credential. */
export type Clients = ReadonlyMap<string, number>;

/** With so many rooms each has half a megabyte; only past it does it matter whose they are. */
export const ISOLATE_ROOMS = 256;

/** Looking through the rooms for every pull would cost more than it tells. */
const LOOK_EVERY_MS = 250;

export class Presence {
  readonly #rooms: WeakMembers<Clients>;
  readonly #most: number;
  #lookedAtMs = -Infinity;
  /** Two credentials that are there, when there are two. */
  #some: readonly string[] = [];

  constructor(rooms: WeakMembers<Clients>, most = ISOLATE_ROOMS) {
    this.#rooms = rooms;
    this.#most = most;
  }

  /** The room that has these clients, from now on. */
  set(room: string, clients: Clients): void {
    this.#rooms.set(room, clients);
  }

  forget(room: string): void {
    this.#rooms.delete(room);
  }

  /** True when clients of another credential are in the isolate. */
  hasOthers(credential: string, nowMs: number): boolean {
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      this.#some = this.#findTwo();
    }
    return this.#some.some((other) => other !== credential);
  }

  /**
   * Whether a client of this credential may open a room that nobody is in. While there are many rooms, and others have
   * some too, one credential has at most half.
   */
  mayOpen(credential: string): boolean {
    let rooms = 0;
    let own = 0;
    for (const clients of this.#rooms) {
      if (clients.size > 0) rooms += 1;
      if (clients.has(credential)) own += 1;
    }
    if (rooms < this.#most || own < this.#most / 2) return true;
    return !this.#findTwo().some((other) => other !== credential);
  }

  #findTwo(): string[] {
    const found = new Set<string>();
    for (const clients of this.#rooms) {
      for (const credential of clients.keys()) {
        found.add(credential);
        if (found.size === 2) return [...found];
      }
    }
    return [...found];
  }
}
