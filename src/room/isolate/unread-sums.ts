/**
 * What lies unread in the sockets of one isolate (B6, B7): sums that are kept with every frame and every proof, for the
 * isolate and for each credential in it, and what is to be done when they grow too large. Pure.
 *
 *   up to half of the bound   everybody is sent what its own budget allows
 *   past half                 a v2 client that has not proven what it was sent is asked to, and waits
 *   past the bound            clients that give no sign of reading are shed, the worst first
 *   nobody left to shed       the room with the most undrained bytes ends itself
 */
import { WeakMembers } from "./weak-members.ts";

/** Of open v1 sockets, of open v2 sockets, and of closed sockets whose peers have not drained them. */
export interface Debt {
  v1Bytes: number;
  v2Bytes: number;
  undrainedBytes: number;
  /** Open sockets. */
  sessions: number;
}

/** Where the bytes of one session are counted: how many they are, and in which sums. */
export interface Charge {
  readonly grantId: string;
  bytes: number;
  readonly room: Debt;
  readonly grant: Debt;
}

/** A client that gives no sign of reading: of v1 all are, and of v2 those that owe a ping for too long. */
export interface Suspect {
  /** Its session; an object only, since it may be of another room. */
  readonly session: object;
  readonly grantId: string;
  readonly isV1: boolean;
  readonly bytes: number;
}

/** What one room adds to the sums. */
export interface UnreadRoom {
  /** False once a later instance of its object has taken its place, or it has ended itself. */
  isCounted: boolean;
  /** By credential. */
  readonly debts: ReadonlyMap<string, Debt>;
  /** Takes out what counts as read by now. */
  age(nowMs: number): void;
  suspects(nowMs: number): Iterable<Suspect>;
}

export function newDebt(): Debt {
  return { v1Bytes: 0, v2Bytes: 0, undrainedBytes: 0, sessions: 0 };
}

/** All bytes of a sum. */
export function bytesOf({ v1Bytes, v2Bytes, undrainedBytes }: Debt): number {
  return v1Bytes + v2Bytes + undrainedBytes;
}

/** True of a sum to which nothing is added any more. */
export function isNothing(debt: Debt): boolean {
  return debt.sessions === 0 && bytesOf(debt) === 0;
}

/** What open sockets may hold beside the closed ones, which must not cost them more than three quarters of the bound. */
export function openBytes(total: Debt, maxBytes: number): number {
  return Math.max(maxBytes / 4, maxBytes - total.undrainedBytes);
}

/** What v2 sockets may hold: a bound that is kept by not sending. */
export function v2OpenBytes(total: Debt, maxBytes: number): number {
  return Math.max(maxBytes / 4, maxBytes - total.undrainedBytes - total.v1Bytes);
}

/**
 * Whom to shed, the worst first, until what gives no sign of reading fits beside what was closed. A credential that owns
 * half of what was closed goes before all others. While v1 is within the bound, a v1 client that was sent no more than `fairBytes` is left
 * alone, for it may be reading.
 */
export function toShed(
  suspects: readonly Suspect[],
  total: Debt,
  limits: { readonly maxBytes: number; readonly fairBytes: number; readonly ownerId: string | null },
): Suspect[] {
  const { maxBytes, fairBytes, ownerId } = limits;
  let excess = suspects.reduce((sum, { bytes }) => sum + bytes, 0) - openBytes(total, maxBytes);
  if (excess <= 0) return [];
  const isOwner = ({ grantId }: Suspect): number => (grantId === ownerId ? 1 : 0);
  const shed: Suspect[] = [];
  let { v1Bytes } = total;
  for (const suspect of suspects.toSorted((a, b) => isOwner(b) - isOwner(a) || b.bytes - a.bytes)) {
    if (excess <= 0) break;
    if (suspect.isV1 && v1Bytes <= maxBytes && suspect.bytes <= fairBytes) continue;
    shed.push(suspect);
    if (suspect.isV1) v1Bytes -= suspect.bytes;
    excess -= suspect.bytes;
  }
  return shed;
}

/** How often the sums are made anew from the rooms that still live, and judged, while they are large. */
export const JUDGE_EVERY_MS = 250;

export class UnreadSums {
  readonly total = newDebt();
  readonly #byGrant = new Map<string, Debt>();
  readonly #rooms = new WeakMembers<UnreadRoom>();
  #grants = 0;
  #refreshedAtMs = -Infinity;
  /** When a room of this isolate last ended itself. */
  endedAtMs = -Infinity;

  get rooms(): Iterable<UnreadRoom> {
    return this.#rooms;
  }

  /** The room of this object from now on: what an earlier instance of it had here is gone, or is told by this one. */
  set(id: string, room: UnreadRoom): void {
    this.delete(id);
    this.#rooms.set(id, room);
  }

  delete(id: string): void {
    const room = this.#rooms.get(id);
    if (room === undefined) return;
    room.isCounted = false;
    this.#rooms.delete(id);
    this.#sumUp();
  }

  /** The sum of a credential. The object is the same as long as the credential has anything here. */
  grant(grantId: string): Debt {
    let debt = this.#byGrant.get(grantId);
    if (debt === undefined) this.#byGrant.set(grantId, (debt = newDebt()));
    return debt;
  }

  /** Forgets a credential that has nothing here any more. */
  release(grantId: string): void {
    const debt = this.#byGrant.get(grantId);
    if (debt !== undefined && isNothing(debt)) this.#byGrant.delete(grantId);
  }

  /** A session of a credential has come, or gone. */
  count(grant: Debt, change: 1 | -1): void {
    this.total.sessions += change;
    grant.sessions += change;
    if (grant.sessions === (change === 1 ? 1 : 0)) this.#grants += change;
  }

  /** More than one credential has clients here. */
  get isShared(): boolean {
    return this.#grants > 1;
  }

  undrainedOf(grantId: string): number {
    return this.#byGrant.get(grantId)?.undrainedBytes ?? 0;
  }

  /** The credential that owns half or more of what closed sockets have not drained; null when none does. */
  ownerId(): string | null {
    for (const [grantId, { undrainedBytes }] of this.#byGrant)
      if (undrainedBytes > 0 && undrainedBytes * 2 >= this.total.undrainedBytes) return grantId;
    return null;
  }

  /** Takes out what counts as read by now, and the rooms that said no goodbye. Call before the sums are judged. */
  refresh(nowMs: number): void {
    if (nowMs - this.#refreshedAtMs < JUDGE_EVERY_MS) return;
    this.#refreshedAtMs = nowMs;
    for (const room of this.#rooms) room.age(nowMs);
    this.#sumUp();
  }

  #sumUp(): void {
    Object.assign(this.total, newDebt());
    for (const debt of this.#byGrant.values()) Object.assign(debt, newDebt());
    for (const room of this.#rooms) {
      for (const [grantId, part] of room.debts) {
        for (const sum of [this.total, this.grant(grantId)]) {
          sum.v1Bytes += part.v1Bytes;
          sum.v2Bytes += part.v2Bytes;
          sum.undrainedBytes += part.undrainedBytes;
          sum.sessions += part.sessions;
        }
      }
    }
    this.#grants = 0;
    for (const [grantId, debt] of this.#byGrant) {
      if (debt.sessions > 0) this.#grants += 1;
      else if (isNothing(debt)) this.#byGrant.delete(grantId);
    }
  }
}
