/**
 * A strict reader of either protocol that knows the stream besides (W4, W6, W9): the first frame which loses, repeats
 * or reorders a match, or says a cursor too many, is named.
 */
import { V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import type { RawEvent } from "../wire/envelopes.ts";
import type { Problem, Reader } from "../wire/reader.ts";
import { ReaderV1 } from "../wire/reader-v1.ts";
import { ReaderV2 } from "../wire/reader-v2.ts";
import type { ModelStream } from "./stream.ts";

export interface Start {
  readonly cursor: number;
  readonly live: boolean;
  readonly fromOldest: boolean;
}

/** Each message of the model is a nanosecond after the last. */
const timeOf = (seq: number): string => `1970-01-01T00:00:00.${String(seq).padStart(9, "0").replace(/0+$/, "")}Z`;

export class StreamReader {
  events = 0;
  isHeartbeat = false;
  /** What the last frame did wrong. */
  fault: string | null = null;
  /** Asked for the oldest retained, and nothing came yet: what retention removed meanwhile is not missed (W4). */
  #fromOldest: boolean;
  readonly #start: Start;
  readonly #reader: Reader;

  /** `isWelcomed`: as if `welcome` had come. */
  constructor(protocol: Protocol, start: Start, isWelcomed: boolean, meta = false) {
    // An epoch was named, so that the reader holds `welcome` to the cursor, 0 too.
    const asked = { since: start.cursor, epoch: "" };
    this.#start = start;
    this.#fromOldest = start.fromOldest;
    this.#reader = protocol === V2 ? new ReaderV2(asked, { meta }) : new ReaderV1(asked);
    if (isWelcomed) this.#reader.cursor = start.cursor;
  }

  /** Null before `welcome`. */
  get cursor(): number | null {
    return this.#reader.cursor;
  }

  get problem(): Problem | null {
    return this.#reader.problem;
  }

  get owesCaughtUp(): boolean {
    return this.#reader.owesCaughtUp;
  }

  read(text: string, bytes: number, stream: ModelStream): void {
    const before = this.cursor;
    const { events, breaches, heartbeat } = this.#reader.read(text, bytes);
    this.isHeartbeat = heartbeat !== null;
    this.events += events.length;
    this.fault = breaches[0]?.text ?? this.#compare(before, events, stream);
  }

  /** The next match that must come: from the oldest retained, what was removed need not. */
  nextDue(stream: ModelStream, after = this.cursor ?? 0): number {
    return stream.nextMatch(this.#fromOldest ? Math.max(after, stream.firstSeq - 1) : after);
  }

  /** What of a faultless frame does not fit the stream. */
  #compare(before: number | null, events: readonly RawEvent[], stream: ModelStream): string | null {
    const { cursor, epoch, owesCaughtUp } = this.#reader;
    if (cursor === null) return null;
    if (epoch !== null && epoch !== stream.epoch) return `epoch ${epoch}`;
    if (before === null) return owesCaughtUp === this.#start.live ? `welcome, live ${!owesCaughtUp}` : null;
    let at = before;
    for (const event of events) {
      const fault = this.#received(at, event, stream);
      if (fault !== null) return fault;
      at = event.seq;
    }
    // A cursor that moves without an event never passes a match that was not sent (W9).
    const due = this.nextDue(stream, at);
    if (events.length === 0 && due <= cursor) return `cursor ${cursor} passes ${due}`;
    this.#fromOldest &&= events.length === 0 && cursor <= Math.max(before, stream.firstSeq - 1);
    return null;
  }

  /** One event: it must be the very next match. */
  #received(at: number, { seq, text, origin }: RawEvent, stream: ModelStream): string | null {
    if (origin !== null && (origin.subject !== "s" || origin.time !== timeOf(seq)))
      return `event ${seq} of ${origin.subject} at ${origin.time}`;
    if (text !== `{"n":${seq}}` && !text.startsWith(`{"n":${seq},"epoch":"${stream.epoch}",`)) return `event ${text}`;
    const due = this.nextDue(stream, at);
    // A match that was removed after it was read from the stream may still come.
    const mayCome = this.#fromOldest && seq < due && stream.entry(seq)?.kind === "match";
    if (seq !== due && !mayCome) return `event ${seq} at cursor ${at}, due was ${due}`;
    this.#fromOldest = false;
    return null;
  }
}
