/**
 * STREAM.INFO, shared: everybody who asked before a request left is answered by it, so any number of joins
 * costs one request (W3). An INFO answers only who arrived before it was asked: what the broker acknowledged
 * earlier is then at or below its last seq.
 */
import { epochOf, parseStreamInfo, streamInfoSubject, type StreamInfo } from "./jetstream-api.ts";
import type { Runtime } from "../shared/runtime.ts";
import type { BrokerConnection } from "./connection.ts";
import { lossFloor } from "./stream-shape.ts";

export interface Head extends StreamInfo {
  readonly epoch: string;
  /** A cursor below this, less 1, has lost something, as far as the stream alone can say (W5, W18). */
  readonly floor: number;
  /** Order of events in this room: a head asked later has a greater one. */
  readonly askedAt: number;
}

/**
 * Whether a stream can still be the one of which everything up to `position` was read: it has the same identity, and is
 * not shorter (W6). What it holds at `position` is another question (P8).
 */
export function isSameHistory(
  known: { readonly epoch: string; readonly position: number },
  stream: { readonly epoch: string; readonly lastSeq: number },
): boolean {
  return stream.epoch === known.epoch && stream.lastSeq >= known.position;
}

const TIMEOUT_MS = 5_000;
/** Joins of a storm arrive over some time: those of so many milliseconds share a request. */
const SHARE_MS = 10;

export class StreamInfoCache {
  readonly #stream: string;
  readonly #runtime: Runtime;
  #clock = 0;
  #latest: Head | null = null;
  #heardAtMs = -Infinity;
  #inFlight: Promise<Head> | null = null;
  /** Of the last request that was sent. */
  #askedAt = 0;
  #sentAtMs = -Infinity;
  #next: Promise<Head> | null = null;

  constructor(stream: string, runtime: Runtime) {
    this.#stream = stream;
    this.#runtime = runtime;
  }

  /** A moment, to be compared with `askedAt`. */
  now(): number {
    return ++this.#clock;
  }

  /** The latest head asked after `moment`, or null. */
  since(moment: number): Head | null {
    return this.#latest !== null && this.#latest.askedAt > moment ? this.#latest : null;
  }

  /** The last head that was heard, if that is no longer ago. */
  heard(maxAgeMs: number): Head | null {
    return this.#runtime.nowMs() - this.#heardAtMs <= maxAgeMs ? this.#latest : null;
  }

  /** How long somebody in no hurry may wait, so as to share the next request with others. */
  restMs(): number {
    return Math.max(0, this.#sentAtMs + SHARE_MS - this.#runtime.nowMs());
  }

  /** A head asked after `moment`, which is now if it is not given. Throws UpstreamError. */
  ask(connection: BrokerConnection, moment = this.#clock): Promise<Head> {
    if (this.#inFlight === null) return this.#send(connection);
    if (this.#askedAt > moment) return this.#inFlight;
    this.#next ??= this.#inFlight.then(
      () => this.#send(connection),
      () => this.#send(connection),
    );
    return this.#next;
  }

  /** The connection was replaced: nobody may wait for an answer on the old one. */
  forget(): void {
    this.#inFlight = null;
    this.#next = null;
  }

  #send(connection: BrokerConnection): Promise<Head> {
    this.#next = null;
    const askedAt = (this.#askedAt = ++this.#clock);
    this.#sentAtMs = this.#runtime.nowMs();
    const request = connection.request(streamInfoSubject(this.#stream), null, TIMEOUT_MS).then((answer) => {
      const info = parseStreamInfo(answer);
      const floor = lossFloor(info, null, 0);
      this.#heardAtMs = this.#runtime.nowMs();
      this.#latest = { ...info, epoch: epochOf(this.#stream, info.created), floor, askedAt };
      return this.#latest;
    });
    this.#inFlight = request;
    const done = (): void => {
      if (this.#inFlight === request) this.#inFlight = null;
    };
    request.then(done, done);
    return request;
  }
}
