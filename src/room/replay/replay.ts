/**
 * One bounded, paced replay: a consumer of its own that reads what the window no longer holds, for the sessions
 * that share it (U1, B1). It is a small room: members above its position wait until it reaches them. While they are
 * served what one pull brought, the next is under way.
 *
 *   pulling ──pull over──▶ checking ──nothing was removed──▶ serving ──all members served──▶ pulling
 *                             │ next event was removed (W5)      │ nobody left, or the window covers all
 *                             ▼                                  ▼
 *                          members lost                        stopped
 */
import type { Envelope } from "../../protocol/frames.ts";
import { openMessage, type DropReason } from "../../upstream/envelope.ts";
import { lossFloor, tellsOfDeletions } from "../../upstream/stream-shape.ts";
import type { Head } from "../../upstream/stream-info.ts";
import type { Consumer, ConsumerEvent } from "../../upstream/consumer.ts";
import type { Runtime } from "../../shared/runtime.ts";
import type { Isolate } from "../isolate/isolate.ts";
import type { Fanout } from "../delivery/fanout.ts";
import { lookAgainMs } from "../delivery/flow-control.ts";
import { leavesOut } from "../../upstream/gap-guard.ts";
import type { Session } from "../delivery/session.ts";
import { Turn } from "./turn.ts";

const BATCH = 256;
/** Beside live clients, and others who may hear something at any time: the thread is not busy with it for longer than two or three milliseconds. */
const SMALL_BATCH = 64;
/** With more than this to serve, nothing is pulled ahead: a room's replays share the isolate's memory. */
const AHEAD_BYTES = 256 * 1024;
/** A member that cannot keep up with the others is let go after this long, to a replay of its own. */
const LAGGARD_MS = 2_000;

export type ReplayState = "pulling" | "checking" | "serving" | "stopped";

export interface ReplayHost {
  readonly runtime: Runtime;
  readonly isolate: Isolate;
  /** The stream's head, asked from now on. */
  head(): Promise<Head>;
  onDropped(seq: number, why: DropReason, subject: string): void;
  /** The replay can make progress or has stopped: run it soon. */
  wake(): void;
}

export class Replay {
  readonly members = new Set<Session>();
  readonly #credential: string;
  readonly #fanout: Fanout;
  readonly #host: ReplayHost;
  #consumer: Consumer | null = null;
  #state: ReplayState = "pulling";
  #arriving: Envelope[] = [];
  /** The pull has brought what it could. */
  #isOver = false;
  /** First position of this pull after which a seq is missing: retention may have removed it (JS-6). */
  #jumpAfter: number | null = null;
  /** When the stream took the last message before the jump; null when this replay read none. */
  #jumpTime: string | null = null;
  #lastTime: string | null = null;
  /** The broker had more to send, and says no more of it. */
  #isPassedOver = false;
  /** The stream's count of deleted messages before the consumer was made; null when it is not known. */
  readonly #deletedBefore: number | null;
  #lastSeq: number;
  /** What was checked and is being served: everything that matches in (base, readyTo]. */
  #ready: readonly Envelope[] = [];
  #readyTo: number;
  #base: number;
  /** Not served before this, for the sake of who is live. */
  #turnAtMs = 0;
  #servingSinceMs = 0;
  #takenAtMs = 0;
  #brokeOff = false;
  readonly #turn = new Turn();

  /** Starts above `base`, for somebody with this credential. `deletedBefore`: what the stream said last of its deletions. */
  constructor(base: number, credential: string, fanout: Fanout, host: ReplayHost, deletedBefore: number | null) {
    this.#base = base;
    this.#credential = credential;
    this.#lastSeq = base;
    this.#readyTo = base;
    this.#fanout = fanout;
    this.#host = host;
    this.#deletedBefore = deletedBefore;
  }

  get state(): ReplayState {
    return this.#state;
  }

  /** Nobody here has taken anything for a while: others have more use for its place (W13). */
  isStuck(nowMs: number): boolean {
    return this.#state === "serving" && this.#takenAtMs > 0 && nowMs - this.#takenAtMs > LAGGARD_MS;
  }

  /** It had its place for long enough, if somebody waits for one. */
  isTurnOver(nowMs: number, termMs?: number): boolean {
    return this.#turn.isOver(nowMs, termMs);
  }

  /** A member above what was read is not served yet: it waits, as those in the queue do. */
  isBelow({ phase }: Session): boolean {
    return phase.kind === "lagging" && phase.readTo > this.#readyTo;
  }

  get base(): number {
    return this.#base;
  }

