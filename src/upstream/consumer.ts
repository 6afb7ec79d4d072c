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
  parseCreated,
  pullRequest,
  pullSubject,
  UpstreamError,
} from "./jetstream-api.ts";
import { countOf, statusOf } from "./headers.ts";
import { hedge } from "./hedge.ts";
import { parseAck, pullStart, step, type PullFrame, type PullState } from "./pull.ts";
import { Pulls } from "./pulls.ts";

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
  /** Everything that matches up to `position` has been read. */
  | { readonly kind: "position"; readonly position: number }
  /** A pull is over. `unattended`: perhaps no pull was at the broker for a moment. `tooSmall`: the next message is larger than it. */
  | { readonly kind: "ended"; readonly unattended: boolean; readonly tooSmall: boolean }
  /** The consumer must be replaced at position + 1. Said once; nothing follows it. */
  | { readonly kind: "doubt"; readonly why: string };

export interface ConsumerOptions {
  readonly stream: string;
  readonly filter: string;
  /** First stream sequence wanted, 1 or more: 0 is an error to JetStream (JS-1). */
  readonly startSeq: number;
  readonly idleHeartbeatMs: number;
}

export interface NewConsumer extends ConsumerOptions {
  readonly runtime: Runtime;
  readonly connection: BrokerConnection;
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
const PULL_EXPIRES_MS = 30_000;
const FIRST_PULL = { expiresMs: 1_000, idleHeartbeatMs: 100 };
/**
 * A pull is taken for over this long before the broker ends it, so that the next is there already. Nothing waits for
 * the way of its 408, nor for one that never comes: 2.9 forgets it when a message arrives in that very moment.
 */
const OVERLAP_MS = 500;
/** Missed heartbeats after which the consumer is doubted (JS-13). */
const MISSED_HEARTBEATS = 2.5;

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
  #inbox: { readonly subject: string; close(): void } | null = null;
  #state: PullState = pullStart(1);
  readonly #pulls = new Pulls();
  readonly #expiry: Timer;
  readonly #watchdog: Timer;
  #lastFrameMs = 0;

  private constructor({ runtime, connection, onLeft, ...options }: NewConsumer, onEvent: OnConsumerEvent) {
    this.#runtime = runtime;
    this.#connection = connection;
    this.#options = options;
    this.#onEvent = onEvent;
    this.#onLeft = onLeft;
    this.#name = `relay-${runtime.newId()}`;
    this.#expiry = runtime.timer();
    this.#watchdog = runtime.timer();
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
    const config = consumerConfig({ stream, filter, startSeq, name, inactiveMs: INACTIVE_MS });
    const { start, pending } = await connection
      .request(createSubject(stream, name, filter), config, CREATE_TIMEOUT_MS)
      .then(parseCreated)
      .catch((error: unknown) => {
        if (error instanceof UpstreamError && error.verdict === "unavailable") wanted.onLeft(name);
        throw error;
      });
    consumer.#state = pullStart(Math.max(start, startSeq));
    consumer.#inbox = connection.inbox((message) => consumer.#receive(message));
    return { consumer, start, pending };
  }

  /** Stream sequence up to which everything that matches has been read. */
  get position(): number {
    return this.#state.position;
  }

  /** Messages that pulls under way may still bring. */
  get outstanding(): number {
    return this.#pulls.outstanding;
  }

  /** Asks for `batch` more messages; `maxBytes` not below the broker's max_payload (JS-9). */
  pull(batch: number, maxBytes?: number): void {
    const { idleHeartbeatMs } = this.#options;
    const request = this.#nextPull(batch, maxBytes, { expiresMs: PULL_EXPIRES_MS, idleHeartbeatMs });
    if (request !== null) this.#connection.publish(request.subject, request.body, request.reply);
  }

  /**
   * The first pull: throws UpstreamError when the broker forbids it. It is short, with quick heartbeats, so that it is
   * soon known whether anything is there.
   */
  async pullChecked(batch: number): Promise<void> {
    const request = this.#nextPull(batch, undefined, FIRST_PULL);
    if (request !== null) await this.#connection.publishChecked(request.subject, request.body, request.reply);
  }

