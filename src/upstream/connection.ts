/** What the relay needs of a connection to the broker. `nats-connection.ts` makes one with the NATS library. */
import type { NatsSettings } from "../config/config.ts";

/** One message, its bytes as the broker sent them. */
export interface Delivery {
  readonly subject: string;
  /** Empty when it has none. */
  readonly reply: string;
  /** The header block, from its `NATS/1.0` on; null when it has none. */
  readonly headers: Uint8Array | null;
  readonly payload: Uint8Array;
}

/** Called with each message of an inbox; with null when its subscription was refused. */
export type OnDelivery = (message: Delivery | null) => void;

export interface BrokerConnection {
  /** Largest payload the broker accepts, from the last INFO it sent: a reload of its configuration sends another. */
  readonly maxPayloadBytes: number;
  /** Bytes that have come so far. */
  readonly receivedBytes: number;
  /**
   * Sends JSON to a subject of the JetStream API, named without its prefix (U6); returns the answer's JSON. The time goes on
   * while data comes in (P22). Throws UpstreamError.
   */
  request(subject: string, body: object | null, timeoutMs: number): Promise<unknown>;
  /** Subscribes an inbox of its own; on a closed connection one that gets nothing. */
  inbox(onDelivery: OnDelivery): { readonly subject: string; close(): void };
  /** To a subject of the JetStream API, as request(). */
  publish(subject: string, body: object, reply: string): void;
  /** As publish(), but resolves when the broker has taken it and throws when it forbids it. */
  publishChecked(subject: string, body: object, reply: string): Promise<void>;
  close(): void;
}

/**
 * Opens a connection named `name`. `onClosed` is called once, whoever ended it. `unwanted` says that nobody waits for it
 * any more. Throws UpstreamError.
 */
export type OpenConnection = (
  settings: NatsSettings,
  name: string,
  onClosed: (why: string) => void,
  unwanted?: AbortSignal,
) => Promise<BrokerConnection>;
