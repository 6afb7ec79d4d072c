/** What a test can do to a broker; the same words in Node (`Rig`) and inside workerd (`RemoteRig`). */
export interface RigControl {
  /** WebSocket address of the broker, through the proxy that the network verbs act on. */
  readonly url: string;
  act(verb: Verb): Promise<void>;
  createStream(options?: StreamOptions): Promise<StreamState>;
  deleteStream(name?: string): Promise<void>;
  /** Removes everything below `belowSeq`, or all. */
  purge(belowSeq?: number, name?: string): Promise<void>;
  deleteMessage(seq: number, name?: string): Promise<void>;
  streamState(name?: string): Promise<StreamState>;
  /** Publishes in order and waits for the broker's acknowledgements; returns the sequences. */
  publish(messages: readonly Message[]): Promise<number[]>;
  /** Publishes numbered events as fast as the broker takes them; returns the last sequence. */
  publishMany(count: number, options?: ManyOptions): Promise<number>;
  consumers(name?: string): Promise<ConsumerState[]>;
  /** Connections the broker sees, without the rig's own. */
  connections(): Promise<ConnectionState[]>;
  /** Requests to the JetStream API since the rig started, without the rig's own. */
  apiCalls(): Promise<ApiCall[]>;
}

/** start … resume act on the process, cut … heal on the network in front of it. */
export const VERBS = [
  "start",
  "stop",
  "kill",
  "restart",
  "pause",
  "resume",
  "cut",
  "refuse",
  "blackhole",
  "hold",
  "heal",
] as const;
export type Verb = (typeof VERBS)[number];

export const STREAM = "CELLOS_EVENTS";
export const SUBJECTS = "cellos.events.>";

export interface RigOptions {
  /** Lines for the broker's own configuration. */
  readonly extraConfig?: string;
  /** As `NatsServerOptions.jetstream`. */
  readonly jetstream?: string;
  /** How the rig itself logs in, when `extraConfig` asks for that. */
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

export interface StreamOptions {
  readonly name?: string;
  readonly subjects?: readonly string[];
  readonly maxMessages?: number;
  readonly maxAgeMs?: number;
  readonly storage?: "file" | "memory";
  /** First sequence of a stream created anew (needs a broker that knows it: 2.10). */
  readonly firstSeq?: number;
  /** More of its settings, in the words of JetStream. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface StreamState {
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly messages: number;
  readonly consumers: number;
}

export interface Message {
  readonly subject: string;
  /** A string is sent as it is, anything else as JSON. */
  readonly data: unknown;
  /** Bytes that are no text: base64, instead of `data`. */
  readonly base64?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of `headers`, lines as they are, each character a byte, without their line ends. */
  readonly rawHeaders?: readonly string[];
}

export interface ManyOptions {
  readonly subject?: string;
  /** Number in `data.n` of the first one; default 1. */
  readonly from?: number;
  /** Padding in every event, to make it large. */
  readonly padBytes?: number;
}

export interface ConsumerState {
  readonly name: string;
  readonly durable: boolean;
  readonly filter: string;
  readonly ackPolicy: string;
  readonly memory: boolean;
  readonly replicas: number;
  readonly inactiveThresholdMs: number;
  readonly startSeq: number | null;
  readonly pending: number;
}

export interface ConnectionState {
  readonly cid: number;
  readonly name: string;
  readonly subscriptions: number;
  readonly outMessages: number;
}

export interface ApiCall {
  readonly subject: string;
  readonly payload: string;
}