  begin(consumer: Consumer): void {
    if (this.#state === "stopped") return void consumer.stop();
    this.#consumer = consumer;
    this.#pull();
  }

  /** True when it ended before its members were served. */
  get brokeOff(): boolean {
    return this.#brokeOff;
  }

  stop(brokeOff = false): void {
    if (this.#state === "stopped") return;
    this.#brokeOff = brokeOff;
    this.#state = "stopped";
    void this.#consumer?.stop();
    this.#consumer = null;
    this.members.clear();
    this.#host.wake();
  }

  /** Feeds what the consumer says. */
  receive(event: ConsumerEvent): void {
    if (this.#state === "stopped") return;
    if (event.kind === "doubt") return this.#breakOff();
    if (event.kind !== "ended") {
      if (leavesOut(event, this.#lastSeq)) this.#jump();
      this.#lastSeq = Math.max(this.#lastSeq, event.position);
    }
    if (event.kind === "position" && event.passed > 0) this.#isPassedOver = true;
    if (event.kind === "message") {
      this.#lastTime = event.time;
      const why = openMessage(event, (envelope) => this.#arriving.push(envelope));
      if (why !== null) this.#host.onDropped(event.position, why, event.subject);
    }
    this.#isOver ||= event.kind !== "message" || event.pending === 0 || this.#consumer?.outstanding === 0;
    if (this.#isOver && this.#state === "pulling") this.#check();
  }

  /**
   * The consumer is gone. What it brought is whole, and is served: where a broker forgets to say that a pull is over, the
   * next replay would read the same again, for ever.
   */
  #breakOff(): void {
    if (this.#state !== "pulling" || this.#lastSeq === this.#readyTo) return this.stop(true);
    this.#consumer = null;
    this.#check();
  }

  #jump(): void {
    if (this.#jumpAfter !== null) return;
    this.#jumpAfter = this.#lastSeq;
    this.#jumpTime = this.#lastTime;
  }

  /** One pull at a time. */
  #pull(): void {
    const { isolate, runtime } = this.#host;
    const batch = this.#isBesideOthers || isolate.throttle.isBusy(runtime.nowMs()) ? SMALL_BATCH : BATCH;
    if (this.#consumer?.outstanding === 0) this.#consumer.pull(batch);
  }

  /** Clients of another credential share the isolate. */
  get #isBesideOthers(): boolean {
    return this.#host.isolate.presence.hasOthers(this.#credential, this.#host.runtime.nowMs());
  }

  /** Takes what came. A filter skips seqs, and so does retention: only the stream's floor tells them apart. */
  #check(): void {
    const jump = this.#jumpAfter;
    this.#ready = this.#arriving;
    this.#readyTo = this.#lastSeq;
    this.#arriving = [];
    this.#jumpAfter = null;
    this.#isOver = false;
    if (jump === null) return this.#serve();
    this.#state = "checking";
    const lastRead = this.#jumpTime;
    this.#host.head().then(
      (head) => {
        if (this.#state !== "checking") return;
        const { firstSeq } = head;
        if (lossFloor(head, lastRead, this.#host.runtime.wallMs()) <= jump + 1)
          return this.#mayHavePassed(head) ? this.stop(true) : this.#serve();
        for (const member of this.members) {
          const phase = member.phase;
          if (phase.kind !== "lagging" || phase.readTo >= firstSeq - 1) continue;
          if (member.fromOldest) this.#fanout.skipTo(member, firstSeq - 1, this.#host.runtime.nowMs());
          else this.#fanout.tellLost(member, "retention-exhausted", firstSeq);
        }
        this.stop();
      },
      () => this.stop(true),
    );
  }

  /** 2.9 moves every consumer to the end when a subject is purged, whatever it reads (JS-26). A new one is not moved. */
  #mayHavePassed({ deleted, shape }: Head): boolean {
    if (this.#isPassedOver) return true;
    return tellsOfDeletions(shape) && this.#deletedBefore !== null && deleted > this.#deletedBefore;
  }

  #serve(): void {
    this.#state = "serving";
    this.#servingSinceMs = 0;
    this.#takenAtMs = 0;
    const readyBytes = this.#ready.reduce((sum, { bytes }) => sum + bytes, 0);
    const { length } = this.#ready;
    const nowMs = this.#host.runtime.nowMs();
    const { throttle } = this.#host.isolate;
    this.#turnAtMs = throttle.book(readyBytes, length, this.members.size, nowMs, this.#isBesideOthers);
    if (readyBytes <= AHEAD_BYTES) this.#pull();
    this.#host.wake();
  }

  /**
   * Sends members what is in the buffer, as far as each can take it. Returns after how many milliseconds to call again,
   * since somebody waits for a ping or it is not this replay's turn; Infinity when it wakes the host itself.
   */
  serve(nowMs: number): number {
    if (this.#state !== "serving") return Infinity;
    if (nowMs < this.#turnAtMs) return this.#turnAtMs - nowMs;
    this.#servingSinceMs ||= nowMs;
    this.#takenAtMs ||= nowMs;
    const lagging: Session[] = [];
    let takenBytes = 0;
    for (const member of [...this.members]) {
      const phase = member.phase;
      if (!this.#fanout.lagging.has(member) || phase.kind === "live" || phase.readTo >= this.#fanout.window.from) {
        this.members.delete(member);
        continue;
      }
      const before = phase.readTo;
      const { sentBytes } = member.flow;
      const outcome = this.#fanout.deliver(member, this.#ready, nowMs);
      takenBytes += member.flow.sentBytes - sentBytes;
      if (phase.readTo > before) this.#takenAtMs = nowMs;
      if (outcome === "gone") this.members.delete(member);
      else if (outcome === "paused") lagging.push(member);
      else phase.readTo = Math.max(phase.readTo, this.#readyTo);
      if (outcome === "more" && phase.readTo >= this.#fanout.window.from) this.members.delete(member);
    }
    this.#turn.serving(takenBytes, nowMs);
    if (this.members.size === 0) {
      this.stop();
      return Infinity;
    }
    if (lagging.length > 0) {
      const letGo = lagging.length < this.members.size && nowMs - this.#servingSinceMs > LAGGARD_MS;
      if (!letGo) return Math.min(...lagging.map((member) => lookAgainMs(member.flow, nowMs)));
      for (const member of lagging) this.members.delete(member);
    }
    this.#ready = [];
    this.#base = this.#readyTo;
    this.#state = "pulling";
    this.#turn.pulling();
    if (this.#consumer === null) this.stop(true);
    else if (this.#isOver) this.#check();
    else this.#pull();
    return Infinity;
  }
}
