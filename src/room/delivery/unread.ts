/**
 * What may lie unread in the runtime's queues: one account a room, summed over the isolate, because all rooms of
 * an isolate share 128 MB (B6, B7, DO-22, WS-6). Queues cannot be seen, so the account holds what was sent and is not
 * proven to be read. A socket that was closed keeps its queue until the peer has read it or its connection dies (WS-3,
 * WS-4), so it stays in the account until the runtime says that it is gone.
 */
import { V1, V2 } from "../../protocol/subprotocol.ts";
import {
  bytesOf,
  isNothing,
  JUDGE_EVERY_MS,
  newDebt,
  openBytes,
  toShed,
  v2OpenBytes,
  type Debt,
  type Suspect,
  type UnreadRoom,
  type UnreadSums,
} from "../isolate/unread-sums.ts";
import { age, MARKS, unprovenBytes, type FlowLimits } from "./flow-control.ts";
import type { Session, Socket } from "./session.ts";

/** A v2 client that owes a ping for this long is not just behind: one that reads answers within a round trip. */
const SUSPECT_MS = 5_000;
/** Closed sockets have so long to drain before their room ends itself for them. */
const DRAIN_MS = 5_000;
/** A v1 client that was sent no more than this a second may be one that reads: it is not shed below the bound (B5). */
const FAIR_BYTES_PER_SECOND = 20_000;

export interface UnreadOptions {
  readonly maxQueuedBytes: number;
  readonly sendTimeoutMs: number;
}

interface Undrained {
  readonly grantId: string;
  readonly bytes: number;
}

export class UnreadAccount implements UnreadRoom {
  readonly debts = new Map<string, Debt>();
  isCounted = true;
  readonly #sums: UnreadSums;
  readonly #id: string;
  readonly #maxBytes: number;
  readonly #timeoutMs: number;
  readonly #sessions = new Set<Session>();
  readonly #undrained = new Map<Socket, Undrained>();
  #judgedAtMs = -Infinity;
  /** Since when there has been too much, and nobody to shed for it. */
  #stuckSinceMs: number | null = null;

  /** `id` names the object, so that a later instance of it takes its place in the sum. */
  constructor({ maxQueuedBytes, sendTimeoutMs }: UnreadOptions, sums: UnreadSums, id: string) {
    this.#maxBytes = maxQueuedBytes;
    this.#timeoutMs = sendTimeoutMs;
    this.#sums = sums;
    this.#id = id;
    sums.set(id, this);
  }

  /** Closed sockets whose peers have not read what they were sent. */
  get undrained(): number {
    return this.#undrained.size;
  }

  /** Bytes of this room. */
  get bytes(): number {
    let bytes = 0;
    for (const debt of this.debts.values()) bytes += bytesOf(debt);
    return bytes;
  }

