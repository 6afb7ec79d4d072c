import {
  AckPolicy,
  connect,
  DeliverPolicy,
  headers,
  nanos,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
} from "nats.ws";
import { STREAM } from "../support/rig-control.ts";
import { digest, type Message } from "./model.ts";
import { digestOf, isEvent, type Outgoing } from "./payloads.ts";

/** nats.ws may hang in a handshake that the broker broke off, for as long as this. */
const CONNECT_TIMEOUT_MS = 1_500;
const PUBLISH_TIMEOUT_MS = 6_000;
const READ_BATCH = 500;
const READ_EXPIRES_MS = 5_000;
const INACTIVE_MS = 60_000;
const RELAY_CONSUMER = /^relay-/;

/** The torture's own hand on the broker, past the proxy: publishes, sabotages, and knows the truth at the end. */
export class Broker implements AsyncDisposable {
  /** Every acknowledged message, in the order of the acknowledgements. */
  readonly acked: (Message & { readonly index: number })[] = [];
  lastAcked = 0;
  sent = 0;
  failed = 0;
  inFlight = 0;
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#client = connection.jetstream();
    this.#manager = manager;
  }

  static async connect(url: string): Promise<Broker> {
    const connection = await connect({
      servers: url,
      name: "torture",
      timeout: CONNECT_TIMEOUT_MS,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
    });
    return new Broker(connection, await connection.jetstreamManager({ checkAPI: false }));
  }

  /** Sends at once; what became of it shows in `acked` and `failed`. */
  publish(outgoing: Outgoing): void {
    const { subject, payload } = outgoing;
    const index = this.sent;
    this.sent += 1;
    this.inFlight += 1;
    void this.#client
      .publish(subject, payload, { timeout: PUBLISH_TIMEOUT_MS, ...headersOf(outgoing) })
      .then(({ seq }) => {
        this.lastAcked = Math.max(this.lastAcked, seq);
        const valid = outgoing.headers !== null || isEvent(payload);
        this.acked.push({ index, seq, subject, digest: valid ? digestOf(outgoing) : "", valid });
      })
      .catch(() => {
        this.failed += 1;
      })
      .finally(() => {
        this.inFlight -= 1;
      });
  }

  /** The lowest seq of what was sent when `sent` messages had been sent before: a start is below it (W3). */
  firstSeqFrom(sent: number): number {
    return this.acked.reduce((low, { index, seq }) => (index >= sent ? Math.min(low, seq) : low), Infinity);
  }

  async lastSeq(): Promise<number> {
    const { state } = await this.#manager.streams.info(STREAM);
    return state.last_seq;
  }

  /** What an operator may do at any time. Resolves to how many were deleted. */
  async deleteRelayConsumers(): Promise<number> {
    let deleted = 0;
    for await (const { name } of this.#manager.consumers.list(STREAM)) {
      if (!RELAY_CONSUMER.test(name)) continue;
      if (await this.#manager.consumers.delete(STREAM, name).catch(() => false)) deleted += 1;
    }
    return deleted;
  }

  /** Everything that the stream holds. */
  async readBack(): Promise<Message[]> {
    const { state } = await this.#manager.streams.info(STREAM);
    const { name } = await this.#manager.consumers.add(STREAM, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
      mem_storage: true,
      inactive_threshold: nanos(INACTIVE_MS),
    });
    const consumer = await this.#client.consumers.get(STREAM, name);
    const found: Message[] = [];
    while (found.length < state.messages) {
      const before = found.length;
      const wanted = Math.min(READ_BATCH, state.messages - before);
      const batch = await consumer.fetch({ max_messages: wanted, expires: READ_EXPIRES_MS });
      for await (const message of batch) found.push(toMessage(message));
      if (found.length === before) throw new Error(`The stream tells only ${before} of ${state.messages} messages.`);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

function headersOf({ headers: wanted }: Outgoing): { headers?: ReturnType<typeof headers> } {
  if (wanted === null) return {};
  const made = headers();
  for (const [name, value] of Object.entries(wanted)) made.set(name, value);
  return { headers: made };
}

function toMessage({ seq, subject, data, headers: told }: JsMsg): Message {
  const isBinary = told?.has("ce-specversion") === true;
  const valid = isBinary || isEvent(data);
  const attributes = isBinary ? Object.fromEntries(told.keys().map((name) => [name, told.get(name)])) : null;
  return {
    seq,
    subject,
    valid,
    digest: valid ? (attributes === null ? digest(data) : digestOf({ payload: data, headers: attributes })) : "",
  };
}
