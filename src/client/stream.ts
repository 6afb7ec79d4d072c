/**
 * DOOR: the stream a page uses. Sockets, timers and the page's functions are touched here; what to do about them is decided
 * in `machine.ts`, what is delivered in `intake.ts`.
 */
import type { Move } from "./frame.ts";
import { Intake } from "./intake.ts";
import { openSocket, type Line } from "./line.ts";
import { FIRST, step } from "./machine.ts";
import { addressOf, type CloudEvent, type EventStreamOptions, type Handler, type StreamItem } from "./options.ts";
import { isHidden, onWake } from "./page.ts";
import type { Circumstances } from "./retry.ts";
import { openShared } from "./shared.ts";
import { isSame, view, type Effect, type Happening, type Reset, type State, type StreamState } from "./state.ts";
import type { Cursor } from "./storage.ts";
import { Timer } from "../shared/timer.ts";
import { protocolsFor, renewalMs } from "./token.ts";
import { askWhy } from "./why.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;

export class EventStream<Event = CloudEvent> extends EventTarget {
  readonly #options: EventStreamOptions;
  readonly #intake: Intake<Event>;
  readonly #stopListening: () => void;
  readonly #deadline = new Timer();
  readonly #renewal = new Timer();
  #state: State = FIRST.state;
  #shown: StreamState = view(FIRST.state);
  /** Counts connections: what was begun for an earlier one is nobody's business any more. */
  #attempt = 0;
  #line: Line | null = null;
  #token: string | null = null;
  #deadlineAtMs = Infinity;

