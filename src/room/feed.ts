/**
 * Runs the upstream machine of one room: connection, one live consumer, retries. The room is told what was read
 * and where a consumer really began; what that means for clients is the room's business.
 */
import type { NatsSettings } from "../config.ts";
import { logEvent } from "../shared/log.ts";
import { UpstreamError } from "../upstream/api.ts";
import { Consumer, HEARTBEATS_MISSED, type ConsumerEvent } from "../upstream/consumer.ts";
import { Heads, type Head } from "../upstream/heads.ts";
import { openLink, type Link } from "../upstream/link.ts";
import { stepUpstream, type Upstream, type UpstreamEvent } from "./upstream-machine.ts";

export interface FeedOptions {
  readonly nats: NatsSettings;
  readonly stream: string;
  readonly filter: string;
  readonly idleHeartbeatMs: number;
}

export interface FeedHost {
  /** True while somebody waits for the upstream to open. */
  pressing(): boolean;
  /** Gives a cold room the time to collect joiners (B3). */
  collect(): Promise<void>;
  /** The cursor to read on from, after comparing the stream with what the room remembers (W6). */
  startAt(head: Head): number;
  /** A consumer exists and begins above `start`; `start` is what was asked for, or later (W5). */
  onOpened(opened: { asked: number; start: number; head: Head; atHead: boolean }): void;
  /** The first pull was accepted: joiners may be answered. */
  onReady(): void;
  onEvent(event: Extract<ConsumerEvent, { kind: "message" | "position" }>): void;
  /** The upstream is gone or in doubt: what must survive is written down now (PLATFORM A4). */
  onLost(): void;
  onFailed(error: UpstreamError): void;
}

const BATCH = 512;

export class Feed {
  readonly heads: Heads;
  readonly #options: FeedOptions;
  readonly #host: FeedHost;
  #state: Upstream = { kind: "idle" };
  #link: Link | null = null;
  #consumer: Consumer | null = null;
  /** Rises with every opening and closing, so that a late answer of an older one changes nothing. */
  #generation = 0;
  #retryTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: FeedOptions, host: FeedHost) {
    this.#options = options;
    this.#host = host;
    this.heads = new Heads(options.stream);
  }

  get state(): Upstream["kind"] {
    return this.#state.kind;
  }

  /** The connection, while it may be used for requests. */
  get link(): Link | null {
    return this.#state.kind === "open" ? this.#link : null;
  }

  /** True while a retry is timed: the room cannot sleep. */
  get isTimed(): boolean {
    return this.#retryTimer !== null;
  }

  /** How far everything that matches has surely been read; null without a consumer. */
  get position(): number | null {
    return this.#consumer?.position ?? null;
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

  /** Replaces the consumer: the stream is not what it was (PLATFORM L5). */
  doubt(why: string): void {
    this.#lost(why, this.#link !== null);
  }

  #step(event: UpstreamEvent): void {
    const { state, effects } = stepUpstream(this.#state, event, Date.now(), Math.random());
    this.#state = state;
    for (const effect of effects) {
      if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
      this.#retryTimer = null;
      if (effect.kind === "open") void this.#open(++this.#generation);
      else if (effect.kind === "close") this.#close();
      else if (effect.afterMs !== null) {
        this.#retryTimer = setTimeout(() => {
          this.#retryTimer = null;
          this.tick();
        }, effect.afterMs);
      }
    }
  }

  #close(): void {
    this.#generation++;
    this.#consumer?.stop();
    this.#consumer = null;
    this.#link?.close();
    this.#link = null;
  }

  #lost(why: string, linked: boolean): void {
    if (this.#state.kind !== "open") return;
    this.#generation++;
    logEvent("upstream-lost", { subject: this.#options.filter, why });
    this.#host.onLost();
    this.#consumer?.stop();
    this.#consumer = null;
    if (!linked) {
      this.#link?.close();
      this.#link = null;
    }
    this.#step({ kind: "lost", linked, pressing: this.#host.pressing() });
  }

  async #open(generation: number): Promise<void> {
    try {
      await Promise.all([this.#connect(generation), this.#host.collect()]);
      await this.#subscribe(generation);
      if (generation !== this.#generation) return;
      this.#step({ kind: "opened" });
      this.#host.onReady();
    } catch (thrown) {
      if (generation !== this.#generation) return;
      const error = thrown instanceof UpstreamError ? thrown : new UpstreamError("unavailable", String(thrown));
      this.#generation++;
      this.#consumer?.stop();
      this.#consumer = null;
      if (error.verdict === "unavailable") {
        this.#link?.close();
        this.#link = null;
      }
      const attempt = this.#state.kind === "opening" ? this.#state.attempt : 0;
      if (attempt === 0 || attempt === 5) logEvent("upstream-failed", { subject: this.#options.filter, attempt, why: error.message });
      this.#host.onFailed(error);
      this.#step({ kind: "failed", pressing: this.#host.pressing() });
    }
  }

  async #connect(generation: number): Promise<void> {
    if (this.#link !== null) return;
    const link = await openLink(this.#options.nats, `cellos-relay ${this.#options.filter}`, (why) => {
      if (this.#link !== link) return;
      this.#link = null;
      this.#lost(why, false);
    });
    if (generation !== this.#generation) return link.close();
    this.#link = link;
  }

  /** Creates the live consumer where the room left off, and proves that the stream did not change meanwhile. */
  async #subscribe(generation: number): Promise<void> {
    for (;;) {
      if (this.#link === null) throw new UpstreamError("unavailable", "the connection went away");
      const link = this.#link;
      const before = await this.heads.ask(link);
      if (generation !== this.#generation) return;
      const asked = this.#host.startAt(before);
      const { stream, filter, idleHeartbeatMs } = this.#options;
      const { consumer, start, pending } = await Consumer.create(link, { stream, filter, startSeq: asked + 1, idleHeartbeatMs }, (event) =>
        this.#receive(consumer, event),
      );
      const head = await this.heads.ask(link).catch((error: unknown) => {
        consumer.stop();
        throw error;
      });
      if (generation !== this.#generation) return consumer.stop();
      if (head.epoch !== before.epoch || head.lastSeq < before.lastSeq) {
        consumer.stop();
        continue;
      }
      this.#consumer = consumer;
      logEvent("upstream-open", { subject: filter, cursor: start - 1, last: head.lastSeq });
      this.#host.onOpened({ asked, start: start - 1, head, atHead: pending === 0 });
      return consumer.pullChecked(BATCH);
    }
  }

  #receive(consumer: Consumer, event: ConsumerEvent): void {
    if (consumer !== this.#consumer) return;
    if (event.kind === "doubt") {
      if (this.#state.kind === "open") return this.#lost(event.why, event.why !== HEARTBEATS_MISSED && this.#link !== null);
      return this.#link?.close();
    }
    if (consumer.outstanding <= BATCH / 2) consumer.pull(BATCH);
    if (event.kind === "ended") return;
    this.#step({ kind: "progress" });
    this.#host.onEvent(event);
  }
}
