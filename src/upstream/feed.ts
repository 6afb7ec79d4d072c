/**
 * Runs the upstream machine of one room: connection, one live consumer, retries. The room is told what was read
 * and where a consumer really began; what that means for clients is the room's business.
 */
import { backoffMs } from "../shared/backoff.ts";
import type { Runtime, Timer } from "../shared/runtime.ts";
import type { BrokerConnection } from "./connection.ts";
import { isAnswer, UpstreamError } from "./jetstream-api.ts";
import { Consumer, HEARTBEATS_MISSED, type ConsumerEvent } from "./consumer.ts";
import { isSameHistory, StreamInfoCache, type Head } from "./stream-info.ts";
import { FeedLog } from "./feed-log.ts";
import type { FeedHost, FeedOptions, FeedPorts, FeedReader } from "./feed-ports.ts";
import { lookFor } from "./landmarks.ts";
import { Leftovers } from "./leftovers.ts";
import { PullBudget } from "./pull-budget.ts";
import { unservedReason } from "./stream-shape.ts";
import { stepUpstream, type Upstream, type UpstreamEvent } from "./feed-machine.ts";
import { Stall } from "./stall.ts";
import { ConnectionAttempts, type ConnectionAttempt } from "./connection-attempts.ts";

/** A broker that is behind what was read is asked again after this, and then ever later. */
const BEHIND_RETRY_MS = 250;
const BEHIND_RETRY_CAP_MS = 1_000;

export class Feed {
  readonly streamInfo: StreamInfoCache;
  readonly #runtime: Runtime;
  readonly #options: FeedOptions;
  readonly #reader: FeedReader;
  readonly #host: FeedHost;
  readonly log: FeedLog;
  #state: Upstream = { kind: "idle" };
  #connection: BrokerConnection | null = null;
  #consumer: Consumer | null = null;
  readonly #attempts: ConnectionAttempts;
  readonly #stall = new Stall();
  /** The try that makes a consumer over the connection. */
  #chosen: ConnectionAttempt | null = null;
  /** Rises with every choice and closing, so that a late answer of an older one changes nothing. */
  #generation = 0;
  #refusedAt = 0;
  readonly #leftovers: Leftovers;
  readonly #retryTimer: Timer;
  readonly #budget = new PullBudget();

  constructor(ports: FeedPorts, options: FeedOptions, reader: FeedReader, host: FeedHost) {
    const { runtime } = ports;
    this.#runtime = runtime;
    this.#attempts = new ConnectionAttempts(ports, options, () => this.#connection);
    this.#retryTimer = runtime.timer();
    this.#options = options;
    this.#reader = reader;
    this.#host = host;
    this.log = new FeedLog(runtime, options);
    this.#leftovers = new Leftovers(options.stream);
    this.streamInfo = new StreamInfoCache(options.stream, runtime);
  }

  get state(): Upstream["kind"] {
    return this.#state.kind;
  }

  /** The connection, while it may be used for requests. */
  get connection(): BrokerConnection | null {
    return this.#state.kind === "open" ? this.#connection : null;
  }

  /** True while it is open, opening, or waiting, always on a timer: the room cannot sleep. */
  get isAwake(): boolean {
    return this.#state.kind === "open" || this.#state.kind === "opening" || this.#retryTimer.isArmed;
  }

  /** True when the broker has refused something since `moment` (W11). */
  refusedSince(moment: number): boolean {
    return this.#refusedAt > moment;
  }

