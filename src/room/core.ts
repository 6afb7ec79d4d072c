/**
 * One room: joins, events, heartbeats, and what must be written down when the upstream goes. It decides nothing by
 * itself that `join/decision`, `delivery/fanout`, `upstream/feed-machine` and `replay/queue` do not decide.
 */
import type { Config } from "../config/config.ts";
import type { CloseName } from "../protocol/codes.ts";
import type { Frame } from "../protocol/frames.ts";
import { Feed } from "../upstream/feed.ts";
import type { FeedHost } from "../upstream/feed-ports.ts";
import { UpstreamError } from "../upstream/jetstream-api.ts";
import { isSameHistory, type Head } from "../upstream/stream-info.ts";
import type { Checkpoint } from "./live/checkpoint.ts";
import { Fanout } from "./delivery/fanout.ts";
import { ackBytesOf } from "./delivery/flow-control.ts";
import type { Session } from "./delivery/session.ts";
import type { CoreHost, CorePorts } from "./core-ports.ts";
import { Costs } from "./costs.ts";
import { DrainWatch } from "./drain-watch.ts";
import { HeartbeatTimer } from "./heartbeat.ts";
import { Linger } from "./linger.ts";
import { decide, type Admission, type StartRequest } from "./join/decision.ts";
import { PendingJoins, type PendingJoin } from "./join/pending.ts";
import { LiveReader } from "./live/live-reader.ts";
import { CatchUpLoop } from "./replay/catch-up-loop.ts";
import { ReplayQueue } from "./replay/queue.ts";
import { Endings, factsOf, type CoreFacts } from "./status.ts";

const COLLECT_MS = 250;
const MAX_IDLE_HEARTBEAT_MS = 5_000;

export class Core implements FeedHost {
  readonly subject: string;
  readonly #config: Config;
  readonly #ports: CorePorts;
  readonly #host: CoreHost;
  readonly costs: Costs;
  readonly endings = new Endings();
  /** Null without NATS_URL. */
  readonly feed: Feed | null;
  readonly #replays: ReplayQueue;
  readonly #pending: PendingJoins;
  readonly #catchUpLoop: CatchUpLoop;
  readonly #reader: LiveReader;
  readonly #heartbeatTimer: HeartbeatTimer;
  readonly #linger: Linger;
  readonly #drainWatch: DrainWatch;

