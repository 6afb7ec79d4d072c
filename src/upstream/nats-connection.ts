/**
 * EFFECTS: the only file that speaks through the NATS client. One connection, its requests and inboxes.
 *
 * The library never reconnects here: a closed connection is an event of the room's upstream machine, which
 * opens a new one and resumes from its own cursor (NATS-1, NATS-2).
 */
import {
  connect,
  createInbox,
  credsAuthenticator,
  Events,
  nkeyAuthenticator,
  type ConnectionOptions,
  type NatsConnection,
} from "nats.ws";
import type { NatsSettings } from "../config/config.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import type { BrokerConnection, OnDelivery, OpenConnection } from "./connection.ts";
import { Dialler } from "./dialler.ts";
import { ClosedAtLogin } from "./greeting.ts";
import { lastingSubject, UpstreamError } from "./jetstream-api.ts";
import { closedError, connectError, requestError } from "./nats-errors.ts";
import { MOST_BEHIND_MS, Patience } from "./patience.ts";
import { toDelivery, watchWire } from "./raw-nats.ts";

const FLUSH_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 8_000;
const PONG_TIMEOUT_MS = 500;
/** Half-open paths are noticed within 30 s: two unanswered pings (NATS-4). */
const PING_INTERVAL_MS = 8_000;

export const openConnection: OpenConnection = async (settings, name, onClosed, unwanted) => {
  try {
    return await openOnce(settings, name, onClosed, unwanted);
  } catch (error) {
    if (!(error instanceof ClosedAtLogin) || unwanted?.aborted === true) throw error;
    return openOnce(settings, name, onClosed, unwanted);
  }
};

const openOnce: OpenConnection = async (settings, name, onClosed, unwanted) => {
  let close: (why: string) => void = () => {};
  const dialler = new Dialler(settings.access);
  const hangUp = (): void => dialler.hangUp();
  const options: ConnectionOptions & {
    wsFactory: (url: string) => Promise<{ socket: WebSocket; encrypted: boolean }>;
  } = {
    servers: [...settings.servers],
    name,
    ...credentials(settings),
    inboxPrefix: settings.inboxPrefix,
    reconnect: false,
    maxReconnectAttempts: 0,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    wsFactory: async (url) => {
      const socket = await dialler.dial(url);
      // workerd reports some failures as `error` alone, after which the library would wait for its pings (WD-4, NATS-4).
      socket.addEventListener("error", () => close("socket error"));
      return { socket, encrypted: url.startsWith("wss:") };
    },
  };
  let nc: NatsConnection;
  unwanted?.addEventListener("abort", hangUp);
  try {
    nc = await connect(options);
    dialler.greeted();
  } catch (error) {
    const { heard, isClosed } = dialler;
    hangUp();
    throw connectError(error, heard, isClosed);
  } finally {
    unwanted?.removeEventListener("abort", hangUp);
  }
  let closed = false;
  let receivedBytes = 0;
  watchWire(
    nc,
    (count) => (receivedBytes += count),
    () => close("the broker sent what is no NATS protocol"),
  );
  close = (why) => {
    if (closed) return;
    closed = true;
    void nc.close().catch(() => {});
    onClosed(why);
  };
  void nc.closed().then((error) => close(error instanceof Error ? error.message : "closed"));
  return new NatsBrokerConnection(nc, settings, () => receivedBytes, close);
};

class NatsBrokerConnection implements BrokerConnection {
  readonly #nc: NatsConnection;
  readonly #settings: NatsSettings;
  readonly #received: () => number;
  readonly #close: (why: string) => void;
  /** A forbidden publish is answered by an error of its own, never on the reply subject. */
  readonly #forbidden = new Map<string, (error: UpstreamError) => void>();
  /** Rejects when the connection is closed: the library then leaves a flush, and some requests, unanswered for ever. */
  readonly #gone: Promise<never>;

  constructor(nc: NatsConnection, settings: NatsSettings, received: () => number, close: (why: string) => void) {
    this.#nc = nc;
    this.#settings = settings;
    this.#received = received;
    this.#close = close;
    this.#gone = nc.closed().then((error) => Promise.reject(closedError(error)));
    this.#gone.catch(() => {});
    void this.#watch();
  }

  get maxPayloadBytes(): number {
    return maxPayloadOf(this.#nc.info?.max_payload);
  }

  get receivedBytes(): number {
    return this.#received();
  }

  #apiSubject(call: string): string {
    return `${this.#settings.apiPrefix}.${call}`;
  }