  /**
   * A shared STREAM.INFO, over the connection of the moment, be the consumer open or just opening. With `moment` one that
   * was asked after it will do, and others who come soon may share it. No answer is a lost connection. Throws
   * UpstreamError.
   */
  async ask(moment?: number): Promise<Head> {
    const restMs = moment === undefined ? 0 : this.streamInfo.restMs();
    if (restMs > 0) await this.#runtime.delay(restMs);
    const connection = this.#connection;
    if (connection === null) throw new UpstreamError("unreachable", "no connection");
    try {
      return await this.streamInfo.ask(connection, moment);
    } catch (error) {
      if (error instanceof UpstreamError && error.verdict === "refused") {
        this.#refusedAt = this.streamInfo.now();
        this.log.refused(error);
      }
      if (!isAnswer(error) && this.#connection === connection) this.#lost("no answer to STREAM.INFO", false);
      throw error;
    }
  }

  /** The room woke, and its upstream was gone when it fell asleep. */
  wake(): void {
    this.#step({ kind: "woke" });
  }

  want(): void {
    this.#step({ kind: "wanted" });
  }

  unwant(): void {
    this.#step({ kind: "unwanted" });
  }

  /** For timers and alarms: retries what is due. */
  tick(): void {
    this.#step({ kind: "due" });
  }

  /** Replaces the consumer: what it reads can no longer be trusted. */
  doubt(why: string): void {
    if (this.#state.kind === "open") this.#lost(why, this.#connection !== null);
    // While opening, #open notices that its consumer is gone.
    else void this.#dropConsumer();
  }

  /** With each heartbeat's STREAM.INFO: a consumer that stands still, as one that was paused, is replaced (P12). */
  watch({ lastSeq }: Head): void {
    const consumer = this.#state.kind === "open" ? this.#consumer : null;
    if (consumer !== null && this.#stall.isStanding(consumer.position, lastSeq, this.#runtime.nowMs()))
      this.doubt("the consumer stands still");
  }

  /** Asks for more, now that the reader can take it. */
  readOn(): void {
    const consumer = this.#consumer;
    if (consumer?.isLow && this.#reader.wantsMore) consumer.pull(this.#host.costs.allowance(consumer.outstanding));
  }

  #step(event: UpstreamEvent): void {
    const { state, effects } = stepUpstream(this.#state, event, this.#runtime.nowMs(), this.#runtime.random());
    this.#state = state;
    this.log.record.entered(state.kind, this.#runtime.wallMs());
    for (const effect of effects) {
      this.#retryTimer.clear();
      if (effect.kind === "open") void this.#open();
      else if (effect.kind === "close") this.#close();
      else if (effect.afterMs !== null) this.#retryTimer.arm(effect.afterMs, () => this.tick());
    }
  }

  /** Deletes the consumer before the connection goes, or the broker would keep it for a minute (U1, U4). */
  #close(): void {
    this.log.closed();
    this.#attempts.endAll();
    this.#use(null, null);
  }

  /** What was used before is given up. */
  #use(connection: BrokerConnection | null, chosen: ConnectionAttempt | null): number {
    const before = this.#connection;
    if (this.#chosen !== null && this.#chosen !== chosen) this.#attempts.end(this.#chosen);
    this.#chosen = chosen;
    this.#connection = connection;
    const stopped = this.#dropConsumer();
    if (before !== null && before !== connection) void stopped.then(() => before.close());
    return ++this.#generation;
  }

  #dropConsumer(): Promise<void> {
    const consumer = this.#consumer;
    this.#consumer = null;
    this.#reader.end();
    return consumer?.stop() ?? Promise.resolve();
  }

  /** The field is cleared first, so the close callback is ignored. */
  #dropConnection(): void {
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
  }

  #lost(why: string, connected: boolean): void {
    if (this.#state.kind !== "open") return;
    this.#generation++;
    this.log.lost(why);
    this.#host.onLost();
    void this.#dropConsumer();
    if (!connected) this.#dropConnection();
    this.#step({ kind: "lost", connected, hasWaiters: this.#host.hasWaiters() });
  }

  /** A try: others may be under way. The first that gets a consumer ends them all. */
  async #open(): Promise<void> {
    const attempt = this.#attempts.begin();
    try {
      const [generation] = await Promise.all([this.#connect(attempt), this.#host.collect()]);
      if (generation === null) return this.#ended(attempt);
      await this.#subscribe(generation);
      if (generation !== this.#generation) return;
      if (this.#consumer === null) throw new UpstreamError("timeout", "the consumer was lost at once");
      this.#chosen = null;
      this.#attempts.endAll();
      this.#step({ kind: "opened" });
      this.#host.onReady();
    } catch (thrown) {
      const error = thrown instanceof UpstreamError ? thrown : new UpstreamError("timeout", String(thrown));
      if (attempt.signal.aborted) return this.#pushedOut(attempt, error);
      if (this.#chosen === attempt) this.#use(error.verdict === "unavailable" ? null : this.#connection, null);
      this.log.failed(this.#state.kind === "opening" ? this.#state.attempt : 0, error);
      if (error.verdict === "refused") this.#refusedAt = this.streamInfo.now();
      this.#ended(attempt);
      this.#host.onFailed();
    }
  }

  /** A broker that never answers would else leave no line in the log: every try makes room for a newer one. */
  #pushedOut({ isPushedOut }: ConnectionAttempt, error: UpstreamError): void {
    if (isPushedOut && this.#state.kind === "opening") this.log.failed(this.#state.attempt, error);
  }

  #ended(attempt: ConnectionAttempt): void {
    this.#attempts.end(attempt);
    if (this.#attempts.count === 0) this.#step({ kind: "failed", hasWaiters: this.#host.hasWaiters() });
  }

  /** Chooses this try, over a connection of its own or the one at hand; null when it is not needed. */
  async #connect(attempt: ConnectionAttempt): Promise<number | null> {
    if (this.#connection !== null && this.#chosen === null) return this.#use(this.#connection, attempt);
    const connection = await this.#attempts.connect(attempt, (closed, why) => {
      if (closed === null || this.#connection !== closed) return;
      this.#connection = null;
      this.#lost(why, false);
    });
    if (connection === null) return null;
    if (attempt.signal.aborted) return (connection.close(), null);
    this.streamInfo.forget();
    return this.#use(connection, attempt);
  }

  /** Creates the live consumer where the room left off, and proves that the stream did not change meanwhile. */
  async #subscribe(generation: number): Promise<void> {
    for (let behind = 0; ; behind++) {
      if (this.#connection === null) throw new UpstreamError("unreachable", "the connection went away");
      const connection = this.#connection;
      const { stream, filter, idleHeartbeatMs } = this.#options;
      const before = await this.streamInfo.ask(connection);
      if (generation !== this.#generation) return;
      const unserved = unservedReason(before.shape);
      if (unserved !== null) throw new UpstreamError("stream-unsupported", unserved);
      const seen = await lookFor(this.#reader.landmarks(before), { connection, stream }, (why) =>
        this.log.unverified(why),
      );
      if (generation !== this.#generation) return;
      const asked = this.#reader.startAt(before, seen);
      if (asked === null) {
        await this.#runtime.delay(backoffMs(behind, BEHIND_RETRY_MS, BEHIND_RETRY_CAP_MS, this.#runtime.random()));
        continue;
      }
      await this.#leftovers.delete(connection);
      if (generation !== this.#generation) return;
      const { onLeft } = this;
      const budget = this.#budget;
      const startSeq = asked + 1;
      const { consumer, start, pending } = await Consumer.create(
        { runtime: this.#runtime, connection, stream, filter, startSeq, idleHeartbeatMs, budget, onLeft },
        (event) => this.#receive(consumer, event),
      );
      const head = await this.streamInfo.ask(connection).catch((error: unknown) => {
        void consumer.stop();
        throw error;
      });
      if (generation !== this.#generation) return void consumer.stop();
      if (!isSameHistory({ epoch: before.epoch, position: before.lastSeq }, head)) {
        await consumer.stop();
        throw new UpstreamError("no-leader", "the stream changed while its consumer was made");
      }
      this.#consumer = consumer;
      this.#reader.begin({ start: start - 1, head, atHead: pending === 0 });
      await consumer.pullChecked(this.#host.costs.firstAllowance);
      if (consumer === this.#consumer) this.log.opened(start - 1, head.lastSeq);
      return;
    }
  }

  /** As `NewConsumer.onLeft`, for the room's other consumers too. */
  readonly onLeft = (name: string): void => this.#leftovers.add(name);

  #receive(consumer: Consumer, event: ConsumerEvent): void {
    if (consumer !== this.#consumer) return;
    if (event.kind === "doubt") {
      if (this.#state.kind === "open")
        return this.#lost(event.why, event.why !== HEARTBEATS_MISSED && this.#connection !== null);
      void this.#dropConsumer();
      return;
    }
    if (event.kind === "ended") {
      if (event.unattended) this.#reader.paused();
    } else {
      if (this.#state.kind === "open" && this.#state.attempt > 0) this.#step({ kind: "progress" });
      this.#reader.read(event);
      if (event.kind === "message" && event.endsPull) this.#reader.paused();
    }
    this.readOn();
  }
}