  constructor(subject: string, config: Config, ports: CorePorts, host: CoreHost) {
    const { runtime, isolate } = ports;
    this.subject = subject;
    this.#config = config;
    this.#ports = ports;
    this.#host = host;
    this.#pending = new PendingJoins(runtime);
    this.costs = new Costs(runtime, isolate, ports.id, () => this.feed?.readOn());
    this.#linger = new Linger(runtime, () => this.#closeUpstream());
    this.#drainWatch = new DrainWatch(runtime, () => this.#lookAtUndrained());
    this.#reader = new LiveReader(runtime, subject, config, {
      newFanout: (cursor, epoch) => this.#newFanout(cursor, epoch),
      onFlushed: (work) => (this.costs.spent(work, this.clients), this.#catchUpLoop.wake()),
      head: () => this.#ask(),
      doubt: (why) => this.feed?.doubt(why),
      readOn: () => this.feed?.readOn(),
      startRequests: () => this.#pending.requests,
    });
    const idleHeartbeatMs = Math.min(config.heartbeatMs / 4, MAX_IDLE_HEARTBEAT_MS);
    const { nats, stream } = config;
    this.feed = nats && new Feed(ports, { nats, stream, filter: subject, idleHeartbeatMs }, this.#reader, this);
    this.#heartbeatTimer = new HeartbeatTimer(runtime, config.heartbeatMs, (nowMs) => this.#beat(nowMs));
    this.#replays = new ReplayQueue({
      ...ports,
      stream,
      filter: subject,
      maxReplays: config.maxReplays,
      connection: () => this.feed?.connection ?? null,
      onLeft: (name) => this.feed?.onLeft(name),
      head: () => this.#ask(),
      lastHead: () => this.feed?.streamInfo.heard(Infinity) ?? null,
      onDropped: (...dropped) => this.#reader.drop(...dropped),
      wake: () => this.#catchUpLoop.wake(0),
    });
    const fanout = (): Fanout | null => this.#reader.fanout;
    this.#catchUpLoop = new CatchUpLoop(runtime, fanout, this.#replays, () => this.#persistIfShut());
  }

  get clients(): number {
    return (this.#reader.fanout?.sessions.size ?? 0) + this.#pending.count;
  }

  /** Who is here and what was sent, once there has been anybody to send to. */
  get fanout(): Fanout | null {
    return this.#reader.fanout;
  }

  /** True when nobody is here and nothing is open. */
  get isIdle(): boolean {
    return this.clients === 0 && (this.feed === null || this.feed.state === "idle");
  }

  /** What is known of the room (O4). */
  facts(): CoreFacts {
    return factsOf({
      feed: this.feed,
      reader: this.#reader,
      headMs: 2 * this.#config.heartbeatMs,
      endings: this.endings,
    });
  }

  restore(checkpoint: Checkpoint, sessions: readonly Session[]): void {
    const fanout = this.#reader.resumeFrom(checkpoint);
    for (const session of sessions) fanout.restore(session);
    this.feed?.wake();
  }

  /** A client arrives: its answer comes within 10 s (W11). Call `enter`, or `closeIfEmpty`, in the turn that has it. */
  arrive(request: StartRequest): PendingJoin {
    const moment = this.feed?.streamInfo.now() ?? 0;
    return this.#pending.add(request, {
      admission: (isLate) => this.#admission(request, moment, isLate),
      ask: () => {
        this.feed?.want();
        return this.feed?.connection ? this.#ask(moment) : null;
      },
    });
  }

  #admission(request: StartRequest, moment: number, isLate: boolean): Admission | null {
    const room = this.#reader.settle();
    const head = this.feed?.state === "open" ? this.feed.streamInfo.since(moment) : null;
    const decision = decide(request, room, head !== null && head.epoch === room?.epoch ? head : null);
    if (decision.kind !== "ask") return decision;
    if (this.feed === null) return { kind: "refuse", close: "noBroker" };
    if (this.feed.refusedSince(moment)) return { kind: "refuse", close: "subscribeFailed" };
    return isLate ? { kind: "refuse", close: "upstreamUnavailable" } : null;
  }

  /** Adds an admitted session. */
  enter(session: Session, welcome: (epoch: string) => Frame | null): void {
    const fanout = this.#reader.fanout;
    if (fanout === null) return;
    const nowMs = this.#ports.runtime.nowMs();
    const frame = welcome(fanout.epoch);
    if (frame !== null) fanout.greet(session, frame, nowMs);
    if (fanout.join(session, nowMs) !== "live") this.#catchUpLoop.wake(0);
    this.feed?.want();
    this.#keepHeartbeat();
    this.#persistIfShut();
  }

  /** The client's socket has closed, or is closed here by `name`. */
  leave(session: Session, name: CloseName | null): void {
    if (name === null) this.#reader.fanout?.leave(session);
    else this.#reader.fanout?.close(session, name);
  }

  /** For the alarm that backs the heartbeats. */
  tick(): void {
    this.#heartbeatTimer.tick();
    this.#keepHeartbeat();
  }

  #beat(nowMs: number): void {
    const fanout = this.#reader.fanout;
    if (fanout === null || fanout.sessions.size === 0) return this.closeIfEmpty();
    const isOpen = this.#keepUpstream();
    fanout.heartbeat(this.#reader.position, isOpen ? "connected" : "reconnecting", nowMs);
    if (isOpen) void this.#watchStream(fanout);
    this.#host.onBeat();
    this.#persistIfShut();
    this.#catchUpLoop.wake(0);
    this.#keepHeartbeat();
  }

  /** Retries what is due, and hurries nothing. Returns whether the upstream is open. */
  #keepUpstream(): boolean {
    if (this.feed?.state === "idle") this.feed.want();
    this.feed?.tick();
    return this.feed?.state === "open";
  }

  /** Watches the stream's identity, its last seq, its floor and its holes (W6, W19, JS-5). */
  async #watchStream(fanout: Fanout): Promise<void> {
    const head = await this.#ask().catch(() => null);
    if (head === null) return;
    this.#reader.forgetRemoved(head);
    this.#replays.expire(fanout, head.floor);
    this.feed?.watch(head);
  }

  /** A shared STREAM.INFO; what it says about the room itself is acted on here. Throws UpstreamError. */
  async #ask(moment?: number): Promise<Head> {
    const feed = this.feed;
    if (feed === null) throw new UpstreamError("not-configured", "no broker configured");
    const { position } = this.#reader;
    const { connection } = feed;
    const head = await feed.ask(moment);
    const known = { epoch: this.#reader.fanout?.epoch ?? "", position };
    const isCurrent = connection !== null && feed.connection === connection;
    if (isCurrent && !isSameHistory(known, head)) feed.doubt("the stream was reset");
    else if (isCurrent) this.#reader.observe(head);
    return head;
  }

  hasWaiters(): boolean {
    return this.#pending.count > 0;
  }

  async collect(): Promise<void> {
    const cold = this.#reader.fanout === null || this.#reader.fanout.sessions.size === 0;
    if (cold && this.#pending.requests.some(({ since }) => since !== null)) await this.#ports.runtime.delay(COLLECT_MS);
  }

  onReady(): void {
    this.#reader.confirm();
    this.#pending.notify();
    this.#keepHeartbeat();
    this.#catchUpLoop.wake(0);
  }

  onLost(): void {
    this.#reader.fanout?.flush(this.#ports.runtime.nowMs());
    this.#replays.stop();
    this.#persist();
    this.#pending.notify();
  }

  onFailed(): void {
    this.#persist();
    this.#keepHeartbeat();
    this.#pending.notify();
  }

  #keepHeartbeat(): void {
    const isAwake = this.feed?.isAwake === true;
    this.#ports.runtime.keepAwake(isAwake);
    this.#heartbeatTimer.keep(isAwake && (this.#reader.fanout?.sessions.size ?? 0) > 0);
  }

  /** Closes the upstream of a room that stays empty for a while (U4). */
  closeIfEmpty(): void {
    if (this.clients === 0 && this.feed?.state !== "idle") this.#linger.start();
  }

  #closeUpstream(): void {
    if (this.clients > 0) return;
    this.feed?.unwant();
    this.#reader.idle();
    this.#replays.stop();
    this.#ports.runtime.keepAwake(false);
    this.#heartbeatTimer.keep(false);
    this.#host.onEmpty();
  }

  #lookAtUndrained(): boolean {
    const { fanout } = this.#reader;
    if (fanout === null || fanout.unread.undrained === 0) return false;
    const nowMs = this.#ports.runtime.nowMs();
    fanout.shed(nowMs);
    if (!fanout.unread.mustEnd(nowMs)) return true;
    fanout.unread.endAmongClients(nowMs);
    this.#host.onStuck();
    return false;
  }

  #newFanout(cursor: number, epoch: string): Fanout {
    return new Fanout(cursor, epoch, {
      ...this.#config,
      isolate: this.#ports.isolate,
      id: this.#ports.id,
      ackBytes: ackBytesOf(this.#config),
      pingAtMs: (session) => this.#host.pingAtMs(session),
      wallMs: () => this.#ports.runtime.wallMs(),
      upstream: () => (this.feed?.state === "open" ? "connected" : "reconnecting"),
      onPaused: () => this.#catchUpLoop.wake(1),
      onPoison: ({ seq }) => this.#reader.drop(seq, "failed", this.subject),
      onGone: (session, close) => {
        this.endings.count(close);
        this.#host.onGone(session, close);
        if (close !== null) this.#drainWatch.start();
        this.closeIfEmpty();
      },
    });
  }

  /** Only a room without upstream can sleep, so only then is anything written (DO-2, DO-31). */
  #persistIfShut(): void {
    if (this.feed?.state !== "open") this.#persist();
  }

  #persist(): void {
    const checkpoint = this.#reader.checkpoint();
    if (checkpoint !== null) this.#host.persist(checkpoint);
  }
}
