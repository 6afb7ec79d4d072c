import {
  AckPolicy,
  connect,
  headers,
  nanos,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
} from "nats.ws";
import {
  STREAM,
  SUBJECTS,
  type ApiCall,
  type ConsumerState,
  type ManyOptions,
  type Message,
  type RigOptions,
  type StreamOptions,
  type StreamState,
} from "./rig-control.ts";
import { cloudEvent } from "../cloud-event.ts";
import { until } from "../until.ts";

const NAME = "test-rig";
const IN_FLIGHT = 500;
const NANOS_PER_MS = 1e6;
const MAX_RECORDED_CALLS = 20_000;

/** The test's own hand on the broker: streams, messages, and what others ask of the JetStream API. */
export class JetStream {
  static readonly connectionName = NAME;
  readonly calls: ApiCall[] = [];
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#client = connection.jetstream();
    this.#manager = manager;
    connection.subscribe("$JS.API.>", {
      callback: (_error, message) => {
        // Our own requests are told by our own inbox prefix.
        if (message.reply?.startsWith(NAME) || this.calls.length >= MAX_RECORDED_CALLS) return;
        this.calls.push({ subject: message.subject, payload: message.string() });
      },
    });
  }

  static async connect(url: string, { user, pass, token }: RigOptions): Promise<JetStream> {
    const connection = await connect({
      servers: url,
      name: NAME,
      inboxPrefix: NAME,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
      ...(user === undefined ? {} : { user, pass }),
      ...(token === undefined ? {} : { token }),
    });
    const manager = await connection.jetstreamManager({ checkAPI: false });
    return new JetStream(connection, manager);
  }

  /** Resolves once the broker answers: after a restart, when this connection too has found it again. */
  async ready(): Promise<void> {
    await until("the broker answers the rig", () =>
      this.#connection.flush().then(
        () => true,
        () => false,
      ),
    );
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async createStream(options: StreamOptions = {}): Promise<StreamState> {
    const name = options.name ?? STREAM;
    await this.#manager.streams.add({
      name,
      subjects: [...(options.subjects ?? [SUBJECTS])],
      retention: RetentionPolicy.Limits,
      storage: options.storage === "memory" ? StorageType.Memory : StorageType.File,
      allow_direct: true,
      ...(options.maxMessages === undefined ? {} : { max_msgs: options.maxMessages }),
      ...(options.maxAgeMs === undefined ? {} : { max_age: nanos(options.maxAgeMs) }),
      ...(options.firstSeq === undefined ? {} : { first_seq: options.firstSeq }),
      ...options.config,
    });
    return this.streamState(name);
  }

  /** With settings that the library keeps from a broker that does not know them; such a broker ignores them. */
  async createStreamAsIs(config: Readonly<Record<string, unknown>>): Promise<void> {
    const whole = { name: STREAM, retention: "limits", storage: "file", ...config };
    const answer = await this.#connection.request(`$JS.API.STREAM.CREATE.${STREAM}`, JSON.stringify(whole));
    const { error } = answer.json<{ readonly error?: { readonly description: string } }>();
    if (error !== undefined) throw new Error(error.description);
  }

  async deleteStream(name = STREAM): Promise<void> {
    await this.#manager.streams.delete(name);
  }

  async purge(belowSeq?: number, name = STREAM): Promise<void> {
    await this.#manager.streams.purge(name, belowSeq === undefined ? undefined : { seq: belowSeq });
  }

  /** Removes every message of one subject. */
  async purgeSubject(subject: string): Promise<void> {
    await this.#manager.streams.purge(STREAM, { filter: subject });
  }

  async deleteMessage(seq: number, name = STREAM): Promise<void> {
    await this.#manager.streams.deleteMessage(name, seq, false);
  }

  async streamState(name = STREAM): Promise<StreamState> {
    const { created, state } = await this.#manager.streams.info(name);
    return {
      created,
      firstSeq: state.first_seq,
      lastSeq: state.last_seq,
      messages: state.messages,
      consumers: state.consumer_count,
    };
  }

  async publish(messages: readonly Message[]): Promise<number[]> {
    const seqs: number[] = [];
    for (const message of messages) {
      const block = headersOf(message);
      const options = block === undefined ? {} : { headers: block };
      const ack = await this.#client.publish(message.subject, payloadOf(message), options);
      seqs.push(ack.seq);
    }
    return seqs;
  }

  async publishMany(count: number, options: ManyOptions = {}): Promise<number> {
    const { subject = "cellos.events.acme.load", from = 1, padBytes = 0 } = options;
    const pad = padBytes > 0 ? { pad: "x".repeat(padBytes) } : {};
    let last = 0;
    for (let sent = 0; sent < count; sent += IN_FLIGHT) {
      const batch = Array.from({ length: Math.min(IN_FLIGHT, count - sent) }, (_, index) =>
        this.#client.publish(subject, JSON.stringify(cloudEvent({ n: from + sent + index, ...pad }))),
      );
      for (const ack of await Promise.all(batch)) last = Math.max(last, ack.seq);
    }
    return last;
  }

  async consumers(name = STREAM): Promise<ConsumerState[]> {
    const found: ConsumerState[] = [];
    for await (const listed of this.#manager.consumers.list(name)) {
      // A consumer that is being deleted is listed as null.
      if (Object(listed) !== listed) continue;
      const { name: consumer, config, num_pending } = listed;
      found.push({
        name: consumer,
        durable: config.durable_name !== undefined,
        filter: config.filter_subject ?? config.filter_subjects?.join(",") ?? "",
        ackPolicy: config.ack_policy ?? AckPolicy.None,
        memory: config.mem_storage ?? false,
        replicas: config.num_replicas ?? 0,
        inactiveThresholdMs: (config.inactive_threshold ?? 0) / NANOS_PER_MS,
        startSeq: config.opt_start_seq ?? null,
        pending: num_pending,
      });
    }
    return found;
  }
}

function payloadOf({ data, base64 }: Message): Uint8Array | string {
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  return typeof data === "string" ? data : JSON.stringify(data);
}

function headersOf({ headers: wanted, rawHeaders }: Message): ReturnType<typeof headers> | undefined {
  if (rawHeaders !== undefined) {
    const block = Buffer.from(`${["NATS/1.0", ...rawHeaders].join("\r\n")}\r\n\r\n`, "latin1");
    // The library asks for nothing but the bytes, and would refuse to make such headers itself.
    return Object.assign(headers(), { encode: () => block });
  }
  if (wanted === undefined) return undefined;
  const made = headers();
  for (const [name, value] of Object.entries(wanted)) made.set(name, value);
  return made;
}
