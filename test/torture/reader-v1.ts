import { FORGED_ID, HEARTBEAT_TYPE } from "./comparable.ts";
import { envelopeAt } from "./envelopes.ts";
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

const V1_ACK_BYTES = 128 * 1024;

/** A strict reader of protocol v1 (W1, W2, W5, W8). */
export class ReaderV1 implements Reader {
  cursor: number | null;
  epoch: string | null;
  problem: Problem | null = null;
  unprovenBytes = 0;
  readonly #seen: (seq: number) => boolean;
  readonly #pings: boolean;
  readonly #pinger = new Pinger(() => V1_ACK_BYTES);

  /** `epoch`: the one of an earlier connection; the stream stays the same. `seen`: whether the client has an event. */
  constructor(asked: Asked, epoch: string | null, pings: boolean, seen: (seq: number) => boolean) {
    this.cursor = asked.since;
    this.epoch = epoch;
    this.#pings = pings;
    this.#seen = seen;
  }

  read(text: string, bytes: number): Reading {
    if (text === "pong") return this.#pong();
    this.unprovenBytes += bytes;
    if (this.problem !== null) return this.#wrong("a frame after the problem");
    const value = parse(text);
    if (value === null) return this.#wrong(`no JSON object: ${text.slice(0, 80)}`);
    if ("type" in value) {
      this.problem = problemOf(value);
      // Of a close for any other reason v1 has no frame.
      return this.problem === null || this.problem.oldestSeq === null
        ? this.#wrong(`not a frame of v1: ${text.slice(0, 80)}`)
        : quiet(false);
    }
    const envelope = envelopeAt(text, 0);
    if (envelope === null || envelope.end !== text.length) return this.#wrong(`no envelope: ${text.slice(0, 80)}`);
    const { type, id, data } = Object(value["event"]) as Readonly<Record<string, unknown>>;
    const isForged = type === HEARTBEAT_TYPE && String(id).startsWith(FORGED_ID);
    const isHeartbeat = type === HEARTBEAT_TYPE && !isForged;
    const ping = this.#pinger.onFrame(bytes, isHeartbeat) && this.#pings;
    const { seq } = envelope.event;
    const breaches = isHeartbeat ? this.#heartbeat(seq, data) : this.#event(seq);
    if (isForged) breaches.push({ kind: "protocol", text: `a producer's heartbeat at ${seq} (W17)` });
    return { events: isHeartbeat ? [] : [envelope.event], breaches, ping };
  }

  #pong(): Reading {
    this.unprovenBytes = 0;
    const ping = this.#pinger.onPong();
    return ping === null || !this.#pings ? this.#wrong("a pong without a ping") : quiet(ping);
  }

  #event(seq: number): Breach[] {
    const { cursor } = this;
    if (cursor !== null && seq <= cursor) return [notAbove(seq, cursor, this.#seen)];
    this.cursor = seq;
    return [];
  }

  #heartbeat(seq: number, data: unknown): Breach[] {
    const breaches: Breach[] = [];
    const { epoch } = Object(data) as Readonly<Record<string, unknown>>;
    if (typeof epoch !== "string") breaches.push({ kind: "protocol", text: "a heartbeat without an epoch" });
    else if (this.epoch !== null && epoch !== this.epoch) breaches.push({ kind: "protocol", text: `epoch ${epoch}` });
    else this.epoch = epoch;
    if (this.cursor !== null && seq < this.cursor) {
      breaches.push({ kind: "protocol", text: `heartbeat ${seq} below ${this.cursor}` });
    } else this.cursor = seq;
    return breaches;
  }

  #wrong(text: string): Reading {
    return { ...quiet(false), breaches: [{ kind: "protocol", text }] };
  }
}

function quiet(ping: boolean): Reading {
  return { events: [], breaches: [], ping };
}
