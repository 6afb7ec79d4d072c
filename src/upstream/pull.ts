/**
 * What the frames on a pull consumer's inbox mean. Pure: no clock, no socket.
 *
 *   message (dseq = last + 1) ──────────▶ message      position := its seq
 *   message (any other dseq)  ──────────▶ doubt        something was lost between broker and us
 *   message (at or below position) ─────▶ doubt        a member of a cluster that is behind starts where it ends itself
 *   heartbeat, counters agree ──────────▶ position     everything that matches up to Nats-Last-Stream was read (JS-7),
 *                                                      or passed over: it had more to deliver, and is idle (JS-26)
 *   heartbeat, broker is ahead ─────────▶ doubt        a tail was lost (NATS-1)
 *   heartbeat, counters make no sense ──▶ doubt
 *   408, 409 bytes, 409 batch ──────────▶ ended        a pull is over: by its time, its bytes or its count
 *   409 anything else, 404, 503 ────────▶ doubt        the consumer is gone or moved
 *
 * A doubt is always answered the same way: a new consumer at position + 1.
 */

export interface PullState {
  /** Consumer sequence of the last message read; 0 before the first. */
  readonly delivered: number;
  /** Stream sequence up to which everything that matches has been read. */
  readonly position: number;
  /** Matches above the position that the broker had to deliver when it said last; how many came since is not known. */
  readonly pending: number;
}

/** Where a message stands, as its reply subject says. */
export interface DeliveryInfo {
  readonly seq: number;
  readonly dseq: number;
  /** When the stream took it, as the broker writes it: with the seq it names one message of one history. */
  readonly time: string;
  readonly pending: number;
}

export type PullFrame =
  | ({ readonly kind: "message" } & DeliveryInfo)
  | {
      readonly kind: "status";
      readonly code: number;
      readonly description: string;
      /** Both are NaN where the broker sent no whole number. */
      readonly lastConsumer: number;
      readonly lastStream: number;
    };

export type PullEvent =
  | { readonly kind: "message"; readonly passed: 0 }
  /** `passed`: matches that the broker had to deliver, and says no more of. */
  | { readonly kind: "position"; readonly passed: number }
  /** `tooSmall`: the next message is larger than what was left of its bytes. */
  | { readonly kind: "ended"; readonly tooSmall: boolean }
  | { readonly kind: "doubt"; readonly why: string };

const MESSAGE = { kind: "message", passed: 0 } as const;
const ENDED = { kind: "ended", tooSmall: false } as const;
const TOO_SMALL = { kind: "ended", tooSmall: true } as const;

/** A consumer that starts at `start` has read everything below it, and has `pending` to deliver. */
export function pullStart(start: number, pending: number): PullState {
  return { delivered: 0, position: start - 1, pending };
}

/** One frame: the next state and what it means. */
export function step(state: PullState, frame: PullFrame): { state: PullState; event: PullEvent } {
  if (frame.kind === "message") {
    if (frame.dseq !== state.delivered + 1) return doubt(state, `delivery ${frame.dseq} after ${state.delivered}`);
    if (frame.seq <= state.position) return doubt(state, `seq ${frame.seq} after ${state.position}`);
    const { dseq: delivered, seq: position, pending } = frame;
    return { state: { delivered, position, pending }, event: MESSAGE };
  }
  switch (frame.code) {
    case 100:
      if (frame.lastConsumer !== state.delivered)
        return doubt(state, `broker delivered ${frame.lastConsumer}, read ${state.delivered}`);
      if (!Number.isSafeInteger(frame.lastStream)) return doubt(state, "a heartbeat that makes no sense");
      return {
        state: { ...state, position: Math.max(state.position, frame.lastStream), pending: 0 },
        event: { kind: "position", passed: state.pending },
      };
    case 408:
      return { state, event: ENDED };
    case 409:
      if (/maxbytes/i.test(frame.description)) return { state, event: TOO_SMALL };
      if (/batch completed/i.test(frame.description)) return { state, event: ENDED };
      return doubt(state, frame.description);
    default:
      return doubt(state, `status ${frame.code} ${frame.description}`);
  }
}

function doubt(state: PullState, why: string): { state: PullState; event: PullEvent } {
  return { state, event: { kind: "doubt", why } };
}

/**
 * Positions in a message's reply subject, `$JS.ACK.<stream>.<consumer>.<delivered>.<seq>.<dseq>.<time>.<pending>`,
 * with domain and account hash before the stream on newer brokers. Null when it is not one.
 */
export function parseAck(reply: string | undefined): DeliveryInfo | null {
  if (reply === undefined || !reply.startsWith("$JS.ACK.")) return null;
  const tokens = reply.split(".");
  const shift = tokens.length === 9 ? 0 : 2;
  if (tokens.length !== 9 && tokens.length < 11) return null;
  const [seq, dseq, time, pending] = tokens.slice(5 + shift, 9 + shift);
  if (!isCount(seq) || !isCount(dseq) || !isCount(pending) || time === undefined || !DIGITS.test(time)) return null;
  const place = { seq: Number(seq), dseq: Number(dseq), time, pending: Number(pending) };
  return place.seq > 0 && place.dseq > 0 ? place : null;
}

const DIGITS = /^\d{1,20}$/;

function isCount(token: string | undefined): token is string {
  return token !== undefined && DIGITS.test(token) && Number.isSafeInteger(Number(token));
}
