/** What a stream is told, and the types of what it delivers. */
import type { Sharing } from "./shared/messages.ts";
import type { Cursor, CursorStore } from "./storage.ts";

/** A CloudEvent 1.0 in its JSON form. Name your own type as `new EventStream<MyEvent>(…)`: it is not checked at run time. */
export interface CloudEvent<Data = unknown> {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time?: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  readonly data?: Data;
  readonly [extension: string]: unknown;
}

export interface StreamItem<Event = CloudEvent> {
  /** Sequence in the stream: rises, with gaps where events are for others. */
  readonly seq: number;
  readonly event: Event;
  /** The NATS subject that it was published to, and when the stream took it (RFC 3339, UTC): with the option `meta`. */
  readonly subject?: string | undefined;
  readonly time?: string | undefined;
}

/** The stream waits for the promise before it hands over the next event. */
export type Handler<Event> = (item: StreamItem<Event>) => unknown;

/** Why the cursor cannot be resumed from. */
export interface Reset {
  /** `retention-exhausted`: events after it were removed. `stream-reset`: it belongs to another stream. */
  readonly reason: string;
  /** The oldest event that is still there, if the relay said so. */
  readonly oldestSeq: number | undefined;
}

export interface EventStreamOptions {
  /** The relay: `https://relay.example`, its full `wss://relay.example/ws/events`, or a path of this page's own origin. */
  readonly url: string | URL;
  /**
   * A function is called for every connection, and before a token ends: the stream brings the next one by itself, on the
   * connection that is open. A string serves until it ends.
   */
  readonly token?: string | (() => string | Promise<string>);
  /**
   * Instead of `token`, a ticket of the relay (`POST /v1/tickets`), which stands in the address. A ticket is for one connection:
   * the function is called for each. Where `token` is there too, it renews what the ticket opened. Tabs share no such connection.
   */
  readonly ticket?: () => string | Promise<string>;
  /** NATS subject filter, such as `cellos.events.acme.>`; the relay has a default. */
  readonly subject?: string;
  /** Start after this sequence; 0 is the oldest retained event. Without it the stream starts now. `store` goes first. */
  readonly since?: number;
  /** Which stream `since` belongs to: a stream created anew is then noticed. */
  readonly epoch?: string;
  /** Items also say the NATS subject of their event and when the stream took it. */
  readonly meta?: boolean;
  /** Where the cursor survives a reload: `cursorIn(localStorage, "key")`, or your own. */
  readonly store?: CursorStore;
  /**
   * The cursor is gone, so what the page shows may be wrong: load a snapshot and return the cursor it was taken at (or null:
   * from now on). Nothing is delivered meanwhile. Without it such a stream closes with an error. It is called after a pause
   * of some seconds, because a whole room loses its cursor in one moment; `retryNow()` ends the pause.
   */
  readonly onReset?: (reset: Reset) => Cursor | null | Promise<Cursor | null>;
  /** Instead of `JSON.parse`, which rounds integers above 2^53. It is given whole frames; an event for which it throws is skipped. */
  readonly parse?: (text: string) => unknown;
  /**
   * One socket for all tabs, in a SharedWorker; where there is none, or its script does not load, every tab has its own.
   * The script must come from the page's own origin: `workerUrl` says where, when your bundler does not find it by itself.
   */
  readonly shared?: Sharing;
}

const DEFAULT_PATH = "/ws/events";

/** The address of the next connection; `base` is that of the page, if there is one. Throws on a URL that is none. */
export function addressOf(
  { url, subject, meta }: EventStreamOptions,
  from: Cursor | null,
  base?: string,
  ticket?: string,
): URL {
  const address = new URL(url, base);
  address.protocol = address.protocol.replace("http", "ws");
  if (address.pathname === "/") address.pathname = DEFAULT_PATH;
  for (const [name, value] of Object.entries({
    subject,
    since: from?.seq,
    epoch: from?.epoch,
    meta: meta ? 1 : undefined,
    ticket,
  })) {
    if (value !== undefined) address.searchParams.set(name, String(value));
  }
  return address;
}
