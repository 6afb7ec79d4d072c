/**
 * Holds back what the live consumer read after a suspicious jump (W5). Pure, but for the question it asks.
 *
 * A filter skips seqs, and so does retention that overtakes a reader: the frames look the same (JS-6). Only the
 * stream's floor tells: if it is still at or below the place of the jump after the jump was read, nothing was removed
 * in between. Where the filter is that of the whole stream it skips nothing, so every jump is suspicious. Elsewhere
 * jumps are the rule, and only those in a backlog are, or after a moment in which perhaps no pull was at the broker: at the head hardly anything can be overtaken, and what the
 * broker says of its backlog may be late (JS-10) only where events are removed as soon as they have come.
 *
 *   passing ──suspicious jump──▶ asking ──floor at or below it──▶ passing, all of it
 *                                  └──floor above it──▶ overtaken, then passing what is above the floor
 */
import type { ReadEvent } from "./feed-ports.ts";

export interface GapGuardHost {
  /** How far was read: what was passed last, or where the consumer began. */
  readonly position: number;
  /** Resolves to the stream's floor for this reader, asked from now on (`lossFloor`). */
  floor(): Promise<number>;
  /** Moves the position to that of the event. */
  pass(event: ReadEvent): void;
  /** Everything held back has been passed. */
  released(): void;
  /** Nothing can be proven about what this consumer reads. */
  doubt(why: string): void;
  /** Events after the position and below `floor` may have been removed unread; moves the position there. */
  overtaken(floor: number): void;
}

/** Read, and not yet passed; UNSURE where nobody may have delivered for a moment. */
type Held = ReadEvent | typeof UNSURE;
const UNSURE = { kind: "unsure", position: Infinity } as const;

export class GapGuard {
  readonly #host: GapGuardHost;
  #isWhole = false;
  #backlog = false;
  #held: Held[] = [];
  #heldBytes = 0;
  /** Of the events that the question is about. */
  #askedBytes = 0;
  #asking = false;
  /** Rises when a consumer begins or ends, so that a late answer about it is ignored. */
  #generation = 0;

  constructor(host: GapGuardHost) {
    this.#host = host;
  }

  /** A consumer begins. `isWhole`: its filter matches everything in the stream. */
  begin(isWhole: boolean): void {
    this.end();
    this.#isWhole = isWhole;
    // Between the creation of a consumer and its first pull nobody delivers, even at the head.
    this.#backlog = true;
  }

  /** Nobody delivers for a moment: what comes next may have left something out, even at the head. */
  unsure(): void {
    if (this.#asking) this.#hold(UNSURE);
    else this.#backlog = true;
  }

  /** The consumer is gone: its successor reads again what is held here. */
  end(): void {
    this.#generation++;
    this.#drop();
    this.#asking = false;
    this.#askedBytes = 0;
  }

  /** How many events wait for an answer. */
  get held(): number {
    return this.#held.length;
  }

  /** Bytes of all that is held back: these events, and those that the question is about. */
  get heldBytes(): number {
    return this.#heldBytes + this.#askedBytes;
  }

  offer(event: ReadEvent): void {
    if (this.#asking) this.#hold(event);
    else if (this.#isJump(event)) this.#ask([event]);
    else this.#pass(event);
  }

  #hold(event: Held): void {
    this.#held.push(event);
    this.#heldBytes += bytesOf(event);
  }

  #drop(): Held[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  #isJump(event: Held): boolean {
    return event.kind !== "unsure" && (this.#isWhole || this.#backlog) && leavesOut(event, this.#host.position);
  }

  #pass(event: Held): void {
    this.#backlog = event.kind === "unsure" || (event.kind === "message" && event.pending > 0);
    if (event.kind !== "unsure") this.#host.pass(event);
  }

  #ask(events: Held[]): void {
    this.#asking = true;
    this.#askedBytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
    const generation = this.#generation;
    this.#host.floor().then(
      (floor) => {
        if (generation !== this.#generation) return;
        this.#asking = false;
        this.#askedBytes = 0;
        const overtaken = floor > this.#host.position + 1;
        if (overtaken) this.#host.overtaken(floor);
        for (const event of events) if (event.position >= floor || !overtaken) this.#pass(event);
        this.#release();
        if (!this.#asking) this.#host.released();
      },
      // The next consumer begins after what was passed.
      () => {
        if (generation === this.#generation) this.#host.doubt("no answer about a jump");
      },
    );
  }

  /** What came while asking may hold a jump that the answer does not cover. */
  #release(): void {
    const held = this.#drop();
    for (const [i, event] of held.entries()) {
      if (this.#isJump(event)) return this.#ask(held.slice(i));
      this.#pass(event);
    }
  }
}

function bytesOf(event: Held): number {
  return event.kind === "message" ? event.payload.byteLength + (event.headers?.byteLength ?? 0) : 0;
}

/** True when `event` passes seqs after `lastSeq` in silence. A heartbeat says that nothing is left up to its position, its own seq included. */
export function leavesOut(event: ReadEvent, lastSeq: number): boolean {
  return event.kind === "message" ? event.position > lastSeq + 1 : event.position > lastSeq;
}
