/** EFFECTS: the stream of this page. One at a time; what an earlier one still says is nobody's business. */
import { EventStream, type StreamItem } from "../../client/index.ts";
import { parseExactly } from "./parse.ts";
import { asksWhere, type Cursor, type Plan, type Situation } from "./situation.ts";

/** A token, or how to get one: that is asked again before it ends. */
export type TokenSource = string | (() => Promise<string>);

export interface SessionHost {
  /** This token is used from now on. */
  onToken(token: string): void;
  onEvent(item: StreamItem<unknown>): void;
  onChange(): void;
}

/** Where to go on when the cursor is gone. No epoch: the oldest retained event, wherever that is (W4). */
const STARTS = { oldest: { seq: 0 }, live: null } as const;

export class Session {
  readonly #host: SessionHost;
  readonly #kept: Cursor | null;
  #stream: EventStream<unknown> | null = null;
  #subject = "";
  #token: TokenSource = "";
  #resumedFrom: Cursor | null = null;
  #isLeft = false;
  /** What the person chose before the stream asked. */
  #chosen: Cursor | null | undefined;
  #choose: ((start: Cursor | null) => void) | null = null;

  constructor(host: SessionHost, kept: Cursor | null) {
    this.#host = host;
    this.#kept = kept;
  }

  get situation(): Situation {
    const stream = this.#stream;
    if (stream === null) return { kind: "idle", kept: this.#kept };
    const { state, cursor } = stream;
    return {
      kind: "asked",
      subject: this.#subject,
      state,
      cursor,
      resumedFrom: this.#resumedFrom,
      isLeft: this.#isLeft,
    };
  }

  start({ subject, since }: Plan, token = this.#token): void {
    const before = this.#stream;
    // First: its end would be told as that of this session.
    this.#stream = null;
    before?.close();
    this.#subject = subject;
    this.#token = token;
    this.#resumedFrom = since;
    this.#isLeft = false;
    this.#chosen = undefined;
    this.#choose = null;
    if (typeof token === "string") this.#host.onToken(token);
    const stream = new EventStream<unknown>({
      url: location.origin,
      token: typeof token === "string" ? token : () => this.#ask(token),
      parse: parseExactly,
      onReset: () => this.#askWhere(),
      ...(subject === "" ? {} : { subject }),
      ...(since === null ? {} : { since: since.seq }),
      ...(since?.epoch === undefined ? {} : { epoch: since.epoch }),
    });
    this.#stream = stream;
    stream.subscribe((item) => {
      if (stream === this.#stream) this.#host.onEvent(item);
    });
    stream.addEventListener("statechange", ({ detail }) => {
      if (stream !== this.#stream) return;
      if (detail.kind === "connecting") this.#resumedFrom = stream.cursor;
      if (detail.kind !== "waiting") this.#chosen = undefined;
      this.#host.onChange();
    });
    this.#host.onChange();
  }

  async #ask(source: () => Promise<string>): Promise<string> {
    const token = await source();
    if (source === this.#token) this.#host.onToken(token);
    return token;
  }

  leave(): void {
    this.#isLeft = true;
    this.#stream?.close();
  }

  retry(): void {
    this.#stream?.retryNow();
  }

  /** The answer to a cursor that is gone. */
  startAt(start: keyof typeof STARTS): void {
    if (!asksWhere(this.situation)) return;
    this.#chosen = STARTS[start];
    // Before the stream asks there is a pause, so that not all pages come back in one moment; a click ends it.
    if (this.#choose === null) this.#stream?.retryNow();
    else this.#choose(this.#chosen);
  }

  #askWhere(): Cursor | null | Promise<Cursor | null> {
    if (this.#chosen !== undefined) return this.#chosen;
    return new Promise((resolve) => {
      this.#choose = (start) => {
        this.#choose = null;
        resolve(start);
      };
    });
  }
}
