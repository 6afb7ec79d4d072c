/** For what takes a moment, or six seconds at most (W12): five times that. */
const DEFAULT_TIMEOUT_MS = 30_000;
const SHOWN_FRAMES = 12;
const SHOWN_CHARS = 300;

/** What the WebSocket of `ws`, of Node and of workerd have in common. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: Closed) => void): void;
  addEventListener(type: "error", listener: (event: unknown) => void): void;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

export interface Envelope {
  readonly seq: number;
  readonly event: TestEvent;
}

export interface TestEvent {
  readonly id?: string;
  readonly type?: string;
  readonly source?: string;
  readonly data?: Record<string, unknown>;
  readonly [attribute: string]: unknown;
}

/** Any frame of v1 or v2. A text that is no JSON object, such as `pong`, appears as `{ type: <the text> }`. */
export interface Frame {
  readonly type?: string;
  readonly seq?: number;
  readonly event?: TestEvent;
  readonly title?: string;
  readonly oldest_seq?: number;
  readonly protocol?: number;
  readonly epoch?: string;
  readonly cursor?: number;
  readonly live?: boolean;
  readonly heartbeatMs?: number;
  readonly ackBytes?: number;
  readonly expiresAtMs?: number | null;
  readonly expiresInMs?: number | null;
  readonly prev?: number;
  readonly events?: readonly Envelope[];
  readonly upstream?: string;
  readonly problem?: { readonly type: string; readonly [member: string]: unknown };
}

export interface Received {
  readonly atMs: number;
  readonly text: string;
  readonly frame: Frame;
}

export const HEARTBEAT_TYPE = "io.cellos.relay.v1.heartbeat";

/** A client to await on. Every wait has a limit, and its error shows what did arrive. */
export class TestSocket {
  /** Everything that arrived, consumed or not. */
  readonly received: Received[] = [];
  readonly #socket: SocketLike;
  readonly #closed = Promise.withResolvers<Closed>();
  #closing: Closed | undefined;
  #consumed = 0;
  #wake = Promise.withResolvers<void>();

  constructor(socket: SocketLike) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const text = String(data);
      this.received.push({ atMs: Date.now(), text, frame: frameOf(text) });
      this.#notify();
    });
    socket.addEventListener("close", ({ code, reason, wasClean }) => {
      this.#closing = { code, reason, wasClean };
      this.#closed.resolve(this.#closing);
      this.#notify();
    });
    // The close event that follows says the same and more.
    socket.addEventListener("error", () => {});
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** The next frame that matches; frames before it count as consumed. */
  async next(match: (frame: Frame) => boolean = () => true, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Frame> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      for (let item = this.received[this.#consumed]; item !== undefined; item = this.received[this.#consumed]) {
        this.#consumed += 1;
        if (match(item.frame)) return item.frame;
      }
      if (this.#closing !== undefined) throw new Error(`The socket closed before the frame came.${this.#story()}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`No such frame within ${timeoutMs} ms.${this.#story()}`);
      await within(leftMs, this.#wake.promise);
    }
  }

  /** The next frame of this `type`: `welcome`, `heartbeat`, `problem`, `pong`… */
  async type(type: string, timeoutMs?: number): Promise<Frame> {
    return this.next((frame) => frame.type === type, timeoutMs);
  }

  /** The next `count` events or more (a v2 frame is taken whole), v1 or v2, heartbeats left out. */
  async events(count: number, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Envelope[]> {
    const deadline = Date.now() + timeoutMs;
    const found: Envelope[] = [];
    while (found.length < count) {
      const frame = await this.next((candidate) => eventsOf(candidate).length > 0, deadline - Date.now());
      found.push(...eventsOf(frame));
    }
    return found;
  }

  /** Waits for a heartbeat of either protocol and returns the cursor it carries. */
  async heartbeat(timeoutMs?: number): Promise<number> {
    const frame = await this.next(isHeartbeat, timeoutMs);
    return frame.cursor ?? frame.seq ?? Number.NaN;
  }

  /** Resolves when the socket has closed. */
  async closed(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Closed> {
    const end = await within(timeoutMs, this.#closed.promise);
    if (end === undefined) throw new Error(`Still open after ${timeoutMs} ms.${this.#story()}`);
    return end;
  }

  /** Every event that arrived so far, consumed or not. */
  allEvents(): Envelope[] {
    return this.received.flatMap(({ frame }) => eventsOf(frame));
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  #story(): string {
    const shown = this.received.slice(-SHOWN_FRAMES).map(({ text }) => `  ${text.slice(0, SHOWN_CHARS)}`);
    const skipped = this.received.length - shown.length;
    const head = `\n${this.received.length} frames arrived${skipped > 0 ? `, the last of them` : ""}:`;
    return [head, ...shown, this.#closing ? `closed: ${JSON.stringify(this.#closing)}` : "still open"].join("\n");
  }
}

function frameOf(text: string): Frame {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : { type: text };
  } catch {
    return { type: text };
  }
}

function isHeartbeat(frame: Frame): boolean {
  return frame.type === "heartbeat" || frame.event?.type === HEARTBEAT_TYPE;
}

function eventsOf(frame: Frame): readonly Envelope[] {
  if (frame.events !== undefined) return frame.events;
  if (frame.seq === undefined || frame.event === undefined || isHeartbeat(frame)) return [];
  return [{ seq: frame.seq, event: frame.event }];
}

/** The value, or undefined when time is up. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
