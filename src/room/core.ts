/**
 * One room: joins, events, heartbeats, and what must be written down when the upstream goes. It decides nothing
 * by itself that `join-decision`, `fanout`, `upstream-machine` and `replays` do not decide; it owns the timers.
 */
import type { Config, NatsSettings } from "../config.ts";
import type { CloseName } from "../protocol/codes.ts";
import type { LostCursor } from "../protocol/frames.ts";
import { logEvent } from "../shared/log.ts";
import { UpstreamError } from "../upstream/api.ts";
import type { ConsumerEvent } from "../upstream/consumer.ts";
import { toEnvelope } from "../upstream/envelope.ts";
import type { Head } from "../upstream/heads.ts";
import { Fanout, type FanoutOptions } from "./fanout.ts";
import { Feed, type FeedHost } from "./feed.ts";
import { coldStart, decide, type Wish } from "./join-decision.ts";
import type { Memory } from "./memory.ts";
import { Replays } from "./replays.ts";
import type { Session } from "./session.ts";

export interface CoreHost {
  readonly fanout: Omit<FanoutOptions, "onGone">;
  onGone(session: Session, close: CloseName | null): void;
  /** Writes down what a sleeping room needs: the memory, and every socket's attachment. */
  persist(memory: Memory): void;
  /** Called with every heartbeat while the upstream is open (U5). */
  onTick(): void;
  /** Nobody is here any more, and the upstream is closed. */
  onEmpty(): void;
}

export type Admission =
  | { readonly kind: "admit"; readonly cursor: number; readonly live: boolean; readonly fromOldest: boolean }
  | { readonly kind: "lost"; readonly why: LostCursor; readonly oldestSeq: number }
  | { readonly kind: "refuse"; readonly close: CloseName };

const JOIN_TIMEOUT_MS = 10_000;
const COLLECT_MS = 250;
/** An empty room keeps its upstream this long, so that a reload costs nothing (U4 allows 5 s). */
const LINGER_MS = 2_500;
const PACED_MS = 25;
const MAX_IDLE_HEARTBEAT_MS = 5_000;

export class Core implements FeedHost {
  readonly subject: string;
  readonly #config: Config;
  readonly #host: CoreHost;
  readonly #feed: Feed | null;
  readonly #replays: Replays;
  readonly #waiting = new Set<Wish>();
  #fanout: Fanout | null = null;
  /** How far everything that matches has been read; at least R. */
  #position = 0;
  #dropped = 0;
  #refusedAt = 0;
  #lastFlushMs = 0;
  #lastTickMs = 0;
  #flushTimer: ReturnType<typeof setTimeout> | null = null;
  #flushQueued = false;
  #paceTimer: ReturnType<typeof setTimeout> | null = null;
  #tickTimer: ReturnType<typeof setTimeout> | null = null;
  #lingerTimer: ReturnType<typeof setTimeout> | null = null;
  #changed: (() => void)[] = [];

