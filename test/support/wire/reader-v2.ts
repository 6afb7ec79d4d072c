import { envelopeList, type RawEvent } from "./envelopes.ts";
import { Pinger } from "./pinger.ts";
import {
  isUpstream,
  NOTHING,
  problemOf,
  Reader,
  wrong,
  type Asked,
  type Content,
  type Known,
  type Value,
} from "./reader.ts";

const MAX_EVENTS = 256;
const MAX_BYTES = 64 * 1024;
const EVENTS_HEAD = /^\{"type":"events","prev":\d+,"events":\[/;

/** A strict reader of protocol v2 (V2 to V7, V9, V10). */
export class ReaderV2 extends Reader {
  /** What `welcome` said: null before it. */
  welcomedAt: number | null = null;
  readonly #asked: Asked;
  readonly #heartbeatMs: number | undefined;
  readonly #meta: boolean;

  constructor(asked: Asked, known: Known = {}) {
    super(null, known, new Pinger(Infinity, known.acks));
    this.#asked = asked;
    this.#heartbeatMs = known.heartbeatMs;
    this.#meta = known.meta === true;
  }

  protected frame(value: Value, text: string, bytes: number): Content {
    const type = String(value["type"]);
    if (type === "problem") {
      const problem = problemOf(value["problem"]);
      // The only one that no close follows (V8).
      if (problem?.type === "/problems/ws/auth-unavailable") return NOTHING;
      this.problem = problem;
      return wrong(this.problem === null ? "a problem in a form of its own" : null);
    }
    if (type === "welcome") return wrong(this.#welcome(value));
    if (this.cursor === null) return wrong(`${type} before welcome`);
    switch (type) {
      case "events":
        return this.#events(value, eventsOf(text), bytes);
      case "caught-up": {
        if (!this.owesCaughtUp) return wrong("caught-up that was not due");
        this.owesCaughtUp = false;
        return wrong(this.move(type, value["cursor"]));
      }
      case "heartbeat": {
        const { cursor, upstream } = value;
        const told = wrong(isUpstream(upstream) ? null : "heartbeat without upstream", this.move(type, cursor));
        return { ...told, heartbeat: { upstream } };
      }
      case "authorized":
        return wrong(saysExpiry(value) ? null : "authorized without its expiry");
      default:
        return wrong(`unknown type ${type}`);
    }
  }

  #welcome(value: Value): string | null {
    const { protocol, epoch, cursor, live, heartbeatMs, ackBytes, upstream } = value;
    if (this.cursor !== null) return "a second welcome";
    if (typeof cursor !== "number" || typeof epoch !== "string" || typeof ackBytes !== "number")
      return "welcome without members";
    if (!isUpstream(upstream)) return "welcome without upstream";
    if (protocol !== 2 || typeof live !== "boolean" || heartbeatMs !== (this.#heartbeatMs ?? Number(heartbeatMs)))
      return "welcome with wrong members";
    if (!saysExpiry(value)) return "welcome without its expiry";
    const { since } = this.#asked;
    this.cursor = cursor;
    this.welcomedAt = cursor;
    this.owesCaughtUp = !live;
    this.pinger.ackBytes = ackBytes;
    if (this.epoch !== null && epoch !== this.epoch) return `epoch ${epoch}, was ${this.epoch}`;
    this.epoch = epoch;
    if (since === null && !live) return "no since, and not live";
    const fromOldest = since === 0 && this.#asked.epoch === null;
    return since === null || fromOldest || cursor === since ? null : `welcome at ${cursor}, asked for ${since}`;
  }

  #events({ prev }: Value, events: readonly RawEvent[] | null, bytes: number): Content {
    if (events === null) return wrong("events that are no list of envelopes");
    const { length } = events;
    const isTooLarge = length === 0 || length > MAX_EVENTS || (bytes > MAX_BYTES && length > 1);
    const { breaches } = wrong(
      prev === this.cursor ? null : `prev ${String(prev)}, cursor ${this.cursor}`,
      isTooLarge ? `a frame of ${length} events and ${bytes} bytes` : null,
      events.some(({ origin }) => (origin !== null) !== this.#meta) ? "items in the form of others" : null,
    );
    return { ...NOTHING, events, breaches: [...breaches, ...this.take(events)] };
  }
}

/** Both members are numbers, or both null (V3, V8). */
function saysExpiry({ expiresAtMs, expiresInMs }: Value): boolean {
  return expiresAtMs === null ? expiresInMs === null : Number.isInteger(expiresAtMs) && Number.isInteger(expiresInMs);
}

/** The text of each event of an `events` frame; null when it is no list of envelopes. */
export function eventsOf(text: string): RawEvent[] | null {
  return envelopeList(text, EVENTS_HEAD.exec(text)?.[0].length ?? text.length);
}
