/**
 * EFFECTS: the stream a page uses. Sockets, timers and the page's functions are touched here; what to do about them is decided
 * in `machine.ts`, what is delivered in `intake.ts`.
 */
import { Intake } from "./intake.ts";
import type { Line } from "./wire/line.ts";
import { FIRST, step } from "./machine.ts";
import { addressOf, type CloudEvent, type EventStreamOptions, type Handler, type StreamItem } from "./options.ts";
import { isHidden, onWake, pageAddress } from "./page.ts";
import { openLine } from "./shared/shared-line.ts";
import { view, type Effect, type StreamEvent, type State, type StreamState } from "./state.ts";
import type { Cursor } from "./storage.ts";
import { claimsOf, MAX_TIMER_MS, protocolsFor } from "./wire/token.ts";
import { diagnoseRefusal } from "./diagnose.ts";
import { CLOSE } from "../protocol/codes.ts";
import { Renewal } from "./renewal.ts";
import type { Frame } from "./wire/frame.ts";

/** An EventTarget with one typed event: its `detail` is the new state. */
interface StatusEvents extends EventTarget {
  addEventListener(
    type: "statechange",
    listener: ((event: CustomEvent<StreamState>) => void) | null,
    options?: Parameters<EventTarget["addEventListener"]>[2],
  ): void;
  addEventListener(...listening: Parameters<EventTarget["addEventListener"]>): void;
}
const StatusTarget = EventTarget as new () => StatusEvents;

/** What a connection is dialled with: one of the two, or neither. */
interface Credential {
  readonly token?: string | undefined;
  readonly ticket?: string | undefined;
}

type Handle = ReturnType<typeof setTimeout> | undefined;

