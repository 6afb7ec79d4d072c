import { envelopeList, type RawEvent } from "./envelopes.ts";
import {
  notAbove,
  parse,
  Pinger,
  problemOf,
  type Asked,
  type Breach,
  type Problem,
  type Reader,
  type Reading,
} from "./reader.ts";

const MAX_EVENTS = 256;
const MAX_BYTES = 64 * 1024;
const EVENTS_HEAD = /^\{"type":"events","prev":\d+,"events":\[/;

type Value = Readonly<Record<string, unknown>>;

/** A strict reader of protocol v2 (V2 to V7, V9, V10). */
export class ReaderV2 implements Reader {
  cursor: number | null = null;
  epoch: string | null;
  problem: Problem | null = null;
  unprovenBytes = 0;
  /** What `welcome` said: null before it. */
  welcomedAt: number | null = null;
  /** A `caught-up` is due: told `live:false`, and not yet caught up. */
  owedCaughtUp = false;
  readonly #asked: Asked;
  readonly #heartbeatMs: number;
  readonly #seen: (seq: number) => boolean;
  readonly #pinger = new Pinger(() => this.#ackBytes);
  #ackBytes = Infinity;

  /** `epoch`: the one of an earlier connection; the stream stays the same. `seen`: whether the client has an event. */
  constructor(asked: Asked, epoch: string | null, heartbeatMs: number, seen: (seq: number) => boolean) {
    this.#asked = asked;
    this.epoch = epoch;
    this.#heartbeatMs = heartbeatMs;
    this.#seen = seen;
  }

  read(text: string, bytes: number): Reading {
    if (text === "pong") return this.#pong();
    this.unprovenBytes += bytes;
    const value = parse(text);
    const type = value?.["type"];
    const events = type === "events" ? envelopeList(text, EVENTS_HEAD.exec(text)?.[0].length ?? text.length) : [];
    const wrong = value === null ? `no JSON object: ${text.slice(0, 80)}` : this.#frame(value, events, bytes);
    const breaches: Breach[] = wrong === null ? [] : [{ kind: "protocol", text: wrong }];
    if (events !== null) breaches.push(...this.#take(events));
    return { events: events ?? [], breaches, ping: this.#pinger.onFrame(bytes, type === "heartbeat") };
  }

  #pong(): Reading {
    this.unprovenBytes = 0;
    const ping = this.#pinger.onPong();
    if (ping !== null) return { events: [], breaches: [], ping };
    return { events: [], breaches: [{ kind: "protocol", text: "a pong without a ping" }], ping: false };
  }

  /** What is wrong with a frame, the order of its events left out; null when nothing is. */
  #frame(value: Value, events: readonly RawEvent[] | null, bytes: number): string | null {
    if (this.problem !== null) return "a frame after the problem";
    if (value["type"] === "problem") {
      this.problem = problemOf(value["problem"]);
      return this.problem === null ? "a problem in a form of its own" : null;
    }
    if (value["type"] === "welcome") return this.#welcome(value);
    if (this.cursor === null) return `${String(value["type"])} before welcome`;
    switch (value["type"]) {
      case "events":
        return this.#events(value, events, bytes);
      case "caught-up":
        if (!this.owedCaughtUp) return "caught-up that was not due";
        this.owedCaughtUp = false;
        return this.#move(value);
      case "heartbeat":
        if (!["connected", "reconnecting"].includes(String(value["upstream"]))) return "heartbeat without upstream";
        return this.#move(value);
      default:
        return `unknown type ${String(value["type"])}`;
    }
  }

  #welcome(value: Value): string | null {
    const { protocol, epoch, cursor, live, heartbeatMs, ackBytes } = value;
    if (this.cursor !== null) return "a second welcome";
    if (typeof cursor !== "number" || typeof epoch !== "string" || typeof ackBytes !== "number")
      return "welcome without members";
    if (protocol !== 2 || typeof live !== "boolean" || heartbeatMs !== this.#heartbeatMs)
      return "welcome with wrong members";
    const { since } = this.#asked;
    this.cursor = cursor;
    this.welcomedAt = cursor;
    this.owedCaughtUp = !live;
    this.#ackBytes = ackBytes;
    if (this.epoch !== null && epoch !== this.epoch) return `epoch ${epoch}, was ${this.epoch}`;
    this.epoch = epoch;
    if (since === null && !live) return "no since, and not live";
    const fromOldest = since === 0 && this.#asked.epoch === null;
    return since === null || fromOldest || cursor === since ? null : `welcome at ${cursor}, asked for ${since}`;
  }

  #events(value: Value, events: readonly RawEvent[] | null, bytes: number): string | null {
    if (events === null) return "events that are no list of envelopes";
    if (value["prev"] !== this.cursor) return `prev ${String(value["prev"])}, cursor ${this.cursor}`;
    if (events.length === 0 || events.length > MAX_EVENTS) return `a frame of ${events.length} events`;
    return bytes > MAX_BYTES && events.length > 1 ? `a frame of ${events.length} events and ${bytes} bytes` : null;
  }

  #take(events: readonly RawEvent[]): Breach[] {
    const breaches: Breach[] = [];
    for (const { seq } of events) {
      const cursor = this.cursor ?? 0;
      if (seq > cursor) this.cursor = seq;
      else breaches.push(notAbove(seq, cursor, this.#seen));
    }
    return breaches;
  }

  #move(value: Value): string | null {
    const { type, cursor } = value;
    if (typeof cursor !== "number") return `${String(type)} without a cursor`;
    if (this.cursor !== null && cursor < this.cursor) return `${String(type)} at ${cursor}, cursor ${this.cursor}`;
    this.cursor = cursor;
    return null;
  }
}
