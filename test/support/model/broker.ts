/** A JetStream broker in memory, behind the relay's own `BrokerConnection`: what it says is queued and delivered when the test wants. */
import { UpstreamError } from "../../../src/upstream/jetstream-api.ts";
import type { BrokerConnection } from "../../../src/upstream/connection.ts";
import type { Delivery } from "../../../src/upstream/connection.ts";
import type { ModelClock } from "./clock.ts";
import { ModelConsumer } from "./consumer.ts";
import { ModelMessage } from "./message.ts";
import type { ModelStream } from "./stream.ts";

const TICK_MS = 20;

export class ModelBroker {
  readonly clock: ModelClock;
  stream: ModelStream | null;
  readonly #streams: ModelStream[];
  /** False: connections are refused. */
  isUp = true;
  /** As `ConsumerHost.silentAfter`, of every consumer. */
  silentAfter = Infinity;
  /** What it answers to whoever asks for a consumer; null when they are made. */
  refuses: object | null = null;
  /** The side of a cluster that it is has no leader: it answers with what it once knew, and makes no consumers (P5). */
  isLeaderless = false;
  /** Connections are neither taken nor refused, and answers are as `isPrompt` says. */
  isFrozen = false;
  /** What it says arrives by itself, a millisecond later. */
  isPrompt = true;
  readonly links = new Set<ModelConnection>();
  readonly consumers = new Map<string, ModelConsumer>();
  mostConsumers = 0;
  /** Messages said, by all consumers. */
  delivered = 0;
  #queue: { readonly link: ModelConnection; readonly run: () => void; readonly isMessage: boolean }[] = [];

  constructor(clock: ModelClock, stream: ModelStream) {
    this.clock = clock;
    this.stream = stream;
    this.#streams = [stream];
  }

  open(onClosed: (why: string) => void): ModelConnection {
    if (!this.isUp) throw new UpstreamError("timeout", "no connection");
    const link = new ModelConnection(this, onClosed);
    this.links.add(link);
    this.#tick(link);
    return link;
  }

  /** The network goes: every connection ends, what was under way on it is lost, and so in time are its consumers. */
  cut(): void {
    this.consumers.clear();
    for (const link of [...this.links]) link.close();
  }

  /** New messages are there, or time has passed. */
  deliver(): void {
    for (const consumer of this.consumers.values()) consumer.deliver();
  }

  /** The stream and its consumers are gone; the next one, if any, is another. */
  replace(stream: ModelStream | null): void {
    this.stream = stream;
    if (stream !== null) this.#streams.push(stream);
    for (const consumer of this.consumers.values()) consumer.delete();
    this.consumers.clear();
  }

  /** The stream of an epoch, be it deleted by now. */
  known(epoch: string): ModelStream | undefined {
    return this.#streams.find((stream) => stream.epoch === epoch);
  }

  /** The paths of these connections swallow everything from now on, and nobody is told. */
  swallow(): void {
    this.#queue = [];
    for (const link of this.links) link.isDeaf = true;
  }

  say(link: ModelConnection, isMessage: boolean, run: () => void): void {
    if (link.isDeaf) return;
    this.#queue.push({ link, run, isMessage });
    if (this.isPrompt) this.clock.after(1, () => this.arrive(1));
  }

