/**
 * What may lie unread in the runtime's queues: one account a room, summed over the isolate, because all rooms of
 * an isolate share 128 MB (B1, DO-22, WS-6). Queues cannot be seen, so the account holds what gives no sign of being
 * read: a v2 client that does not owe a ping is reading. A socket that was closed keeps its queue until the peer has
 * read it or its connection dies (WS-3, WS-4), so it stays in the account until the runtime says that it is gone.
 */
import { V1 } from "../../protocol/subprotocol.ts";
import type { Isolate, UnreadShare } from "../isolate/isolate.ts";
import type { Session, Socket } from "./session.ts";

/** A v2 client that owes a ping for this long is not just behind: one that reads answers within a round trip. */
const SUSPECT_MS = 5_000;
/** Adding up every session after every batch would cost more than it saves. */
const MEASURE_EVERY_MS = 250;

export class UnreadAccount implements UnreadShare {
  readonly #isolate: Isolate;
  readonly #id: string;
  readonly #maxBytes: number;
  readonly #undrained = new Map<Socket, number>();
  #suspects = new Map<Session, number>();
  #suspectBytes = 0;
  #measuredAtMs = 0;

  /** `id` names the object, so that a later instance of it takes its place in the sum. */
  constructor(maxBytes: number, isolate: Isolate, id: string) {
    this.#maxBytes = maxBytes;
    this.#isolate = isolate;
    this.#id = id;
    isolate.unread.set(id, this);
  }

  get suspects(): ReadonlyMap<Session, number> {
    return this.#suspects;
  }

  get bytes(): { readonly suspect: number; readonly undrained: number } {
    let undrained = 0;
    for (const bytes of this.#undrained.values()) undrained += bytes;
    return { suspect: this.#suspectBytes, undrained };
  }

  /** More than MAX_QUEUED_BYTES lie in this isolate: nobody may join (B1). */
  get isOver(): boolean {
    const { suspect, undrained } = this.#isolateBytes();
    return suspect + undrained > this.#maxBytes;
  }

  /** Closed sockets whose peers have not read what they were sent. */
  get undrained(): number {
    return this.#undrained.size;
  }

  /** A session has left: closed by us, its queue stays; gone by itself, its queue is gone with it. */
  left(session: Session, closedByUs: boolean): void {
    // Nobody measures an empty room again: what it says must be right when the last one leaves.
    this.#suspectBytes -= this.#suspects.get(session) ?? 0;
    this.#suspects.delete(session);
    if (closedByUs && unread(session) > 0) this.#undrained.set(session.socket, unread(session));
  }

  /** The room ends itself, and its queues with it: nobody may wait until its memory is collected. */
  end(): void {
    this.#isolate.unread.delete(this.#id);
  }

  /** The runtime says that a socket is gone. */
  drained(socket: Socket): void {
    this.#undrained.delete(socket);
  }

  /**
   * Whom this room must shed: the worst of the isolate first, of those that give no sign of reading, until its excess is
   * covered. A room can only close its own sockets, so it leaves the others' to them. `look` reads a session's last
   * ping, so that nobody is judged by an old one.
   */
  toShed(sessions: ReadonlySet<Session>, look: (session: Session) => void, nowMs: number): Session[] {
    if (nowMs - this.#measuredAtMs < MEASURE_EVERY_MS) return [];
    this.#measure(sessions, nowMs);
    if (this.#excess() <= 0) return [];
    for (const session of sessions) look(session);
    this.#measure(sessions, nowMs);
    const suspects = [...this.#isolate.unread].flatMap((room) => [...room.suspects]).toSorted(([, a], [, b]) => b - a);
    let excess = this.#excess();
    const shed: Session[] = [];
    const own: ReadonlyMap<object, number> = this.#suspects;
    for (const [session, bytes] of suspects) {
      if (excess <= 0) break;
      // The isolate knows sessions of other rooms as objects only; a key of one's own map is a Session.
      if (own.has(session)) shed.push(session as Session);
      excess -= bytes;
    }
    return shed;
  }

  #measure(sessions: ReadonlySet<Session>, nowMs: number): void {
    this.#measuredAtMs = nowMs;
    this.#suspects = new Map();
    this.#suspectBytes = 0;
    for (const session of sessions) {
      if (!isSuspect(session, nowMs)) continue;
      this.#suspects.set(session, unread(session));
      this.#suspectBytes += unread(session);
    }
  }

  /** What was closed and does not drain cannot be shed again: it must not cost the others more than most of their share. */
  #excess(): number {
    const { suspect, undrained } = this.#isolateBytes();
    return suspect - Math.max(this.#maxBytes / 4, this.#maxBytes - undrained);
  }

  #isolateBytes(): { suspect: number; undrained: number } {
    const sum = { suspect: 0, undrained: 0 };
    for (const room of this.#isolate.unread) {
      const { suspect, undrained } = room.bytes;
      sum.suspect += suspect;
      sum.undrained += undrained;
    }
    return sum;
  }
}

function unread({ flow }: Session): number {
  return flow.sentBytes - Math.max(flow.provenBytes, flow.drainedBytes);
}

function isSuspect(session: Session, nowMs: number): boolean {
  if (session.protocol === V1) return unread(session) > 0;
  const owedSinceMs = session.flow.owedSinceMs;
  return owedSinceMs !== null && nowMs - owedSinceMs > SUSPECT_MS;
}