  /** More than half of MAX_QUEUED_BYTES lie in this isolate (B6). */
  get isTight(): boolean {
    return bytesOf(this.#sums.total) * 2 > this.#maxBytes;
  }

  /** More than all of it. */
  get isOver(): boolean {
    return bytesOf(this.#sums.total) > this.#maxBytes;
  }

  /** There is nobody to shed any more, and this room is the one that ends itself unless its closed sockets drain soon. */
  get isStuck(): boolean {
    return this.#stuckSinceMs !== null;
  }

  /** A session has come, be it with something that it was sent before. */
  enter(session: Session): void {
    const { grantId } = session;
    const charge = { grantId, bytes: 0, room: this.#debt(grantId), grant: this.#sums.grant(grantId) };
    session.charge = charge;
    this.#sessions.add(session);
    charge.room.sessions += 1;
    if (this.isCounted) this.#sums.count(charge.grant, 1);
    this.note(session);
  }

  /** Call whenever a session was sent something, or proved something. */
  note({ charge, flow }: Session): void {
    if (charge === null) return;
    const bytes = unprovenBytes(flow);
    const change = bytes - charge.bytes;
    charge.bytes = bytes;
    // With every frame to every client: each sum by its name.
    if (flow.protocol === V2) {
      charge.room.v2Bytes += change;
      if (!this.isCounted) return;
      charge.grant.v2Bytes += change;
      this.#sums.total.v2Bytes += change;
    } else {
      charge.room.v1Bytes += change;
      if (!this.isCounted) return;
      charge.grant.v1Bytes += change;
      this.#sums.total.v1Bytes += change;
    }
  }

  /** A session has left: closed by us, its queue stays; gone by itself, its queue is gone with it. */
  left(session: Session, closedByUs: boolean): void {
    const { charge, flow, socket, protocol } = session;
    if (charge === null || !this.#sessions.delete(session)) return;
    // Another credential may have taken over (V8).
    const { grantId, room, grant } = charge;
    this.#add(room, grant, protocol === V2 ? "v2Bytes" : "v1Bytes", -charge.bytes);
    session.charge = null;
    room.sessions -= 1;
    if (this.isCounted) this.#sums.count(grant, -1);
    const bytes = flow.sentBytes - Math.max(flow.provenBytes, flow.drainedBytes);
    if (closedByUs && bytes > 0) {
      this.#undrained.set(socket, { grantId, bytes });
      this.#add(room, grant, "undrainedBytes", bytes);
    }
    this.#release(grantId);
  }

  /** The runtime says that a socket is gone. */
  drained(socket: Socket): void {
    const closed = this.#undrained.get(socket);
    if (closed === undefined) return;
    this.#undrained.delete(socket);
    this.#add(this.#debt(closed.grantId), this.#sums.grant(closed.grantId), "undrainedBytes", -closed.bytes);
    this.#release(closed.grantId);
  }

  /** The room ends itself under its clients, which is not done often. */
  endAmongClients(nowMs: number): void {
    this.#sums.endedAtMs = nowMs;
    this.end();
  }

  /** The room ends itself, and its queues with it: nobody may wait until its memory is collected. */
  end(): void {
    this.#sums.delete(this.#id);
  }

  /** Whether a session has to prove what it was sent before it is sent more (B6). */
  mustProve({ flow }: Session): boolean {
    return this.isTight && flow.protocol === V2 && unprovenBytes(flow) > 0;
  }

  /** Whether an event may be sent to a session as far as the isolate is concerned: else it waits. */
  mayTake({ flow, charge, phase }: Session): boolean {
    if (!this.isTight || charge === null) return true;
    const { total, isShared } = this.#sums;
    // A v1 client that is live is never held back: it has no sign to give.
    if (flow.protocol === V1) return phase.kind === "live" || total.v1Bytes <= openBytes(total, this.#maxBytes);
    if (charge.bytes > 0 || (isShared && charge.grant.v2Bytes * 2 >= this.#maxBytes)) return false;
    return total.v2Bytes < v2OpenBytes(total, this.#maxBytes);
  }

  age(nowMs: number): void {
    const limits: FlowLimits = { budgetBytes: 0, ackBytes: 0, forgetMs: this.#timeoutMs };
    for (const session of this.#sessions) {
      if (session.protocol !== V1) continue;
      age(session.flow, limits, nowMs);
      this.note(session);
    }
  }

  *suspects(nowMs: number): Generator<Suspect> {
    for (const session of this.#sessions) {
      const { charge, flow, protocol } = session;
      if (charge === null) continue;
      const isV1 = protocol === V1;
      const isStuck = flow.owedSinceMs !== null && nowMs - flow.owedSinceMs > SUSPECT_MS;
      const { bytes, grantId } = charge;
      if (bytes > 0 && (isV1 || isStuck)) yield { session, grantId, isV1, bytes };
    }
  }

  /**
   * Whom this room must shed: those of its own who are among the worst of the isolate. A room can only close its own
   * sockets, so it leaves the others' to them. `look` reads a session's last ping, so that nobody is judged by an old one.
   */
  toShed(look: (session: Session) => void, nowMs: number): Session[] {
    if (this.isTight) this.#sums.refresh(nowMs);
    if (!this.isOver) this.#stuckSinceMs = null;
    if (!this.isOver || nowMs - this.#judgedAtMs < JUDGE_EVERY_MS) return [];
    this.#judgedAtMs = nowMs;
    for (const session of this.#sessions) look(session);
    const suspects = [...this.#sums.rooms].flatMap((room) => [...room.suspects(nowMs)]);
    const { total } = this.#sums;
    const fairBytes = (FAIR_BYTES_PER_SECOND * this.#timeoutMs * (1 + 1 / MARKS)) / 1_000;
    const ownerId = this.isOver ? this.#sums.ownerId() : null;
    const shed = toShed(suspects, total, { maxBytes: this.#maxBytes, fairBytes, ownerId });
    const silentBytes = suspects.reduce((sum, { bytes }) => sum + bytes, total.undrainedBytes);
    const isStuck = shed.length === 0 && silentBytes > this.#maxBytes && this.#ownsMost();
    this.#stuckSinceMs = isStuck ? (this.#stuckSinceMs ?? nowMs) : null;
    // The isolate knows sessions of other rooms as objects only; one of one's own set is a Session.
    return shed.map(({ session }) => session as Session).filter((session) => this.#sessions.has(session));
  }

  /** The room must end itself: what its closed sockets hold is too much, and does not drain (B7). */
  mustEnd(nowMs: number): boolean {
    if (this.#stuckSinceMs === null || nowMs - this.#stuckSinceMs < DRAIN_MS) return false;
    return nowMs - this.#sums.endedAtMs >= this.#timeoutMs;
  }

  /** More than the others must bear lies in closed sockets, and of no room as much as of this one. */
  #ownsMost(): boolean {
    const own = undrainedOf(this);
    if (own === 0 || this.#sums.total.undrainedBytes * 4 <= this.#maxBytes) return false;
    for (const room of this.#sums.rooms) if (undrainedOf(room) > own) return false;
    return true;
  }

  #debt(grantId: string): Debt {
    let debt = this.debts.get(grantId);
    if (debt === undefined) this.debts.set(grantId, (debt = newDebt()));
    return debt;
  }

  #add(room: Debt, grant: Debt, kind: "v1Bytes" | "v2Bytes" | "undrainedBytes", bytes: number): void {
    room[kind] += bytes;
    if (!this.isCounted) return;
    grant[kind] += bytes;
    this.#sums.total[kind] += bytes;
  }

  #release(grantId: string): void {
    const debt = this.debts.get(grantId);
    if (debt !== undefined && isNothing(debt)) this.debts.delete(grantId);
    this.#sums.release(grantId);
  }
}

/**
 * Whether a join is refused: past the bound, of a credential that owns half of what closed sockets have not drained, and
 * in a room that is about to end itself for it (B7). `room` is null while it is cold.
 */
export function refusesJoin(
  sums: UnreadSums,
  room: UnreadAccount | null,
  { grantId, maxQueuedBytes, nowMs }: { grantId: string; maxQueuedBytes: number; nowMs: number },
): boolean {
  const { total } = sums;
  if (bytesOf(total) > maxQueuedBytes) sums.refresh(nowMs);
  if (bytesOf(total) <= maxQueuedBytes || total.undrainedBytes * 4 <= maxQueuedBytes) return false;
  return room?.isStuck === true || sums.undrainedOf(grantId) * 2 >= total.undrainedBytes;
}

function undrainedOf({ debts }: UnreadRoom): number {
  let bytes = 0;
  for (const debt of debts.values()) bytes += debt.undrainedBytes;
  return bytes;
}
