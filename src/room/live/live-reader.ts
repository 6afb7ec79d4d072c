/**
 * What the room has read: its position in the stream, and the fan-out that what is read goes to. Here it is
 * decided where each new consumer starts, and who has lost something when it could not start there (W5, W6).
 */
import type { Config } from "../../config/config.ts";
import { FRAME_MAX_BYTES } from "../../protocol/frames.ts";
import { isSubsetOf } from "../../protocol/subject.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { openMessage, type DropReason } from "../../upstream/envelope.ts";
import { History } from "../../upstream/history.ts";
import type { Landmark } from "../../upstream/jetstream-api.ts";
import type { Head } from "../../upstream/stream-info.ts";
import type { Seen } from "../../upstream/landmarks.ts";
import { lossFloor, tellsOfDeletions } from "../../upstream/stream-shape.ts";
import { Batcher } from "./batcher.ts";
import type { Fanout } from "../delivery/fanout.ts";
import type { FeedReader, Opened, ReadEvent } from "../../upstream/feed-ports.ts";
import { GapGuard } from "../../upstream/gap-guard.ts";
import type { RoomView, StartRequest } from "../join/decision.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { decideStart } from "./start-decision.ts";

export interface LiveReaderHost {
  newFanout(cursor: number, epoch: string): Fanout;
  /** A batch was sent; so much was read for it, in events. */
  onFlushed(work: number): void;
  /** The stream's head, asked from now on. */
  head(): Promise<Head>;
  doubt(why: string): void;
  /** More may be asked for again. */
  readOn(): void;
  /** Who waits to join (B3). */
  startRequests(): readonly StartRequest[];
}

/** Events held back for an answer of the broker before nothing more is asked for: so many, or so many bytes (P20). */
const MAX_HELD = 512;
const MAX_HELD_BYTES = 1024 * 1024;

/**
 * A stream shorter than what was read may belong to a leader that has yet to apply what its cluster agreed on. Joiners
 * wait for 10 s at most, so it is less.
 */
const PATIENCE_MS = 8_000;

/** As much work as an event of no size. */
const EVENT_BYTES = 4_096;

/** Dropped payloads that are remembered, so that a replay that meets one again does not count it again. */
const MAX_DROPPED_SEQS = 1_024;

export class LiveReader implements FeedReader {
  readonly #runtime: Runtime;
  readonly #subject: string;
  readonly #windowBytes: number;
  readonly #host: LiveReaderHost;
  readonly #batcher: Batcher;
  readonly #guard: GapGuard;
  #fanout: Fanout | null = null;
  #position = 0;
  readonly #history = new History();
  /** Messages that were removed from between others, when the window was empty or they were last counted (W19). */
  #deleted: number | null = null;
  /** The same count when the consumer began. */
  #deletedAtBegin = Infinity;
  #proven = false;
  #behindSinceMs: number | null = null;
  #dropped = 0;
  /** What was read since the last flush, in events: large ones count for more. */
  #work = 0;
  readonly #droppedSeqs = new Set<number>();

