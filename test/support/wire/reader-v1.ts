import { envelopeAt } from "./envelopes.ts";
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
import { HEARTBEAT_TYPE } from "./test-socket.ts";

const ACK_BYTES = 128 * 1024;

/** Of the problems without a seq v1 knows only this (B5). */
const SLOW = "/problems/ws/slow-consumer";

/** A strict reader of protocol v1 (W1, W2, W5, W8, B5). */
export class ReaderV1 extends Reader {
  readonly #isForged: (id: string) => boolean;

  constructor({ since }: Asked, known: Known = {}) {
    super(since, known, new Pinger(ACK_BYTES, known.acks));
    this.#isForged = known.isForged ?? (() => false);
  }

  protected frame(value: Value, text: string): Content {
    if ("type" in value) {
      this.problem = problemOf(value);
      // Of a close for any other reason v1 has no frame.
      return this.problem === null || (this.problem.oldestSeq === null) !== (this.problem.type === SLOW)
        ? wrong(`not a frame of v1: ${text.slice(0, 80)}`)
        : NOTHING;
    }
    const envelope = envelopeAt(text, 0);
    if (envelope === null || envelope.end !== text.length || envelope.event.origin !== null)
      return wrong(`no envelope: ${text.slice(0, 80)}`);
    const { event } = envelope;
    const { type, id, data } = Object(value["event"]) as Value;
    if (type !== HEARTBEAT_TYPE) return { ...NOTHING, events: [event], breaches: this.take([event]) };
    if (!this.#isForged(String(id))) return this.#heartbeat(event.seq, Object(data) as Value);
    const { breaches } = wrong(`a producer's heartbeat at ${event.seq} (W17)`);
    return { ...NOTHING, events: [event], breaches: [...this.take([event]), ...breaches] };
  }

  #heartbeat(seq: number, { epoch, upstream }: Value): Content {
    const isKnown = this.epoch === null || epoch === this.epoch;
    if (typeof epoch === "string" && isKnown) this.epoch = epoch;
    const { breaches } = wrong(
      typeof epoch !== "string" ? "a heartbeat without an epoch" : isKnown ? null : `epoch ${epoch}`,
      isUpstream(upstream) ? null : "heartbeat without upstream",
      this.move("heartbeat", seq),
    );
    return { ...NOTHING, breaches, heartbeat: { upstream } };
  }
}
