/** Whether the scenario gave a stream a reason to wait, or to start afresh. Pure. */
import type { Fault } from "./listener.ts";

export interface Waiting {
  readonly fault: Fault;
  /** Where the stream was. */
  readonly cursor: number | null;
  readonly isShared: boolean;
  /** Its handler takes its time now and then. */
  readonly isSlow: boolean;
  /** How long the try lasted, from its beginning. */
  readonly lastedMs: number;
  /** The longest time within it that nothing was read, or handled. */
  readonly heldMs: number;
}

export interface Surroundings {
  /** At some time during the try. */
  readonly brokerOut: boolean;
  readonly relayOut: boolean;
  readonly pathOut: boolean;
  readonly streamOut: boolean;
  /** The stream became another since it was asked for. */
  readonly isAnother: boolean;
  readonly sendTimeoutMs: number;
  /** The highest first seq that the stream can have had by now; 0 when nothing is ever removed. */
  readonly floor: number;
}

/** Five times what W11 allows. */
const JOIN_WITHIN_MS = 50_000;
/** A stream that stopped owes its ping a little longer than that: since the heartbeat before. */
const OWED_BEFORE_MS = 1_500;
const BROKEN = ["lost 1006", "lost 1001", "lost 1012", "unreachable", "refused"];

/**
 * The runtime may keep the connection of a client that never sent anything: a stream that was told why its connection
 * ends does not wait for the close for long.
 */
const CLOSE_OF: Readonly<Record<string, string>> = {
  "/problems/ws/upstream-unavailable": "upstream unavailable 1013",
  "/problems/ws/slow-consumer": "slow-consumer 4408",
  "/problems/ws/retention-exhausted": "retention-exhausted 4410",
  "/problems/ws/stream-reset": "stream-reset 4410",
  "/problems/ws/subscribe-failed": "subscribe failed 1008",
};

/** What is wrong with it, or null. */
export function judgeWaiting(waiting: Waiting, around: Surroundings): string | null {
  const { fault, cursor, lastedMs, heldMs } = waiting;
  const { reason, code, status, oldestSeq, told } = fault;
  const ended = [reason, code ?? status].filter((part) => part !== null).join(" ");
  const what = (ended === "lost 1006" && told !== null && CLOSE_OF[told]) || ended;
  const isCut = around.relayOut || around.pathOut;
  if (BROKEN.includes(code === null ? reason : what)) return isCut ? null : `${what} without a reason`;
  switch (what) {
    case "upstream unavailable 1013":
      if (!isCut && lastedMs > JOIN_WITHIN_MS) return `${what} after ${lastedMs} ms`;
      return around.brokerOut || around.streamOut ? null : `${what} while the broker was there`;
    case "subscribe failed 1008":
      return around.streamOut ? null : `${what} while the stream was there`;
    case "stream-reset 4410":
      return oldestSeq !== null && around.isAnother ? null : `${what} of a stream that is the same`;
    case "slow-consumer 4408": {
      // In a shared socket the others set the pace: whoever is held at all, or slow, may fall behind.
      const isOutpaced = waiting.isShared && (waiting.isSlow || heldMs > 0);
      return isOutpaced || heldMs > around.sendTimeoutMs - OWED_BEFORE_MS
        ? null
        : `${what} after ${heldMs} ms without reading`;
    }
    case "retention-exhausted 4410":
      return oldestSeq !== null && (cursor ?? 0) + 1 < oldestSeq && oldestSeq <= around.floor
        ? null
        : `${what} at cursor ${cursor}, oldest ${oldestSeq}, floor ${around.floor}`;
    default:
      return what;
  }
}