export class EventStream<Event = CloudEvent> extends StatusTarget {
  readonly #options: EventStreamOptions;
  readonly #intake: Intake<Event>;
  readonly #stopListening: () => void;
  #state: State = FIRST[0];
  #shown: StreamState = view(FIRST[0]);
  /** Counts connections: what was begun for an earlier one is nobody's business any more. */
  #attempt = 0;
  #deadline: Handle;
  #line: Line | null = null;
  #credential: Credential = {};
  readonly #renewal = new Renewal({
    token: async () => (typeof this.#options.token === "function" ? this.#options.token() : null),
    send: (token) => this.#line?.send(JSON.stringify({ type: "auth", token })),
    reconnect: () => this.#intake.take(CLOSE.tokenExpired),
  });

  /** Connects at once. Events wait for the first handler or loop. */
  constructor(options: EventStreamOptions) {
    super();
    this.#options = options;
    this.#intake = new Intake(options, {
      onConsumed: (...consumed) => this.#line?.consumed(...consumed),
      onFrame: (frame) => this.#onFrame(frame),
      onLost: (error) => this.#step({ kind: "lost", error }),
    });
    addressOf(options, null, pageAddress());
    this.#stopListening = onWake(() => this.retryNow());
    this.#perform("open");
  }

  /** Where the stream is; `statechange` is dispatched when it changes, with the new state as `detail`. */
  get state(): StreamState {
    return this.#shown;
  }

  /** Everything up to here was handled. Null until the relay has told where the stream starts. */
  get cursor(): Cursor | null {
    return this.#intake.cursor;
  }

  /** How many events could not be read (no JSON, `parse` threw) or were nested deeper than 128. They were passed over. */
  get skipped(): number {
    return this.#intake.skipped;
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

  #step(happening: StreamEvent): void {
    const { onReset } = this.#options;
    const [state, ...effects] = step(this.#state, happening, {
      nowMs: Date.now(),
      random: Math.random(),
      isHidden: isHidden(),
      canRenew: this.#canRenew,
      canHydrate: onReset !== undefined,
    });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#arm();
    const shown = view(this.#state);
    if (JSON.stringify(shown) !== JSON.stringify(this.#shown)) this.#announce(shown);
  }

  #arm(): void {
    const state = this.#state;
    clearTimeout(this.#deadline);
    if (!("deadlineMs" in state)) return;
    this.#deadline = setTimeout(
      // While something is still to be handled here, the relay may be silent because we are.
      () => this.#step({ kind: this.#line && this.#intake.isBusy ? "heard" : "ticked" }),
      // Node warns of a time that has passed.
      Math.min(Math.max(0, state.deadlineMs - Date.now()), MAX_TIMER_MS),
    );
  }

  #announce(shown: StreamState): void {
    this.#shown = shown;
    if (shown.kind === "closed") {
      this.#stopListening();
      this.#intake.consumers.end(shown.error);
    }
    this.dispatchEvent(new CustomEvent("statechange", { detail: shown }));
  }

  #perform(effect: Effect): void {
    switch (effect) {
      case "open":
        return this.#run(
          () => this.#intake.load().then(() => this.#ask()),
          (credential) => this.#dial(credential),
        );
      case "ask":
        return this.#run(
          () => diagnoseRefusal(this.#address, this.#credential.token),
          (error) => this.#step({ kind: "lost", error }),
        );
      case "hydrate":
        return this.#run(
          () => this.#hydrate(),
          (cursor) => {
            this.#intake.startAt(cursor ?? null);
            this.#step({ kind: "hydrated" });
          },
        );
      case "drop":
        this.#attempt += 1;
        this.#renewal.stop();
        this.#line?.close();
        this.#line = null;
        this.#intake.drop();
    }
  }

  /** What calls functions of the page: they may fail, or take so long that nobody asks any more. */
  #run<T>(begin: () => Promise<T>, then: (value: T) => void): void {
    const attempt = this.#attempt;
    const isCurrent = (): boolean => attempt === this.#attempt;
    // Not in this turn: the constructor may not be through, and what the page calls must find the new state.
    Promise.resolve()
      .then(begin)
      .then(
        (value) => isCurrent() && then(value),
        (cause: unknown) => isCurrent() && this.#step({ kind: "threw", cause }),
      );
  }

  get #address(): URL {
    return addressOf(this.#options, this.cursor, pageAddress(), this.#credential.ticket);
  }

  /** Without a token a proxy may hand one on, and the next connection then carries the next one. */
  get #canRenew(): boolean {
    return typeof this.#options.token !== "string" || this.#options.ticket !== undefined;
  }

  async #ask(): Promise<Credential> {
    const { token, ticket } = this.#options;
    if (ticket !== undefined) return { ticket: await ticket() };
    return { token: typeof token === "function" ? await token() : token };
  }

  #onFrame(frame: Frame): void {
    if (frame.type === "welcome" && frame.expiresInMs === undefined && this.#canRenew) {
      const exp = claimsOf(this.#credential.token ?? "")?.["exp"];
      if (typeof exp === "number") this.#renewal.endsIn(exp * 1000 - Date.now());
    }
    this.#step({ kind: "framed", frame });
  }

  async #hydrate(): Promise<Cursor | null | undefined> {
    if (this.#state.kind !== "hydrating") return;
    const { reason, problem } = this.#state.error;
    return this.#options.onReset?.({ reason, oldestSeq: problem?.oldest_seq });
  }

  #dial(credential: Credential): void {
    this.#credential = credential;
    this.#step({ kind: "dialled" });
    let isOpen = false;
    const shared = credential.ticket === undefined && this.#options.shared;
    this.#line = openLine(shared)(this.#address, protocolsFor(credential.token), {
      opened: () => (isOpen = true),
      received: (text) => {
        if (this.#canRenew) this.#renewal.heard(text);
        this.#step({ kind: "heard" });
        this.#intake.take(text);
      },
      closed: (code, reason) => {
        if (isOpen) this.#intake.take({ code, reason });
        else this.#step({ kind: "failed" });
      },
    });
  }
}