  async #watch(): Promise<void> {
    for await (const status of this.#nc.status()) {
      const denied = status.type === Events.Error ? status.permissionContext : undefined;
      if (denied?.operation !== "publish") continue;
      this.#forbidden.get(denied.subject)?.(
        new UpstreamError("permission", `to publish to ${lastingSubject(denied.subject)}`),
      );
    }
  }

  async request(call: string, body: object | null, timeoutMs: number): Promise<unknown> {
    const subject = this.#apiSubject(call);
    const denied = new Promise<never>((_, reject) => this.#forbidden.set(subject, reject));
    denied.catch(() => {});
    try {
      const payload = body === null ? "" : JSON.stringify(body);
      // The library's own timer is only the last resort: it knows nothing of what comes in meanwhile.
      const asked = this.#nc.request(subject, payload, { timeout: timeoutMs + MOST_BEHIND_MS + timeoutMs });
      const answer = await this.#unlessLate(
        Promise.race([asked, denied, this.#gone]),
        timeoutMs,
        `no answer to ${lastingSubject(subject)}`,
      );
      return answer.json();
    } catch (error) {
      const failure = requestError(subject, error);
      if (failure.cause !== "timeout" || !(await this.#isLeaderless())) throw failure;
      throw new UpstreamError("no-leader", `${failure.message} from a server that is there`);
    } finally {
      this.#forbidden.delete(subject);
    }
  }

  /** In a cluster without a leader the server answers pings, and nobody the API of JetStream. */
  async #isLeaderless(): Promise<boolean> {
    if (this.#nc.info?.cluster === undefined || this.#nc.isClosed()) return false;
    const pong = this.#nc.flush().then(
      () => true,
      () => false,
    );
    return Promise.race([pong, systemRuntime.delay(PONG_TIMEOUT_MS).then(() => false)]);
  }

  inbox(onDelivery: OnDelivery): { subject: string; close(): void } {
    const subject = createInbox(this.#settings.inboxPrefix);
    if (this.#nc.isClosed()) return { subject, close: () => {} };
    const sub = this.#nc.subscribe(subject, {
      // A throw here would kill the library's socket reader and leave the connection looking open (NATS-3).
      callback: (error, message) => {
        try {
          onDelivery(error === null ? toDelivery(message) : null);
        } catch (thrown) {
          this.#close(`handler failed: ${thrown instanceof Error ? thrown.message : "unknown"}`);
        }
      },
    });
    return { subject, close: () => sub.unsubscribe() };
  }

  publish(call: string, body: object, reply: string): void {
    if (!this.#nc.isClosed()) this.#nc.publish(this.#apiSubject(call), JSON.stringify(body), { reply });
  }

  async publishChecked(call: string, body: object, reply: string): Promise<void> {
    const subject = this.#apiSubject(call);
    let denied: UpstreamError | null = null;
    this.#forbidden.set(subject, (error) => (denied = error));
    try {
      this.publish(call, body, reply);
      // On a half-open path the library's own pings notice only later that nobody answers.
      const taken = Promise.race([this.#nc.flush(), this.#gone]);
      await this.#unlessLate(taken, FLUSH_TIMEOUT_MS, "no answer to a ping");
      // The refusal arrives before the pong, but through an iterator that needs a turn of its own.
      await systemRuntime.delay(0);
    } catch (error) {
      throw requestError(subject, error);
    } finally {
      this.#forbidden.delete(subject);
    }
    // The compiler does not see that a callback sets it, and takes it for null.
    if (denied !== null) throw denied as UpstreamError;
  }

  /** Waits for the broker's word, and longer while data comes in before it (P22). */
  async #unlessLate<T>(word: Promise<T>, timeoutMs: number, why: string): Promise<T> {
    const timer = systemRuntime.timer();
    const patience = new Patience(this.#received());
    const late = new Promise<never>((_, reject) => {
      const look = (): void => {
        const moreMs = patience.more(this.#received());
        if (moreMs === 0) reject(new UpstreamError("timeout", why));
        else timer.arm(moreMs, look);
      };
      timer.arm(timeoutMs, look);
    });
    late.catch(() => {});
    word.catch(() => {});
    try {
      return await Promise.race([word, late]);
    } finally {
      timer.clear();
    }
  }

  close(): void {
    this.#close("closed by the room");
  }
}

/** What a broker without a word about it allows, and one whose word makes no sense. */
const DEFAULT_MAX_PAYLOAD_BYTES = 1024 * 1024;

function maxPayloadOf(told: unknown): number {
  return Number.isSafeInteger(told) && Number(told) > 0 ? Number(told) : DEFAULT_MAX_PAYLOAD_BYTES;
}

function credentials(settings: NatsSettings): ConnectionOptions {
  const auth = settings.auth;
  switch (auth.kind) {
    case "none":
      return {};
    case "creds":
      return { authenticator: credsAuthenticator(new TextEncoder().encode(credsText(auth.creds))) };
    case "nkey":
      return { authenticator: nkeyAuthenticator(new TextEncoder().encode(auth.seed)) };
    case "token":
      return { token: auth.token };
    case "userpass":
      return { user: auth.user, pass: auth.pass };
  }
}

/** The library wants a line feed after the last line, and no carriage return anywhere; editors and trimming see to both. */
function credsText(creds: string): string {
  return `${creds.replaceAll("\r\n", "\n").trim()}\n`;
}