  /** Connects at once. Events wait for the first handler or loop. */
  constructor(options: EventStreamOptions) {
    super();
    this.#options = options;
    this.#intake = new Intake(options, {
      onConsumed: (...consumed) => this.#line?.consumed(...consumed),
      onMoved: (frame) => this.#onMoved(frame),
      onLost: (loss) => this.#step({ kind: "lost", loss }),
    });
    addressOf(options, null);
    this.#stopListening = onWake(() => this.retryNow());
    this.#perform(FIRST.effects);
  }

  /** Where the stream is; `statechange` is dispatched when it changes, with the new state as `detail`. */
  get state(): StreamState {
    return this.#shown;
  }

  /** Everything up to here was handled. Null until the relay has told where the stream starts. */
  get cursor(): Cursor | null {
    return this.#intake.cursor;
  }

  /** Calls the handler once for every event, in order; returns how to stop that. */
  subscribe(handler: Handler<Event>): () => void {
    return this.#intake.consumers.subscribe(handler);
  }

  /** `for await (const { seq, event } of stream)`: ends with the stream, and throws the error it closed with. */
  [Symbol.asyncIterator](): AsyncGenerator<StreamItem<Event>, void, undefined> {
    return this.#intake.consumers.iterate();
  }

  /** A waiting stream tries now. */
  retryNow(): void {
    this.#step({ kind: "woke" });
  }

  /** For good. A handler that runs is let finish. */
  close(): void {
    this.#step({ kind: "closeAsked" });
  }

  override addEventListener(
    type: "statechange",
    listener: ((event: CustomEvent<StreamState>) => void) | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(type: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener | null, options);
  }

  #step(happening: Happening): void {
    const { state, effects } = step(this.#state, happening, this.#circumstances());
    this.#state = state;
    this.#perform(effects);
    this.#arm();
    this.#announce();
  }

  #arm(): void {
    const dueAtMs = "deadlineMs" in this.#state ? this.#state.deadlineMs : Infinity;
    // A later deadline is found out when the timer fires: one timer a connection, not one a frame.
    if (dueAtMs === Infinity) this.#deadline.clear();
    else if (!this.#deadline.isArmed || dueAtMs < this.#deadlineAtMs) {
      this.#deadlineAtMs = dueAtMs;
      this.#deadline.arm(Math.min(dueAtMs - Date.now(), MAX_TIMER_MS), () => {
        // While something is still to be handled here, the relay may be silent because we are.
        this.#step({ kind: this.#intake.isBusy ? "heard" : "ticked" });
      });
    }
  }

  #announce(): void {
    const now = view(this.#state);
    if (isSame(now, this.#shown)) return;
    this.#shown = now;
    if (now.kind === "closed") {
      this.#stopListening();
      this.#intake.consumers.end(now.error);
    }
    this.dispatchEvent(new CustomEvent("statechange", { detail: now }));
  }

  #circumstances(): Circumstances {
    const { token, onReset } = this.#options;
    return {
      nowMs: Date.now(),
      random: Math.random(),
      page: isHidden() ? "hidden" : "visible",
      token: typeof token === "function" ? "renewable" : "fixed",
      onReset: onReset === undefined ? "missing" : "given",
    };
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "open":
          void this.#prepared(() => this.#open());
          break;
        case "drop":
          this.#drop();
          break;
        case "ask":
          void this.#ask();
          break;
        case "hydrate":
          void this.#prepared(() => this.#hydrate(effect.reset));
          break;
      }
    }
  }

  /** Runs what calls functions of the page, which may fail, or close the stream meanwhile. */
  async #prepared(run: () => Promise<() => void>): Promise<void> {
    const attempt = this.#attempt;
    try {
      const go = await run();
      if (attempt === this.#attempt) go();
    } catch (cause) {
      if (attempt === this.#attempt) this.#step({ kind: "threw", cause });
    }
  }

  async #open(): Promise<() => void> {
    // Not before the constructor is through: the page's functions may use the stream.
    await null;
    await this.#intake.load();
    const { token } = this.#options;
    this.#token = (typeof token === "function" ? await token() : token) ?? null;
    return () => {
      this.#step({ kind: "dialled" });
      const { shared } = this.#options;
      const open = shared ? openShared(shared) : openSocket;
      this.#line = open(addressOf(this.#options, this.cursor), protocolsFor(this.#token), {
        opened: () => this.#step({ kind: "opened" }),
        received: (text) => {
          this.#step({ kind: "heard" });
          this.#intake.take(text);
        },
        closed: (code, reason) => {
          if (this.#state.kind === "connecting") this.#step({ kind: "failed" });
          else this.#intake.take({ kind: "closed", code, reason, problem: null });
        },
      });
    };
  }

  async #hydrate(reset: Reset): Promise<() => void> {
    const cursor = (await this.#options.onReset?.(reset)) ?? null;
    return () => {
      this.#intake.startAt(cursor);
      this.#step({ kind: "hydrated" });
    };
  }

  async #ask(): Promise<void> {
    const attempt = this.#attempt;
    const answer = await askWhy(addressOf(this.#options, this.cursor), this.#token);
    if (attempt === this.#attempt) this.#step({ kind: "answered", answer });
  }

  #drop(): void {
    this.#attempt += 1;
    this.#line?.close();
    this.#line = null;
    this.#intake.drop();
    this.#renewal.clear();
  }

  #onMoved(frame: Move): void {
    if (frame.type === "welcome") {
      this.#step({ kind: "welcomed", live: frame.live, heartbeatMs: Number(frame.heartbeatMs) });
      this.#renewInTime();
    } else if (frame.type === "caught-up") this.#step({ kind: "caughtUp" });
    else if (frame.type === "heartbeat") this.#step({ kind: "upstreamTold", upstream: frame.upstream });
  }

  /** Replaces the token in place before it expires (V8). If that fails, the relay's 4401 asks for the next. */
  #renewInTime(): void {
    const { token } = this.#options;
    const delayMs = renewalMs(this.#token ?? "", Date.now(), Math.random());
    if (typeof token !== "function" || delayMs === null) return;
    this.#renewal.arm(delayMs, () => {
      const attempt = this.#attempt;
      void (async () => token())().then(
        (fresh) => {
          if (attempt !== this.#attempt || fresh === this.#token) return;
          this.#token = fresh;
          this.#line?.send(JSON.stringify({ type: "auth", token: fresh }));
          this.#renewInTime();
        },
        () => {},
      );
    });
  }
}