  /** The next things that were said arrive. */
  arrive(count: number): void {
    for (const { link, run } of this.#queue.splice(0, count)) if (this.links.has(link)) run();
  }

  /** Everything said so far arrives in order, and from now on what is said does by itself. */
  hurry(): void {
    this.isFrozen = false;
    this.isPrompt = true;
    for (let i = this.#queue.length; i > 0; i--) this.clock.after(1, () => this.arrive(1));
  }

  /** One message on its way to the relay is lost. */
  loseOne(): void {
    const index = this.#queue.findIndex(({ isMessage }) => isMessage);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  answer(link: ModelConnection, subject: string, body: object | null): unknown {
    const { stream } = this;
    if (stream === null) return { error: { code: 404, err_code: 10059, description: "stream not found" } };
    const [, verb, , name = ""] = subject.split(".");
    if (subject.startsWith("STREAM.INFO.")) return infoOf(stream, this.isLeaderless);
    if (this.isLeaderless) return { error: { code: 503, err_code: 10008, description: "no leader" } };
    if (subject.startsWith("STREAM.MSG.GET.")) return messageOf(stream, (body as { seq: number }).seq);
    if (verb === "DELETE") return { success: this.consumers.delete(name) };
    if (this.refuses !== null) return { error: this.refuses };
    const { opt_start_seq: wanted } = (body as { config: { opt_start_seq: number } }).config;
    if (wanted < 1) return { error: { code: 400, err_code: 10094, description: "bad start" } };
    const consumer = new ModelConsumer(wanted, stream, {
      nowMs: () => this.clock.nowMs,
      silentAfter: () => this.silentAfter,
      send: (reply, message) => {
        if (message.payload.byteLength > 0) this.delivered++;
        link.hand(reply, message);
      },
    });
    this.consumers.set(name, consumer);
    link.consumers.add(name);
    const linked = [...link.consumers].filter((other) => this.consumers.has(other));
    this.mostConsumers = Math.max(this.mostConsumers, linked.length);
    return { delivered: { stream_seq: consumer.startSeq - 1 }, num_pending: consumer.pending };
  }

  pull(link: ModelConnection, subject: string, body: object, reply: string): void {
    const consumer = this.consumers.get(subject.split(".")[4] ?? "");
    if (consumer === undefined) return link.hand(reply, ModelMessage.status(503, "No Responders"));
    consumer.pull(reply, body as Parameters<ModelConsumer["pull"]>[1]);
  }

  #tick(link: ModelConnection): void {
    this.clock.after(TICK_MS, () => {
      if (!this.links.has(link)) return;
      for (const consumer of this.consumers.values()) consumer.tick();
      this.#tick(link);
    });
  }
}

/** A message's time is as many nanoseconds after 1970 as its seq. */
const timeOf = (seq: number): string => `1970-01-01T00:00:00.${String(seq).padStart(9, "0")}Z`;

function messageOf(stream: ModelStream, seq: number): object {
  const isThere = seq >= stream.firstSeq && seq <= stream.lastSeq;
  if (!isThere) return { error: { code: 404, err_code: 10037, description: "no message found" } };
  return { message: { seq, time: timeOf(seq) } };
}

/** Without a leader it tells what a member that was behind knew: nothing. */
function infoOf(stream: ModelStream, isLeaderless: boolean): object {
  const { created, subjects } = stream;
  const config = { subjects };
  if (isLeaderless) {
    const state = { messages: 0, bytes: 0, first_seq: 0, last_seq: 0 };
    return { created, config, state, cluster: { name: "c", replicas: [] } };
  }
  const messages = stream.lastSeq - stream.firstSeq + 1;
  const state = {
    messages,
    bytes: messages * 100,
    first_seq: stream.firstSeq,
    last_seq: stream.lastSeq,
    last_ts: timeOf(stream.lastSeq),
  };
  return { created, config, state, cluster: { name: "c", leader: "n0", replicas: [] } };
}

export class ModelConnection implements BrokerConnection {
  readonly maxPayloadBytes: number = 1024 * 1024;
  readonly receivedBytes = 0;
  isDeaf = false;
  /** Names of those created over it. */
  readonly consumers = new Set<string>();
  readonly #broker: ModelBroker;
  readonly #onClosed: (why: string) => void;
  readonly #inboxes = new Map<string, (message: Delivery | null) => void>();
  readonly #onceClosed: (() => void)[] = [];
  #count = 0;

  constructor(broker: ModelBroker, onClosed: (why: string) => void) {
    this.#broker = broker;
    this.#onClosed = onClosed;
  }

  request(subject: string, body: object | null, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new UpstreamError("timeout", `No answer to ${subject}`));
      const callOff = this.#broker.clock.after(timeoutMs, late);
      const fail = (): void => {
        callOff();
        reject(new UpstreamError("timeout", "the connection was closed"));
      };
      if (!this.#broker.links.has(this)) return fail();
      this.#onceClosed.push(fail);
      const answer = this.#broker.answer(this, subject, body);
      this.#broker.say(this, false, () => {
        callOff();
        resolve(answer);
      });
    });
  }

  inbox(onMessage: (message: Delivery | null) => void): { subject: string; close(): void } {
    const subject = `_INBOX.${++this.#count}`;
    this.#inboxes.set(subject, onMessage);
    return { subject, close: () => void this.#inboxes.delete(subject) };
  }

  /** A message for an inbox of this connection. */
  hand(reply: string, message: ModelMessage): void {
    this.#broker.say(this, true, () => this.#inboxes.get(reply)?.(message));
  }

  publish(subject: string, body: object, reply: string): void {
    if (this.#broker.links.has(this)) this.#broker.pull(this, subject, body, reply);
  }

  publishChecked(subject: string, body: object, reply: string): Promise<void> {
    this.publish(subject, body, reply);
    return new Promise((resolve, reject) => {
      this.#onceClosed.push(() => reject(new UpstreamError("timeout", "the connection went away")));
      this.#broker.say(this, false, resolve);
    });
  }

  close(): void {
    if (!this.#broker.links.delete(this)) return;
    for (const fail of this.#onceClosed) fail();
    this.#onClosed("closed");
  }
}
