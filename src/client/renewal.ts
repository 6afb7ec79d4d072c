/**
 * EFFECTS: brings the next token before the one of a connection ends: on the connection itself (V8), or by another where the relay
 * does not know how. It goes by a clock that is never set, from the moment in which the relay says how long is left.
 */
import { AUTH_UNAVAILABLE } from "../protocol/codes.ts";
import { pauseMs, renewInMs } from "./wire/renewal-plan.ts";
import { MAX_TIMER_MS } from "./wire/token.ts";

interface Said {
  readonly type?: string;
  readonly expiresInMs?: unknown;
  readonly problem?: { readonly type?: string };
}

export interface RenewalHost {
  /** Null where there is none that could be sent on the connection: the next one then brings another ticket. */
  token(): Promise<string | null>;
  send(token: string): void;
  /** Connects anew, with another token, when everything that came is handled. */
  reconnect(): void;
}

const ANSWER_MS = 10_000;
const AGAIN_MS = 5_000;
/** A frame that says so is short, and what is longer is not worth looking at. */
const MAX_CHARS = 2_000;

export class Renewal {
  readonly #host: RenewalHost;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endsAtMs = 0;
  #sentMs: number[] = [];

  constructor(host: RenewalHost) {
    this.#host = host;
  }

  /** A text has come: at once, whatever is still to be handled before it. */
  heard(text: string): void {
    if (text.length > MAX_CHARS || !/"expiresInMs"|auth-unavailable/.test(text)) return;
    const { type, expiresInMs, problem } = read(text);
    if (type === "welcome" || type === "authorized") this.#plan(expiresInMs);
    else if (type === "problem" && problem?.type === AUTH_UNAVAILABLE.type) this.#arm(AGAIN_MS * (1 + Math.random()));
  }

  /** The relay says nothing of an end, and knows nothing of renewal: it is of an older version. */
  endsIn(expiresInMs: number): void {
    this.#arm(renewInMs(expiresInMs, Math.random()), () => this.#host.reconnect());
  }

  /** The connection is over. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sentMs = [];
  }

  #plan(expiresInMs: unknown): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (typeof expiresInMs !== "number") return;
    this.#endsAtMs = performance.now() + expiresInMs;
    this.#arm(renewInMs(expiresInMs, Math.random()));
  }

  #arm(afterMs: number, run = (): void => void this.#renew()): void {
    clearTimeout(this.#timer);
    const dueAtMs = performance.now() + afterMs;
    const wait = (): void => {
      const leftMs = dueAtMs - performance.now();
      if (leftMs <= 0) run();
      else this.#timer = setTimeout(wait, Math.min(leftMs, MAX_TIMER_MS));
    };
    this.#timer = setTimeout(wait, Math.min(afterMs, MAX_TIMER_MS));
  }

  async #renew(): Promise<void> {
    const round = this.#timer;
    const nowMs = (): number => performance.now();
    const wait = pauseMs(this.#sentMs, nowMs());
    if (wait > 0) return this.#arm(wait);
    try {
      const token = await this.#host.token();
      // Meanwhile the connection ended, or another tab brought a token.
      if (round !== this.#timer) return;
      if (token === null) return this.#host.reconnect();
      this.#sentMs.push(nowMs());
      this.#host.send(token);
      this.#arm(ANSWER_MS, () => this.#host.reconnect());
    } catch {
      // Told when it matters: the relay ends the connection, and the next one asks for a token too.
      if (round === this.#timer) this.#arm(Math.max(1_000, (this.#endsAtMs - nowMs()) / 4));
    }
  }
}

/** What is no frame is told when its turn comes. */
function read(text: string): Said {
  try {
    return Object(JSON.parse(text)) as Said;
  } catch {
    return {};
  }
}