  #nextPull(
    batch: number,
    maxBytes: number | undefined,
    times: { readonly expiresMs: number; readonly idleHeartbeatMs: number },
  ): { subject: string; body: object; reply: string } | null {
    if (this.#inbox === null) return null;
    this.#lastFrameMs = this.#runtime.nowMs();
    this.#pulls.add(batch, this.#lastFrameMs + times.expiresMs - OVERLAP_MS);
    this.#watch();
    this.#watchExpiry();
    const body = pullRequest({
      batch,
      ...times,
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
    return { subject: pullSubject(this.#options.stream, this.#name), body, reply: this.#inbox.subject };
  }

  /** Stops reading; resolves when the broker has forgotten the consumer, or does not answer. Harmless to call twice. */
  async stop(): Promise<void> {
    if (this.#inbox === null) return;
    this.#silence();
    await this.#connection
      .request(deleteSubject(this.#options.stream, this.#name), null, DELETE_TIMEOUT_MS)
      .catch((error: unknown) => {
        if (error instanceof UpstreamError && error.verdict === "unavailable") this.#onLeft(this.#name);
      });
  }

  #silence(): void {
    this.#inbox?.close();
    this.#inbox = null;
    this.#pulls.clear();
    this.#rest();
  }

  /** Nothing is asked for, so nothing is expected. */
  #rest(): void {
    this.#expiry.clear();
    this.#watchdog.clear();
  }

  #receive(message: Delivery | null): void {
    if (this.#inbox === null) return;
    this.#lastFrameMs = this.#runtime.nowMs();
    if (message === null) return this.#doubt("the broker refused the inbox");
    const frame = toFrame(message);
    if (frame === null) return this.#doubt("a frame without JetStream metadata");
    const { state, event } = step(this.#state, frame);
    this.#state = state;
    if (event.kind === "doubt") return this.#doubt(event.why);
    if (event.kind === "expired") return this.#expire(true);
    if (event.kind === "ended") this.#pulls.end();
    const endsPull = event.kind === "message" && this.#pulls.took();
    if (this.#pulls.overAtMs === null) this.#rest();
    if (event.kind === "ended") return this.#onEvent({ kind: "ended", unattended: true, tooSmall: event.tooSmall });
    if (frame.kind !== "message") return this.#onEvent({ kind: "position", position: state.position });
    this.#onEvent({
      kind: "message",
      position: state.position,
      time: frame.time,
      pending: frame.pending,
      endsPull,
      subject: message.subject,
      payload: message.payload,
      headers: message.headers,
    });
  }

  #doubt(why: string): void {
    void this.stop();
    this.#onEvent({ kind: "doubt", why });
  }

  #expire(unattended: boolean): void {
    this.#pulls.expire(this.#runtime.nowMs());
    if (this.#pulls.overAtMs === null) this.#rest();
    else this.#watchExpiry();
    this.#onEvent({ kind: "ended", unattended, tooSmall: false });
  }

  #watchExpiry(): void {
    const { overAtMs } = this.#pulls;
    if (overAtMs === null || this.#expiry.isArmed) return;
    this.#expiry.arm(overAtMs - this.#runtime.nowMs(), () =>
      this.#expire(this.#runtime.nowMs() >= overAtMs + OVERLAP_MS),
    );
  }

  #watch(): void {
    if (this.#watchdog.isArmed) return;
    const limitMs = this.#options.idleHeartbeatMs * MISSED_HEARTBEATS + 500;
    this.#watchdog.arm(limitMs, () => {
      if (this.#runtime.nowMs() - this.#lastFrameMs >= limitMs) this.#doubt(HEARTBEATS_MISSED);
      else this.#watch();
    });
  }
}

function toFrame({ reply, headers }: Delivery): PullFrame | null {
  const ack = parseAck(reply);
  if (ack !== null) return { kind: "message", ...ack };
  const status = headers === null ? null : statusOf(headers);
  if (headers === null || status === null || status.code === 0) return null;
  return {
    kind: "status",
    ...status,
    lastConsumer: countOf(headers, "Nats-Last-Consumer"),
    lastStream: countOf(headers, "Nats-Last-Stream"),
    unused: countOf(headers, "Nats-Pending-Messages"),
  };
}
