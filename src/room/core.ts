/**
 * One room: joins, events, heartbeats, and what must be written down when the upstream goes. It decides nothing
 * by itself that `join-decision`, `fanout`, `upstream-machine` and `replays` do not decide; it owns the timers.
 */
import type { Config } from "../config/config.ts";
import type { CloseName } from "../protocol/codes.ts";
import type { Frame } from "../protocol/frames.ts";
import { delay, Timer } from "../shared/timer.ts";
import { UpstreamError } from "../upstream/jetstream-api.ts";
import type { Head } from "../upstream/stream-info.ts";
import { Arrivals } from "./join/pending.ts";
import type { UnreadAccount } from "./delivery/unread.ts";
import { Fanout, type FanoutOptions } from "./delivery/fanout.ts";
import { Feed } from "../upstream/feed.ts";
import type { FeedHost } from "../upstream/feed-ports.ts";
import { decide, type Admission, type StartRequest } from "./join/decision.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { CatchUpLoop } from "./replay/catch-up-loop.ts";
import { HeartbeatTimer } from "./heartbeat.ts";
import { LiveReader } from "./live/live-reader.ts";
import { ReplayQueue } from "./replay/queue.ts";
import type { Session } from "./delivery/session.ts";

export interface CoreHost {
  readonly fanout: Omit<FanoutOptions, "onGone" | "onPoison">;
  onGone(session: Session, close: CloseName | null): void;
  /** Writes down what a sleeping room needs: the memory, and every socket's attachment. */
  persist(memory: Checkpoint): void;
  /** Called with every heartbeat. */
  onBeat(): void;
  /** Nobody is here any more, and the upstream is closed. */
  onEmpty(): void;
}

const COLLECT_MS = 250;
/** An empty room keeps its upstream this long, so that a reload costs nothing (U4 allows 5 s). */
const LINGER_MS = 2_500;
const MAX_IDLE_HEARTBEAT_MS = 5_000;

export class Core implements FeedHost {
  readonly subject: string;
  readonly #host: CoreHost;
  readonly #feed: Feed | null;
  readonly #replays: ReplayQueue;
  readonly #arrivals = new Arrivals();
  readonly #catchUpLoop: CatchUpLoop;
  readonly #reading: LiveReader;
  readonly #heartbeatTimer: HeartbeatTimer;
  readonly #lingerTimer = new Timer();

