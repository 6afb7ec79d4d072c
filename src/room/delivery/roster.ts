/** Who is in the room, and who of them shares its cursor (V10). Bookkeeping only: it sends nothing. */
import type { Form } from "../../protocol/form.ts";
import { V1 } from "../../protocol/subprotocol.ts";
import { LIVE, type Session } from "./session.ts";

export class Roster {
  readonly all = new Set<Session>();
  /** Sessions whose cursor is the room's. */
  readonly live = new Set<Session>();
  /** Sessions below or above R, each with a cursor of its own. */
  readonly lagging = new Set<Session>();
  readonly #onCount: (v1: number) => void;
  #v1Count = 0;
  readonly #readers = new Map<Form, number>();

  /** `onCount`: v1 sessions share a bound (B5). */
  constructor(onCount: (v1: number) => void) {
    this.#onCount = onCount;
  }

  /** Those that somebody here reads. */
  get forms(): readonly Form[] {
    return [...this.#readers.keys()];
  }

  add(session: Session): void {
    this.all.add(session);
    (session.phase.kind === "live" ? this.live : this.lagging).add(session);
    this.#count(session, 1);
  }

  /** False when it was not here. */
  remove(session: Session): boolean {
    if (!this.all.delete(session)) return false;
    this.live.delete(session);
    this.lagging.delete(session);
    this.#count(session, -1);
    return true;
  }

  toLive(session: Session): void {
    session.phase = LIVE;
    this.lagging.delete(session);
    this.live.add(session);
  }

  toLagging(session: Session, cursor: number): void {
    session.phase = { kind: "lagging", cursor, readTo: cursor };
    this.live.delete(session);
    this.lagging.add(session);
  }

  #count(session: Session, change: 1 | -1): void {
    const { form } = session;
    const readers = (this.#readers.get(form) ?? 0) + change;
    if (readers > 0) this.#readers.set(form, readers);
    else this.#readers.delete(form);
    if (form.protocol === V1) this.#v1Count = readers;
    this.#onCount(this.#v1Count);
  }
}
