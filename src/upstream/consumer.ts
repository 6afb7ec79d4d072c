/**
 * One ephemeral pull consumer over a connection: created with an explicit start, pulled by its owner, deleted when
 * done (U1). Turns NATS messages into `ConsumerEvent`s; `pull.ts` decides what they mean.
 */
import type { Runtime, Timer } from "../shared/runtime.ts";
import type { BrokerConnection, Delivery } from "./connection.ts";
import {
  consumerConfig,
  createSubject,
  deleteSubject,
  mayExist,
  parseCreated,
  pullRequest,
  pullSubject,
} from "./jetstream-api.ts";
import { frameOf, sizeOf } from "./frame.ts";
import { hedge } from "./hedge.ts";
import { pullStart, step, type PullState } from "./pull.ts";
import type { PullBudget } from "./pull-budget.ts";
import { grown, isRestTooLong, limitsIn, NO_LIMITS, pullBytes, pullTerms, type PullLimits } from "./pull-terms.ts";
import { Pulls, type Pull } from "./pulls.ts";
import { Watchdog } from "./watchdog.ts";

export type ConsumerEvent =
  | {
      readonly kind: "message";
      /** The message's own seq. */
      readonly position: number;
      /** When the stream took it (`pull.ts`). */
      readonly time: string;
      readonly pending: number;
      /** A pull is used up by it: if the broker had no other yet, nobody delivered for a moment. */
      readonly endsPull: boolean;
      /** The NATS subject it was published to. */
      readonly subject: string;
      /** Bytes that a producer chose: only the fence of `envelope.ts` looks into them (W17). */
      readonly payload: Uint8Array;
      readonly headers: Uint8Array | null;
    }
  /** Everything that matches up to `position` has been read, but for what the broker passed over (`pull.ts`). */
  | { readonly kind: "position"; readonly position: number; readonly passed: number }
  /** A pull is over. `unattended`: perhaps no pull was at the broker for a moment. */
  | { readonly kind: "ended"; readonly unattended: boolean }
  /** The consumer must be replaced at position + 1. Said once; nothing follows it. */
  | { readonly kind: "doubt"; readonly why: string };

export interface ConsumerOptions {
  readonly stream: string;
  readonly filter: string;
  /** First stream sequence wanted, 1 or more: 0 is an error to JetStream (JS-1). */
  readonly startSeq: number;
  readonly idleHeartbeatMs: number;
  /** How long a pull waits at the broker. */
  readonly pullExpiresMs?: number;
}

export interface NewConsumer extends ConsumerOptions {
  readonly runtime: Runtime;
  readonly connection: BrokerConnection;
  /** Shared by the consumers whose pulls together are bounded (P20). */
  readonly budget: PullBudget;
  /** Called with the name of a consumer whose deletion nobody confirmed. */
  readonly onLeft: (name: string) => void;
}

export type OnConsumerEvent = (event: ConsumerEvent) => void;

/** A busy broker counts the matches of a filter before it answers, message block by message block. */
const CREATE_TIMEOUT_MS = 20_000;
/**
 * Unanswered for so long, another consumer is asked for: a cluster gives one to a member that died half a minute ago
 * as readily as to any other, and then nobody answers.
 */
const CREATE_AGAIN_MS = [3_000, 9_000];
const DELETE_TIMEOUT_MS = 2_000;
/** The broker collects a consumer nobody pulled for this long. */
const INACTIVE_MS = 60_000;
/** What the live consumer asks for at a time. */
export const BATCH = 512;
const PULL_EXPIRES_MS = 30_000;
const FIRST_PULL = { expiresMs: 1_000, idleHeartbeatMs: 100 };
/**
 * A pull is taken for over this long before the broker ends it, so that the next is there already. Nothing waits for
 * the way of its 408, nor for one that never comes: 2.9 forgets it when a message arrives in that very moment.
 */
const OVERLAP_MS = 500;
/** A doubt about the connection itself, which may be half-open. */
export const HEARTBEATS_MISSED = "heartbeats missed";

interface Created {
  readonly consumer: Consumer;
  readonly start: number;
  readonly pending: number;
}

export class Consumer {
  readonly #runtime: Runtime;
  readonly #connection: BrokerConnection;
  readonly #options: ConsumerOptions;
  readonly #name: string;
  readonly #onEvent: OnConsumerEvent;
  readonly #onLeft: (name: string) => void;
  readonly #budget: PullBudget;
  #isStopped = false;
  #limits: PullLimits = NO_LIMITS;
  #state: PullState = pullStart(1, 0);
  readonly #pulls: Pulls;
  /** A pull that waits for the budget. */
  #queued: { readonly batch: number; readonly callOff: () => void } | null = null;
  /** Rises while the next message is larger than a pull: what the broker accepts today says nothing of what it took before. */
  #growth = 1;
  /** Of the messages since a pull ended. */
  #largestBytes = 0;
  /** The broker said last that it had nothing more. */
  #isIdle = false;
  readonly #expiry: Timer;
  readonly #watchdog: Watchdog;