  constructor(subject: string, config: Config, host: CoreHost) {
    this.subject = subject;
    this.#host = host;
    const firstSeq = (): Promise<number> => this.#ask().then((head) => head.firstSeq);
    this.#reading = new LiveReader(subject, config, {
      newFanout: (cursor, epoch) => this.#newFanout(cursor, epoch),
      onFlushed: () => this.#catchUpLoop.wake(),
      firstSeq,
      doubt: (why) => this.#feed?.doubt(why),
      readOn: () => this.#feed?.readOn(),
      startRequests: () => this.#arrivals.startRequests,
    });
    const idleHeartbeatMs = Math.min(config.heartbeatMs / 4, MAX_IDLE_HEARTBEAT_MS);
    const { nats, stream } = config;
    this.#feed = nats && new Feed({ nats, stream, filter: subject, idleHeartbeatMs }, this.#reading, this);
    this.#heartbeatTimer = new HeartbeatTimer(config.heartbeatMs, (nowMs) => this.#beat(nowMs));
    this.#replays = new ReplayQueue({
      stream: config.stream,
      filter: subject,
      maxReplays: config.maxReplays,
      link: () => this.#feed?.link ?? null,
      firstSeq,
      onDropped: (...dropped) => this.#reading.drop(...dropped),
      wake: () => this.#catchUpLoop.wake(0),
    });
    this.#catchUpLoop = new CatchUpLoop(
      () => this.#reading.fanout,
      this.#replays,
      () => this.#persistIfShut(),
    );
  }

  get clients(): number {
    return (this.#reading.fanout?.sessions.size ?? 0) + this.#arrivals.count;
  }

  /** What lies unread, once there has been anybody to send to (B1). */
  get backlog(): UnreadAccount | null {
    return this.#reading.fanout?.backlog ?? null;
  }

  /** True when nobody is here and nothing is open. */
  get isIdle(): boolean {
    return this.clients === 0 && (this.#feed === null || this.#feed.state === "idle");
  }

  restore(memory: Checkpoint, sessions: readonly Session[]): void {
    const fanout = this.#reading.resumeFrom(memory);
    for (const session of sessions) fanout.restore(session);
    this.#feed?.wake();
  }

  /**
   * Waits until it is known where the client starts, then calls `enter` in that same turn. Never rejects;
   * resolves within 10 s (W11).
   */
  async join(request: StartRequest, enter: (admission: Admission) => void): Promise<void> {
    const moment = this.#feed?.streamInfo.now() ?? 0;
    const answer = (isLate: boolean): Admission | null => this.#admission(request, moment, isLate);
    const ask = (): Promise<unknown> | null => {
      this.#feed?.want();
      return this.#feed?.link ? this.#ask(moment) : null;
    };
    await this.#arrivals.wait(request, { answer, ask }, enter);
    this.#onMaybeEmpty();
  }

  #admission(request: StartRequest, moment: number, isLate: boolean): Admission | null {
    const room = this.#reading.view();
    const head = this.#feed?.state === "open" ? this.#feed.streamInfo.since(moment) : null;
    const decision = decide(request, room, head !== null && head.epoch === room?.epoch ? head : null);
    if (decision.kind !== "ask") return decision;
    if (this.#feed === null) return { kind: "refuse", close: "noBroker" };
    if (this.#feed.refusedSince(moment)) return { kind: "refuse", close: "subscribeFailed" };
    return isLate ? { kind: "refuse", close: "upstreamUnavailable" } : null;
  }

  /** Adds an admitted session. Call from `enter`. */
  enter(session: Session, welcome: (epoch: string) => Frame | null): void {
    const fanout = this.#reading.fanout;
    if (fanout === null) return;
    const now = Date.now();
    const frame = welcome(fanout.epoch);
    if (frame !== null) fanout.greet(session, frame, now);
    if (fanout.join(session, now) !== "live") this.#catchUpLoop.wake(0);
    this.#feed?.want();
    this.#keepHeartbeat();
    this.#persistIfShut();
  }

  /** The client's socket has closed, or is closed here by `name`. */
  leave(session: Session, name: CloseName | null): void {
    if (name === null) this.#reading.fanout?.leave(session);
    else this.#reading.fanout?.close(session, name);
  }

  /** For the alarm that backs the heartbeats. */
  tick(): void {
    this.#heartbeatTimer.tick();
    this.#keepHeartbeat();
  }

  #beat(nowMs: number): void {
    const fanout = this.#reading.fanout;
    if (fanout === null || fanout.sessions.size === 0) return this.#onMaybeEmpty();
    this.#feed?.want();
    this.#feed?.tick();
    const open = this.#feed?.state === "open";
    fanout.heartbeat(this.#reading.position, open ? "connected" : "reconnecting", nowMs);
    if (open) void this.#watch(fanout);
    this.#host.onBeat();
    this.#persistIfShut();
    this.#catchUpLoop.wake(0);
    this.#keepHeartbeat();
  }

  /** Watches the stream's identity, its last seq and its floor (W6, JS-5). */
  async #watch(fanout: Fanout): Promise<void> {
    const head = await this.#ask().catch(() => null);
    if (head !== null) this.#replays.expire(fanout, head.firstSeq);
  }

  /** A shared STREAM.INFO; what it says about the room itself is acted on here. Throws UpstreamError. */
  async #ask(moment?: number): Promise<Head> {
    const feed = this.#feed;
    if (feed === null) throw new UpstreamError("unavailable", "no broker configured");
    const position = this.#reading.position;
    const link = feed.link;
    const head = await feed.ask(moment);
    const reset = head.epoch !== this.#reading.fanout?.epoch || head.lastSeq < position;
    if (reset && link !== null && feed.link === link) feed.doubt("the stream was reset");
    return head;
  }

  hasWaiters(): boolean {
    return this.#arrivals.count > 0;
  }

  async collect(): Promise<void> {
    const cold = this.#reading.fanout === null || this.#reading.fanout.sessions.size === 0;
    if (cold && this.#arrivals.startRequests.some((request) => request.since !== null)) await delay(COLLECT_MS);
  }

  onReady(): void {
    this.#reading.confirm();
    this.#arrivals.notify();
    this.#keepHeartbeat();
    this.#catchUpLoop.wake(0);
  }

  onLost(): void {
    this.#reading.fanout?.flush(Date.now());
    this.#replays.stop();
    this.#persist();
    this.#arrivals.notify();
  }

  onFailed(): void {
    this.#persist();
    this.#keepHeartbeat();
    this.#arrivals.notify();
  }

  #keepHeartbeat(): void {
    this.#heartbeatTimer.keep(this.#feed?.isAwake === true && (this.#reading.fanout?.sessions.size ?? 0) > 0);
  }

  #onMaybeEmpty(): void {
    if (this.clients > 0 || this.#lingerTimer.isArmed || this.#feed?.state === "idle") return;
    this.#lingerTimer.arm(LINGER_MS, () => {
      if (this.clients > 0) return;
      this.#feed?.unwant();
      this.#replays.stop();
      this.#heartbeatTimer.keep(false);
      this.#host.onEmpty();
    });
  }

  #newFanout(cursor: number, epoch: string): Fanout {
    return new Fanout(cursor, epoch, {
      ...this.#host.fanout,
      onPaused: () => this.#catchUpLoop.wake(1),
      onPoison: ({ seq }) => this.#reading.drop(seq, "failed", this.subject),
      onGone: (session, close) => {
        this.#host.onGone(session, close);
        this.#onMaybeEmpty();
      },
    });
  }

  /** Only a room without upstream can sleep, so only then is anything written (DO-2, DO-31). */
  #persistIfShut(): void {
    if (this.#feed?.state !== "open") this.#persist();
  }

  #persist(): void {
    const memory = this.#reading.memory();
    if (memory !== null) this.#host.persist(memory);
  }
}