  constructor(subject: string, config: Config, host: CoreHost) {
    this.subject = subject;
    this.#config = config;
    this.#host = host;
    this.#feed = config.nats === null ? null : this.#newFeed(config.nats);
    this.#replays = new Replays({
      stream: config.stream,
      filter: subject,
      maxReplays: config.maxReplays,
      link: () => this.#feed?.link ?? null,
      firstSeq: async () => (await this.#ask()).firstSeq,
      onDropped: (seq, why) => this.#drop(seq, why),
      wake: () => this.#pace(0),
    });
  }

  #newFeed(nats: NatsSettings): Feed {
    const idleHeartbeatMs = Math.min(this.#config.heartbeatMs / 4, MAX_IDLE_HEARTBEAT_MS);
    return new Feed({ nats, stream: this.#config.stream, filter: this.subject, idleHeartbeatMs }, this);
  }

  get clients(): number {
    return (this.#fanout?.sessions.size ?? 0) + this.#waiting.size;
  }

  /** True when nobody is here and nothing is open. */
  get isIdle(): boolean {
    return this.clients === 0 && (this.#feed === null || this.#feed.state === "idle");
  }

  /** Goes on after hibernation with the sessions whose sockets survived. */
  restore(memory: Memory, sessions: readonly Session[]): void {
    this.#fanout = this.#newFanout(memory.cursor, memory.epoch);
    this.#position = memory.position;
    for (const session of sessions) this.#fanout.restore(session);
  }

  /**
   * Waits until it is known where the client starts, then calls `enter` in that same turn. Never throws;
   * resolves within 10 s (W11).
   */
  async join(wish: Wish, enter: (admission: Admission) => void): Promise<void> {
    const feed = this.#feed;
    const deadlineMs = Date.now() + JOIN_TIMEOUT_MS;
    const moment = feed?.heads.now() ?? 0;
    this.#waiting.add(wish);
    for (;;) {
      const admission = this.#admission(wish, moment, deadlineMs);
      if (admission !== null) {
        this.#waiting.delete(wish);
        enter(admission);
        this.#onMaybeEmpty();
        return;
      }
      feed?.want();
      const asked = feed?.link ? this.#ask() : this.#whenChanged();
      await Promise.race([asked.catch(() => {}), timeout(deadlineMs - Date.now())]);
    }
  }

  #admission(wish: Wish, moment: number, deadlineMs: number): Admission | null {
    const now = Date.now();
    const fanout = this.#fanout;
    fanout?.flush(now);
    const room = fanout && { cursor: fanout.cursor, windowFrom: fanout.window.from, epoch: fanout.epoch };
    const head = this.#feed?.state === "open" ? this.#feed.heads.since(moment) : null;
    const decision = decide(wish, room, head !== null && head.epoch === room?.epoch ? head : null);
    if (decision.kind !== "ask") return decision;
    if (this.#feed === null) return { kind: "refuse", close: "noBroker" };
    if (this.#refusedAt > moment) return { kind: "refuse", close: "subscribeFailed" };
    return now >= deadlineMs ? { kind: "refuse", close: "upstreamUnavailable" } : null;
  }

  /** Adds an admitted session. Call from `enter`. */
  enter(session: Session, welcome: (epoch: string) => string | null): void {
    const fanout = this.#fanout;
    if (fanout === null) return;
    const now = Date.now();
    const text = welcome(fanout.epoch);
    if (text !== null) fanout.greet(session, text, now);
    if (fanout.join(session, now) !== "live") this.#pace(0);
    this.#feed?.want();
    this.#armTick();
    if (this.#feed?.state !== "open") this.#persist();
  }

  leave(session: Session): void {
    this.#fanout?.leave(session);
  }

  close(session: Session, name: CloseName): void {
    this.#fanout?.close(session, name);
  }

  /** The heartbeat of the room: from its timer, and from the alarm that backs it. */
  tick(): void {
    const now = Date.now();
    const fanout = this.#fanout;
    if (now - this.#lastTickMs < this.#config.heartbeatMs / 2) return this.#armTick();
    this.#lastTickMs = now;
    if (fanout !== null && fanout.sessions.size > 0) {
      this.#feed?.want();
      this.#feed?.tick();
      const open = this.#feed?.state === "open";
      fanout.heartbeat(this.#position, open ? "connected" : "reconnecting", now);
      if (open) {
        this.#host.onTick();
        void this.#watch(fanout);
      } else this.#persist();
      this.#pace(0);
    }
    this.#onMaybeEmpty();
    this.#armTick();
  }

  /** Watches the stream's identity, its last seq and its floor (W6, PLATFORM L5). */
  async #watch(fanout: Fanout): Promise<void> {
    const head = await this.#ask().catch(() => null);
    if (head !== null) this.#replays.expire(fanout, head.firstSeq);
  }

  /** A shared STREAM.INFO; what it says about the room itself is acted on here. Throws UpstreamError. */
  async #ask(): Promise<Head> {
    const feed = this.#feed;
    const link = feed?.link ?? null;
    if (feed === null || link === null) throw new UpstreamError("unavailable", "no connection");
    const position = this.#position;
    try {
      const head = await feed.heads.ask(link);
      if (feed.link === link && (head.epoch !== this.#fanout?.epoch || head.lastSeq < position)) feed.doubt("the stream was reset");
      return head;
    } catch (error) {
      if (error instanceof UpstreamError && error.verdict === "refused") this.#refusedAt = feed.heads.now();
      else if (feed.link === link) feed.doubt("no answer to STREAM.INFO");
      throw error;
    }
  }

  // What the feed asks and tells.

  pressing(): boolean {
    return this.#waiting.size > 0;
  }

  async collect(): Promise<void> {
    const cold = this.#fanout === null || this.#fanout.sessions.size === 0;
    if (cold && [...this.#waiting].some((wish) => wish.since !== null)) await timeout(COLLECT_MS);
  }

  startAt(head: Head): number {
    const { windowBytes } = this.#config;
    const fresh = coldStart([...this.#waiting], head, windowBytes);
    const fanout = (this.#fanout ??= this.#newFanout(fresh, head.epoch));
    fanout.flush(Date.now());
    if (head.epoch !== fanout.epoch || head.lastSeq < this.#position) {
      logEvent("stream-reset", { subject: this.subject, clients: fanout.sessions.size });
      fanout.lose("stream-reset", head.firstSeq, Infinity, this.#position);
    } else if (fanout.sessions.size > 0 || this.#isNear(fanout, head)) {
      return this.#position;
    }
    fanout.restart(fresh, head.epoch);
    this.#position = fresh;
    return fresh;
  }

  /** An empty room's window is worth keeping while what came since would still fit it. */
  #isNear(fanout: Fanout, head: Head): boolean {
    const averageBytes = head.messages > 0 ? head.bytes / head.messages : 0;
    return fanout.window.size > 0 && (head.lastSeq - this.#position) * averageBytes <= this.#config.windowBytes;
  }

  onOpened(opened: { asked: number; start: number; head: Head; atHead: boolean }): void {
    const fanout = this.#fanout as Fanout;
    if (opened.start > opened.asked) {
      logEvent("retention-passed", { subject: this.subject, cursor: opened.asked, oldest: opened.start + 1 });
      fanout.flush(Date.now());
      fanout.lose("retention-exhausted", Math.max(opened.head.firstSeq, opened.start + 1), opened.start, this.#position);
      fanout.restart(opened.start, fanout.epoch);
      this.#position = opened.start;
    }
    fanout.setAtHead(opened.atHead, Date.now());
  }

  onReady(): void {
    this.#notify();
    this.#armTick();
    this.#pace(0);
  }

  onEvent(event: Extract<ConsumerEvent, { kind: "message" | "position" }>): void {
    const fanout = this.#fanout as Fanout;
    if (event.kind === "position") {
      this.#position = Math.max(this.#position, this.#feed?.position ?? 0);
      fanout.setAtHead(true, Date.now());
      return;
    }
    this.#position = event.seq;
    const made = toEnvelope(event.seq, event.payload, event.headers);
    if (made.ok) fanout.receive(made.envelope);
    else this.#drop(event.seq, made.why);
    if (event.pending === 0) fanout.setAtHead(true, Date.now());
    if (fanout.hasPending) this.#scheduleFlush();
  }

  onLost(): void {
    this.#fanout?.flush(Date.now());
    this.#replays.stop();
    this.#persist();
    this.#notify();
  }

  onFailed(error: UpstreamError): void {
    if (error.verdict === "refused") this.#refusedAt = this.#feed?.heads.now() ?? 0;
    this.#persist();
    this.#notify();
  }

  // Timers: each exists only while there is something to do, so that an idle room can sleep.

  /** Batches what arrives together, and waits only when the last batch is younger than BATCH_MS (V7). */
  #scheduleFlush(): void {
    if (this.#flushQueued || this.#flushTimer !== null) return;
    const waitMs = this.#lastFlushMs + this.#config.batchMs - Date.now();
    if (waitMs > 0) {
      this.#flushTimer = setTimeout(() => this.#flush(), waitMs);
      return;
    }
    this.#flushQueued = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushQueued = false;
    this.#flushTimer = null;
    this.#lastFlushMs = Date.now();
    this.#fanout?.flush(this.#lastFlushMs);
    if ((this.#fanout?.own.size ?? 0) > 0) this.#pace(PACED_MS);
  }

  /** Serves who is not live, and comes back as long as somebody can be served. */
  #pace(afterMs: number): void {
    if (this.#paceTimer !== null || (this.#fanout?.own.size ?? 0) === 0) return;
    this.#paceTimer = setTimeout(() => {
      this.#paceTimer = null;
      this.#runOwn();
    }, afterMs);
  }

  #runOwn(): void {
    const fanout = this.#fanout;
    if (fanout === null) return;
    const now = Date.now();
    fanout.flush(now);
    let next: number | null = null;
    for (const session of [...fanout.own]) {
      const served = fanout.serve(session, now);
      if (served === "more") next = 0;
      else if (served === "paused") next ??= PACED_MS;
      else if (served === "needs-replay") this.#replays.want(session, now);
    }
    if (this.#replays.run(fanout, now)) next ??= PACED_MS;
    if (this.#feed?.state !== "open") this.#persist();
    if (next !== null) this.#pace(next);
  }

  /** While the upstream is there, or is being tried, a timer drives the heartbeats; otherwise the alarm alone does (W8). */
  #armTick(): void {
    const awake = this.#feed?.state === "open" || this.#feed?.state === "opening" || this.#feed?.isTimed === true;
    if (this.#tickTimer !== null) clearTimeout(this.#tickTimer);
    this.#tickTimer = null;
    if (!awake || (this.#fanout?.sessions.size ?? 0) === 0) return;
    this.#lastTickMs ||= Date.now();
    const afterMs = Math.max(0, this.#lastTickMs + this.#config.heartbeatMs - Date.now());
    this.#tickTimer = setTimeout(() => {
      this.#tickTimer = null;
      this.tick();
    }, afterMs);
  }

  #onMaybeEmpty(): void {
    if (this.clients > 0 || this.#lingerTimer !== null || this.#feed?.state === "idle") return;
    this.#lingerTimer = setTimeout(() => {
      this.#lingerTimer = null;
      if (this.clients > 0) return;
      this.#feed?.unwant();
      this.#replays.stop();
      if (this.#tickTimer !== null) clearTimeout(this.#tickTimer);
      this.#tickTimer = null;
      this.#host.onEmpty();
    }, LINGER_MS);
  }

  #newFanout(cursor: number, epoch: string): Fanout {
    return new Fanout(cursor, epoch, {
      ...this.#host.fanout,
      onGone: (session, close) => {
        this.#host.onGone(session, close);
        this.#onMaybeEmpty();
      },
    });
  }

  #persist(): void {
    const fanout = this.#fanout;
    if (fanout === null || fanout.sessions.size === 0) return;
    this.#host.persist({ subject: this.subject, cursor: fanout.cursor, position: this.#position, epoch: fanout.epoch });
  }

  #drop(seq: number, why: string): void {
    this.#dropped++;
    logEvent("event-dropped", { subject: this.subject, seq, why, dropped: this.#dropped });
  }

  #whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