  private constructor({ runtime, connection, onLeft, budget, ...options }: NewConsumer, onEvent: OnConsumerEvent) {
    this.#runtime = runtime;
    this.#budget = budget;
    this.#pulls = new Pulls((bytes) => budget.giveBack(bytes));
    this.#connection = connection;
    this.#options = options;
    this.#onEvent = onEvent;
    this.#onLeft = onLeft;
    this.#name = `relay-${runtime.newId()}`;
    this.#expiry = runtime.timer();
    const received = (): number => connection.receivedBytes;
    const { idleHeartbeatMs } = options;
    this.#watchdog = new Watchdog(runtime, idleHeartbeatMs, received, () => this.#doubt(HEARTBEATS_MISSED));
  }

  /**
   * Creates the consumer. `start` of the result is where it really begins: above `startSeq` when retention has
   * already removed what was asked for (JS-2). `pending`: how many matches it has to deliver at once.
   * Throws UpstreamError.
   */
  static async create(wanted: NewConsumer, onEvent: OnConsumerEvent): Promise<Created> {
    const ask = (): Promise<Created> => Consumer.#create(wanted, onEvent);
    return hedge(wanted.runtime, ask, CREATE_AGAIN_MS, ({ consumer }) => void consumer.stop());
  }

  static async #create(wanted: NewConsumer, onEvent: OnConsumerEvent): Promise<Created> {
    const { connection, stream, filter, startSeq } = wanted;
    const consumer = new Consumer(wanted, onEvent);
    const name = consumer.#name;
    const create = (inactiveMs: number | null): Promise<unknown> =>
      connection.request(
        createSubject(stream, name, filter),
        consumerConfig({ stream, filter, startSeq, name, inactiveMs }),
        CREATE_TIMEOUT_MS,
      );
    const { start, pending, limits } = await create(INACTIVE_MS)
      // Left out, it is the longest that the stream allows.
      .then((first) => (isRestTooLong(first) ? create(null) : first))
      .then((answer) => ({ ...parseCreated(answer, filter), limits: limitsIn(answer) }))
      .catch((error: unknown) => {
        if (mayExist(error)) wanted.onLeft(name);
        throw error;
      });
    consumer.#limits = limits;
    consumer.#state = pullStart(Math.max(start, startSeq), pending);
    return { consumer, start, pending };
  }

  /** Stream sequence up to which everything that matches has been read. */
  get position(): number {
    return this.#state.position;
  }

  /** Messages that pulls under way may still bring; of one that waits for its budget, all. */
  get outstanding(): number {
    return this.#pulls.outstanding + (this.#queued?.batch ?? 0);
  }

  /** The next pull is due, if the broker shall always have one that any message fits into. */
  get isLow(): boolean {
    if (this.#queued !== null) return false;
    return this.#pulls.outstanding <= BATCH / 2 || this.#pulls.openBytes < this.#pullBytes;
  }

  /** Asks for `batch` more messages, or as many as are allowed, as soon as the budget has room for them. */
  pull(batch = BATCH): void {
    const { idleHeartbeatMs, pullExpiresMs = PULL_EXPIRES_MS } = this.#options;
    if (this.#isStopped || this.#queued !== null || batch === 0) return;
    const bytes = this.#pullBytes;
    let isTaken = false;
    const callOff = this.#budget.take(bytes, () => {
      isTaken = true;
      this.#queued = null;
      const request = this.#ask(batch, bytes, { expiresMs: pullExpiresMs, idleHeartbeatMs });
      this.#connection.publish(request.subject, request.body, request.reply);
    });
    if (!isTaken) this.#queued = { batch: this.#batch(batch), callOff };
  }

  /**
   * The first pull: throws UpstreamError when the broker forbids it. It is short, with quick heartbeats, so that it is
   * soon known whether anything is there.
   */
  async pullChecked(batch = BATCH): Promise<void> {
    if (this.#isStopped) return;
    const bytes = this.#pullBytes;
    await new Promise<void>((grant) => void this.#budget.take(bytes, grant));
    if (this.#isStopped) return this.#budget.giveBack(bytes);
    const request = this.#ask(batch, bytes, FIRST_PULL);
    await this.#connection.publishChecked(request.subject, request.body, request.reply);
  }

  get #pullBytes(): number {
    return pullBytes(this.#connection.maxPayloadBytes, this.#growth);
  }

  #batch(wanted: number): number {
    return Math.min(wanted, BATCH, this.#limits.batch ?? Infinity);
  }

  /** The bytes are taken from the budget. */
  #ask(
    batch: number,
    bytes: number,
    times: { readonly expiresMs: number; readonly idleHeartbeatMs: number },
  ): { subject: string; body: object; reply: string } {
    const terms = pullTerms({ batch: this.#batch(batch), bytes, ...times }, this.#limits);
    const nowMs = this.#runtime.nowMs();
    this.#watchdog.saw();
    const inbox = this.#connection.inbox((message) => this.#receive(pull, message));
    const endsAtMs = nowMs + terms.expiresMs;
    const overAtMs = endsAtMs - Math.min(OVERLAP_MS, terms.expiresMs / 2);
    const pull = this.#pulls.add({ batch: terms.batch, bytes, overAtMs, endsAtMs, close: () => inbox.close() });
    this.#watchdog.watch();
    this.#watchExpiry();
    const body = pullRequest({
      batch: terms.batch,
      expiresMs: terms.expiresMs,
      idleHeartbeatMs: terms.idleHeartbeatMs,
      ...(terms.maxBytes === null ? {} : { maxBytes: terms.maxBytes }),
    });
    return { subject: pullSubject(this.#options.stream, this.#name), body, reply: inbox.subject };
  }

  /** Stops reading; resolves when the broker has forgotten the consumer, or does not answer. Harmless to call twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#silence();
    await this.#connection
      .request(deleteSubject(this.#options.stream, this.#name), null, DELETE_TIMEOUT_MS)
      .catch((error: unknown) => {
        if (mayExist(error)) this.#onLeft(this.#name);
      });
  }

  #silence(): void {
    this.#isStopped = true;
    this.#queued?.callOff();
    this.#queued = null;
    this.#pulls.clear();
    this.#expiry.clear();
    this.#watchdog.rest();
  }

  #receive(pull: Pull, message: Delivery | null): void {
    if (this.#isStopped) return;
    this.#watchdog.saw();
    if (message === null) return this.#doubt("the broker refused the inbox");
    const frame = frameOf(message);
    if (frame === null) return this.#doubt("a frame without JetStream metadata");
    const { state, event } = step(this.#state, frame);
    this.#state = state;
    if (event.kind === "doubt") return this.#doubt(event.why);
    if (event.kind === "ended") return this.#end(pull, event.tooSmall);
    this.#isIdle = event.kind === "position";
    if (frame.kind !== "message") return this.#onEvent({ ...event, kind: "position", position: state.position });
    const bytes = sizeOf(message);
    this.#largestBytes = Math.max(this.#largestBytes, bytes);
    const endsPull = this.#pulls.took(pull, bytes, this.#runtime.nowMs());
    if (endsPull) this.#over(pull, false);
    this.#onEvent({
      kind: "message",
      position: state.position,
      time: frame.time,
      pending: frame.pending,
      endsPull,
      // Where the filter is one subject, what is kept of many events is one text.
      subject: message.subject === this.#options.filter ? this.#options.filter : message.subject,
      payload: message.payload,
      headers: message.headers,
    });
  }

  #doubt(why: string): void {
    void this.stop();
    this.#onEvent({ kind: "doubt", why });
  }

  /** The broker has ended a pull. */
  #end(pull: Pull, tooSmall: boolean): void {
    this.#over(pull, tooSmall);
    this.#onEvent({ kind: "ended", unattended: true });
  }

  #over(pull: Pull, tooSmall: boolean): void {
    if (tooSmall && pull.left === pull.batch) this.#growth = grown(this.#growth);
    else if (this.#largestBytes <= pullBytes(this.#connection.maxPayloadBytes, 1)) this.#growth = 1;
    this.#largestBytes = 0;
    this.#pulls.end(pull);
    this.#rest();
  }

  /** Where nothing is asked for, nothing is expected. */
  #rest(): void {
    if (!this.#pulls.isWaiting) this.#watchdog.rest();
    this.#watchExpiry();
  }

  #watchExpiry(): void {
    const { dueAtMs } = this.#pulls;
    this.#expiry.clear();
    if (dueAtMs === null) return;
    this.#expiry.arm(dueAtMs - this.#runtime.nowMs(), () => {
      const { any, isLate } = this.#pulls.expire(this.#runtime.nowMs(), this.#isIdle);
      this.#rest();
      if (any) this.#onEvent({ kind: "ended", unattended: isLate });
    });
  }
}
