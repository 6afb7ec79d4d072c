import {
  connect,
  NatsError,
  type JetStreamClient,
  type JetStreamManager,
  type MsgHdrs,
  type NatsConnection,
} from "nats.ws";
import { STREAM } from "../support/broker/rig-control.ts";
import type { Message } from "./model.ts";
import type { Outgoing } from "./payloads.ts";
import { judgeMessage } from "./reference.ts";
import { readStream } from "./stream-reader.ts";

/** nats.ws may hang in a handshake that the broker broke off, for as long as this. */
const CONNECT_TIMEOUT_MS = 1_500;
const PUBLISH_TIMEOUT_MS = 6_000;
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
    const { subject, payload, block } = outgoing;
    const index = this.sent;
    this.sent += 1;
    this.inFlight += 1;
    void this.#client
      .publish(subject, payload, { timeout: PUBLISH_TIMEOUT_MS, ...(block === null ? {} : { headers: raw(block) }) })
      .then(({ seq }) => {
        this.lastAcked = Math.max(this.lastAcked, seq);
        const { valid, digest } = judgeMessage(outgoing);
        this.acked.push({ index, seq, subject, valid, digest });
      })
      .catch((error: unknown) => {
        // What the stream refused it does not hold; anything else it may.
        if (!(error instanceof NatsError && error.isJetStreamError())) this.failed += 1;
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
    const found: Message[] = [];
    await readStream(this.#connection, STREAM, state.first_seq, state.last_seq, ({ seq, subject, ...content }) => {
      const { valid, digest } = judgeMessage(content);
      found.push({ seq, subject, valid, digest });
    });
    if (found.length !== state.messages)
      throw new Error(`The stream tells ${found.length} of ${state.messages} messages.`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

/** All that the library wants of headers when it publishes is their bytes. */
function raw(block: Uint8Array): MsgHdrs {
  return { encode: () => block } as unknown as MsgHdrs;
}
