/**
 * One `EventStream` and what its handler got, as notes. Runs in Node and in pages: no Node here.
 *
 * An event is noted when its handler ends. Until then the stream may deliver it once more after a reload, and must.
 */
import type { EventStream, StreamItem, StreamState } from "../../src/client/index.ts";
import type { Cursor, CursorStore } from "../../src/client/storage.ts";
import { Random } from "../../src/dev/random.ts";
import { eventsOf } from "../support/wire/reader-v2.ts";
import { comparable } from "./comparable.ts";

export interface Order {
  readonly url: string;
  readonly token: string;
  readonly subject: string;
  readonly since: number | null;
  readonly isShared: boolean;
  readonly isSlow: boolean;
  readonly loops: boolean;
  readonly seed: number;
}

/** Why a stream waits, or ended. */
export interface Fault {
  readonly reason: string;
  readonly status: number | null;
  readonly code: number | null;
  readonly oldestSeq: number | null;
  /** The type of the problem that the relay told before the end. */
  readonly told: string | null;
}

export type Note =
  | { readonly kind: "event"; readonly seq: number; readonly text: string }
  /** One whose text is too long to be carried about. */
  | { readonly kind: "event"; readonly seq: number; readonly digest: string }
  | {
      readonly kind: "state";
      readonly atMs: number;
      readonly state: StreamState["kind"];
      readonly cursor: number | null;
      readonly fault: Fault | null;
    }
  /** `onReset` was called, and waits for an answer. */
  | { readonly kind: "reset"; readonly reason: string; readonly cursor: number | null };

const LONG_CHARS = 16 * 1024;
const PAUSE_CHANCE = 0.02;
const MAX_PAUSE_MS = 20;

/** Signs of life, for whoever must find out why a stream stands still. */
export interface Pulse {
  /** When a frame was read last. */
  readonly readAtMs: number;
  /** Handlers and stores that are not through. */
  readonly running: number;
}

export class Listener {
  readonly #stream: EventStream<string>;
  readonly #note: (note: Note) => void;
  readonly #random: Random;
  readonly #isSlow: boolean;
  #held: PromiseWithResolvers<void> | null = null;
  #answer: ((cursor: Cursor | null) => void) | null = null;
  #running = 0;
  #wasWelcomed = false;
  #readAtMs = Date.now();

  constructor(Stream: typeof EventStream, order: Order, store: CursorStore, note: (note: Note) => void) {
    const { url, token, subject, since, isShared, isSlow, loops, seed } = order;
    this.#note = note;
    this.#random = new Random(seed);
    this.#isSlow = isSlow;
    this.#stream = new Stream<string>({
      url,
      token,
      subject,
      ...(since === null ? {} : { since }),
      shared: isShared,
      store: this.#watched(store),
      parse: (text) => {
        this.#readAtMs = Date.now();
        return readRaw(text);
      },
      onReset: ({ reason }) => {
        note({ kind: "reset", reason, cursor: this.#seq });
        return new Promise((resolve) => (this.#answer = resolve));
      },
    });
    this.#tell(this.#stream.state);
    this.#stream.addEventListener("statechange", ({ detail }) => this.#tell(detail));
    if (loops) void this.#loop();
    else this.#stream.subscribe((item) => this.#take(item));
  }

  /** Null until the relay has told it: the store may still be loading. */
  get cursor(): number | null {
    return this.#wasWelcomed ? this.#seq : null;
  }

  get pulse(): Pulse {
    return { readAtMs: this.#readAtMs, running: this.#running };
  }

  retry(): void {
    this.#stream.retryNow();
  }

  /** The handler ends no more, until `release`. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  answerReset(cursor: Cursor | null): void {
    this.#answer?.(cursor);
    this.#answer = null;
  }

  /** Resolves when the last handler is through and the last cursor is kept. */
  async close(): Promise<void> {
    this.release();
    this.#stream.close();
    do {
      await pause(1);
    } while (this.#running > 0);
  }

  async #loop(): Promise<void> {
    try {
      for await (const item of this.#stream) {
        const handling = this.#take(item);
        // Most loops wait for nothing: neither does this one.
        if (handling !== null) await handling;
      }
    } catch (error) {
      // How a stream ended is told by its state; anything else must not go unheard.
      if (this.#stream.state.kind !== "closed") throw error;
    }
  }

  get #seq(): number | null {
    return this.#stream.cursor?.seq ?? null;
  }

  #take({ seq, event: text }: StreamItem<string>): Promise<void> | null {
    const isPausing = this.#isSlow && this.#random.fraction() < PAUSE_CHANCE;
    if (!isPausing && this.#held === null && text.length < LONG_CHARS) {
      this.#note({ kind: "event", seq, text });
      return null;
    }
    return this.#during(async () => {
      const digest = text.length < LONG_CHARS ? null : await digestOf(comparable(text));
      if (isPausing) await pause(this.#random.between(1, MAX_PAUSE_MS));
      await this.#held?.promise;
      this.#note(digest === null ? { kind: "event", seq, text } : { kind: "event", seq, digest });
    });
  }

  #watched(store: CursorStore): CursorStore {
    return {
      load: () => store.load(),
      save: (cursor) => {
        const saving = store.save(cursor);
        return saving instanceof Promise ? this.#during(() => saving) : undefined;
      },
    };
  }

  async #during(run: () => Promise<void>): Promise<void> {
    this.#running += 1;
    try {
      await run();
    } finally {
      this.#running -= 1;
    }
  }

  #tell(state: StreamState): void {
    this.#wasWelcomed ||= state.kind === "replaying" || state.kind === "live";
    const error = "error" in state ? state.error : null;
    const fault = error && {
      reason: error.reason,
      status: error.status ?? null,
      code: error.code ?? null,
      oldestSeq: error.problem?.oldest_seq ?? null,
      told: error.problem?.type ?? null,
    };
    this.#note({ kind: "state", atMs: Date.now(), state: state.kind, cursor: this.#seq, fault });
  }
}

/** Leaves every event the text it came as. */
function readRaw(text: string): unknown {
  const frame = JSON.parse(text) as { readonly type: string };
  if (frame.type !== "events") return frame;
  const events = eventsOf(text);
  if (events === null) throw new Error(`No list of events: ${text.slice(0, 80)}`);
  return { ...frame, events: events.map((event) => ({ seq: event.seq, event: event.text })) };
}

async function digestOf(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
