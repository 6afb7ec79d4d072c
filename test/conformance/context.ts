import type { WebSocket } from "ws";
import { dial, RefusedError, type Dialled, type DialOptions, type Refusal } from "../support/wire/dial.ts";
import { NotChecked } from "./check.ts";
import type { Broker } from "./broker.ts";
import { ask, BUSY_RETRY_MS, MAX_RETRIES, type Answer } from "./http.ts";

export interface Target {
  /** ws:// or wss://, without a path. */
  readonly wsUrl: string;
  readonly token: string;
  readonly broker: Broker;
  /** The longest that one check may wait for something rare. */
  readonly patienceMs: number;
  /** NATS monitoring endpoint, if there is one. */
  readonly monitorUrl: string | undefined;
}

/** What a first connection told about the relay. */
export interface Traits {
  readonly speaksV2: boolean;
  /** By the welcome of v2; the default of the specification when the relay has none. */
  readonly heartbeatMs: number;
}

/** A close that a client saw while its check ran. */
export interface SeenClose {
  readonly id: string;
  readonly code: number;
  readonly reason: string;
}

export interface OpenOptions extends DialOptions {
  /** Leaves the bearer token out. */
  readonly anonymous?: boolean;
}

export const V2 = "cellos.relay.v2";
export const V1 = "cellos.events.v1";
const DEFAULT_HEARTBEAT_MS = 25_000;

/** What one check works with: the relay, the broker, subjects of its own, and sockets that end with it. */
export class Context implements Disposable {
  readonly target: Target;
  readonly traits: Traits;
  readonly broker: Broker;
  readonly closes: SeenClose[];
  readonly #id: string;
  readonly #run: string;
  readonly #sockets: WebSocket[] = [];
  readonly #vanished = new WeakSet<WebSocket>();
  #over = false;
  static #subjects = 0;

  constructor(target: Target, traits: Traits, run: string, id: string, closes: SeenClose[]) {
    this.target = target;
    this.traits = traits;
    this.broker = target.broker;
    this.closes = closes;
    this.#run = run;
    this.#id = id;
  }

  get httpUrl(): string {
    return this.target.wsUrl.replace(/^ws/, "http");
  }

  get heartbeatMs(): number {
    return this.traits.heartbeatMs;
  }

  /** A subject nobody has used: `cellos.events.conformance-<run>.<n>`. */
  subject(): string {
    Context.#subjects += 1;
    return `${this.tree}.${Context.#subjects}`;
  }

  /** Everything this run publishes lies below. */
  get tree(): string {
    return `cellos.events.conformance-${this.#run}`;
  }

  /** Opens a WebSocket at `/ws/events` with this query. A relay that is full says when to come back. */
  async open(query: Readonly<Record<string, string | number>>, options: OpenOptions = {}): Promise<Dialled> {
    const { anonymous = false, ...rest } = options;
    const token = anonymous ? {} : { token: this.target.token };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const dialled = await dial(this.eventsUrl(query), { ...token, ...rest });
        this.#keep(dialled);
        return dialled;
      } catch (error) {
        const full = error instanceof RefusedError && error.refusal.headers["retry-after"] !== undefined;
        if (!full || attempt === MAX_RETRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS));
      }
    }
  }

  /** Opens a v2 WebSocket; without v2 the check cannot be made. */
  async openV2(query: Readonly<Record<string, string | number>>): Promise<Dialled> {
    if (!this.traits.speaksV2) throw new NotChecked(`needs a relay that speaks ${V2}`);
    return this.open(query, { protocols: [V2] });
  }

  /** The refusal of an upgrade; fails when it succeeds. */
  async refusal(query: Readonly<Record<string, string | number>>, options: OpenOptions = {}): Promise<Refusal> {
    const { anonymous = false, ...rest } = options;
    const token = anonymous ? {} : { token: this.target.token };
    try {
      const { raw } = await dial(this.eventsUrl(query), { ...token, ...rest });
      raw.terminate();
    } catch (error) {
      if (error instanceof RefusedError) return error.refusal;
      throw error;
    }
    throw new Error(`expected a refusal of ${JSON.stringify(query)} got an upgrade`);
  }

  /** A plain request, with the token unless `headers` has its own. */
  async ask(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> {
    return ask(`${this.httpUrl}${path}`, method, { ...this.bearer, ...headers });
  }

  /** A plain request without any credential. */
  async askAnonymously(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> {
    return ask(`${this.httpUrl}${path}`, method, headers);
  }

  get bearer(): { authorization: string } {
    return { authorization: `Bearer ${this.target.token}` };
  }

  eventsUrl(query: Readonly<Record<string, string | number>>): string {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    return `${this.target.wsUrl}/ws/events?${search.toString()}`;
  }

  #keep({ raw }: Dialled): void {
    this.#sockets.push(raw);
    raw.on("close", (code, reason) => {
      if (!this.#over && !this.#vanished.has(raw)) this.closes.push({ id: this.#id, code, reason: reason.toString() });
    });
  }

  /** Lets a client go without a word. */
  vanish({ raw }: Dialled): void {
    this.#vanished.add(raw);
    raw.terminate();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    for (const socket of this.#sockets) socket.terminate();
  }
}

/** Connects once to learn what the relay is; throws when it cannot be reached. */
export async function probe(target: Target): Promise<Traits> {
  const { raw, socket } = await dial(`${target.wsUrl}/ws/events`, { token: target.token, protocols: [V2, V1] });
  try {
    if (raw.protocol !== V2) return { speaksV2: false, heartbeatMs: DEFAULT_HEARTBEAT_MS };
    const { heartbeatMs = DEFAULT_HEARTBEAT_MS } = await socket.type("welcome");
    return { speaksV2: true, heartbeatMs };
  } finally {
    raw.terminate();
  }
}