  constructor(runtime: Runtime, subject: string, config: Config, host: LiveReaderHost) {
    this.#runtime = runtime;
    this.#subject = subject;
    this.#windowBytes = config.windowBytes;
    this.#host = host;
    this.#batcher = new Batcher(runtime, config.batchMs, (nowMs) => {
      this.#fanout?.flush(nowMs);
      host.onFlushed(this.#work);
      this.#work = 0;
    });
    const position = (): number => this.#position;
    this.#guard = new GapGuard({
      get position() {
        return position();
      },
      floor: async () => this.#trusted(await host.head()),
      pass: (event) => this.#take(event),
      doubt: (why) => host.doubt(why),
      released: () => host.readOn(),
      overtaken: (floor) => {
        if (this.#fanout !== null) this.#overtaken(this.#fanout, floor, floor - 1);
      },
    });
  }

  /** Null while the room is cold: it has not chosen a place in the stream yet. */
  get fanout(): Fanout | null {
    return this.#fanout;
  }

  /** How far everything that matches has been read; at least R. */
  get position(): number {
    return this.#position;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Goes on where a sleeping room left off. */
  resumeFrom({ cursor, position, epoch, ...kept }: Checkpoint): Fanout {
    this.#position = position;
    this.#history.resume(kept);
    this.#proven = true;
    return (this.#fanout = this.#host.newFanout(cursor, epoch));
  }

  /** Sends what waits, and says what a joiner may rely on then; null until a consumer has proven the place of the room. */
  settle(): RoomView | null {
    const fanout = this.#fanout;
    if (fanout === null || !this.#proven) return null;
    const { cursor, atHead } = fanout.settled(this.#runtime.nowMs());
    return { cursor, atHead, windowFrom: fanout.window.from, epoch: fanout.epoch };
  }

  /** Sends what waits, and says what must be written down then; null when nobody is here to need it. */
  checkpoint(): Checkpoint | null {
    const fanout = this.#fanout;
    if (fanout === null || fanout.sessions.size === 0) return null;
    const { cursor } = fanout.settled(this.#runtime.nowMs());
    const position = this.#position;
    return { subject: this.#subject, cursor, position, epoch: fanout.epoch, ...this.#history.kept(position) };
  }

  /** Nobody is here, and nothing is read: until the stream was asked again, what is remembered proves nothing (W19). */
  idle(): void {
    this.#proven = false;
  }

  /** The stream was asked while it was read: notes what it is known by (W6). */
  observe(head: Head): void {
    const fanout = this.#fanout;
    if (fanout === null || head.epoch !== fanout.epoch) return;
    if (!this.#history.observe(head, this.#position)) this.#foundOther();
  }

  /** Called with every heartbeat: what the stream no longer holds is given to nobody any more (W19). */
  forgetRemoved({ deleted, epoch, firstSeq, shape }: Head): void {
    const fanout = this.#fanout;
    if (fanout === null || epoch !== fanout.epoch) return;
    const isTold = tellsOfDeletions(shape) && this.#deleted !== null && deleted > this.#deleted;
    this.#deleted = deleted;
    fanout.forget(isTold ? Infinity : firstSeq, this.#runtime.nowMs());
  }

  #foundOther(): void {
    this.#history.foundOther();
    this.#host.doubt("the stream has another history");
  }

  /** What the stream says of events above the position, with what was read below it (W5, W18). */
  #floor(head: Head): number {
    return lossFloor(head, this.#history.lastTime, this.#runtime.wallMs());
  }

  /**
   * As #floor. Throws where messages were removed since the consumer began: 2.9 moves every consumer to the end then,
   * whatever it reads (JS-26), so a jump may have passed over what is there. The next consumer is sent that.
   */
  #trusted(head: Head): number {
    if (tellsOfDeletions(head.shape) && head.deleted > this.#deletedAtBegin) throw new Error("messages were removed");
    return this.#floor(head);
  }

  landmarks(head: Head): readonly Landmark[] {
    return this.#history.landmarks(head, this.#position);
  }

  /**
   * The cursor after which the next consumer starts; null to ask again. Tells everybody whose stream is no more (W6).
   * A stream that was restored and has grown since looks like this one, but for what it holds: so one of the messages it
   * is known by was looked for, and what was read after them is read again (P8).
   */
  startAt(head: Head, seen: Seen): number | null {
    if (seen === "other") this.#history.foundOther();
    const fanout = this.#fanout;
    fanout?.flush(this.#runtime.nowMs());
    const progress = fanout && {
      epoch: fanout.epoch,
      position: this.#position,
      clients: fanout.sessions.size,
      windowSize: fanout.window.size,
      isPatient: this.#behindSinceMs === null || this.#runtime.nowMs() - this.#behindSinceMs < PATIENCE_MS,
      isOther: this.#history.isOther,
    };
    const decision = decideStart(progress, head, this.#host.startRequests(), this.#windowBytes);
    if (decision.kind === "wait") {
      if (this.#behindSinceMs === null)
        this.#runtime.log("upstream-behind", { subject: this.#subject, position: this.#position, last: head.lastSeq });
      this.#behindSinceMs ??= this.#runtime.nowMs();
      return null;
    }
    this.#behindSinceMs = null;
    this.#history.foundSame();
    const { kind, cursor } = decision;
    if (kind === "continue") return this.#history.readAgainFrom(head, seen, cursor);
    if (kind === "reset" && fanout !== null) {
      this.#runtime.log("stream-reset", { subject: this.#subject, clients: fanout.sessions.size });
      fanout.lose("stream-reset", head.firstSeq, Infinity, this.#position, this.#runtime.nowMs());
    }
    if (fanout === null) this.#fanout = this.#host.newFanout(cursor, head.epoch);
    else fanout.restart(cursor, head.epoch);
    this.#position = cursor;
    this.#history.begin(head, cursor);
    this.#deleted = head.deleted;
    this.#proven = false;
    return cursor;
  }

  /** A consumer began to read. Tells everybody whose next event was removed before (W5). */
  begin({ start, head, atHead }: Opened): void {
    const fanout = this.#fanout;
    if (fanout === null) return;
    this.#deletedAtBegin = head.deleted;
    if (start > this.#position && this.#floor(head) > this.#position + 1)
      this.#overtaken(fanout, Math.max(head.firstSeq, start + 1), start);
    else this.forgetRemoved(head);
    const isWhole = head.subjects?.every((subject) => isSubsetOf(subject, this.#subject)) ?? false;
    this.#guard.begin(isWhole);
    fanout.setAtHead(atHead, this.#runtime.nowMs());
  }

  /** The broker has taken the first pull: the place is good. */
  confirm(): void {
    this.#proven = true;
  }

  /** Retention has removed events before they were read: everybody who needed them is told (W5). */
  #overtaken(fanout: Fanout, firstSeq: number, cursor: number): void {
    this.#runtime.log("retention-passed", { subject: this.#subject, position: this.#position, oldest: firstSeq });
    fanout.flush(this.#runtime.nowMs());
    fanout.lose("retention-exhausted", firstSeq, cursor, this.#position, this.#runtime.nowMs());
    fanout.restart(cursor, fanout.epoch);
    this.#position = cursor;
  }

  paused(): void {
    this.#guard.unsure();
  }

  end(): void {
    this.#guard.end();
  }

  get wantsMore(): boolean {
    return this.#guard.held < MAX_HELD && this.#guard.heldBytes < MAX_HELD_BYTES;
  }

  /** Takes what the consumer read. */
  read(event: ReadEvent): void {
    if (event.kind === "message" && event.position <= this.#position) this.#compare(event);
    else this.#guard.offer(event);
  }

  /** What was read before comes again: the last of it, or the stream has another history. */
  #compare({ position, time, pending }: Extract<ReadEvent, { kind: "message" }>): void {
    if (!this.#history.isLast({ seq: position, time })) this.#foundOther();
    else if (pending === 0) this.#fanout?.setAtHead(true, this.#runtime.nowMs());
  }

  #take(event: ReadEvent): void {
    const fanout = this.#fanout;
    if (fanout === null) return;
    this.#position = Math.max(this.#position, event.position);
    if (event.kind === "position") return fanout.setAtHead(true, this.#runtime.nowMs());
    this.#history.read({ seq: event.position, time: event.time });
    this.#work += 1 + event.payload.length / EVENT_BYTES;
    const why = openMessage(event, (envelope) => fanout.receive(envelope));
    if (why !== null) this.drop(event.position, why, event.subject);
    if (event.pending === 0) fanout.setAtHead(true, this.#runtime.nowMs());
    if (fanout.pendingBytes > 0) this.#batcher.schedule(fanout.pendingBytes >= FRAME_MAX_BYTES);
  }

  /** A message no client can be given (W7, W17): the log names where it is, and not what it says. */
  drop(seq: number, why: DropReason, subject: string): void {
    if (this.#droppedSeqs.has(seq)) return;
    if (this.#droppedSeqs.size >= MAX_DROPPED_SEQS) this.#droppedSeqs.clear();
    this.#droppedSeqs.add(seq);
    this.#dropped++;
    this.#runtime.log("event-dropped", { subject, seq, reason: why, dropped: this.#dropped });
  }
}
