/** Whether the scenario gave the relay a reason to end a connection the way it did. Pure. */
import type { Problem } from "../support/wire/reader.ts";

export interface Ending {
  /** Close code; null when the upgrade never came about. */
  readonly code: number | null;
  readonly reason: string;
  /** HTTP status of a refused upgrade, or null. */
  readonly status: number | null;
  /** What this client did to the connection itself. */
  readonly own:
    | { readonly kind: "terminate" }
    | { readonly kind: "close"; readonly code: number; readonly tookMs: number }
    | null;
  readonly protocol: 1 | 2;
  /** Longest time within this connection that the client did not read. */
  readonly wedgedMs: number;
  /** Bytes received since the last `pong`. */
  readonly unprovenBytes: number;
  readonly problem: Problem | null;
  readonly cursor: number | null;
  /** How long the connection, its upgrade included, has lasted. */
  readonly lastedMs: number;
  /** How long the connection stayed after the relay's close frame. */
  readonly closingMs: number;
  /** The client has sent something on it. */
  readonly hasSent: boolean;
}

export interface Circumstances {
  /** The broker was out of reach at some time while the connection was asked for or lasted. */
  readonly brokerOut: boolean;
  /** The relay was being replaced. */
  readonly relayOut: boolean;
  /** The line to the relay was broken, or held what was on its way. */
  readonly pathOut: boolean;
  /** The broker was there, and the stream was not. */
  readonly streamOut: boolean;
  /** The stream became another since it was asked for. */
  readonly isAnother: boolean;
  readonly sendTimeoutMs: number;
  /** The highest first seq that the stream can have had by now; 0 when nothing is ever removed. */
  readonly floor: number;
}

/** Five times what W14 allows. */
const CLOSE_WITHIN_MS = 5_000;
const V1_BUDGET_BYTES = 1024 * 1024;
/** Five times what W11 allows. */
const JOIN_WITHIN_MS = 50_000;
/** A client that stopped reading owes its ping a little longer than it is wedged: since the heartbeat before. */
const OWED_BEFORE_MS = 1_500;
const GONE_CODES = [1001, 1006, 1012];
export const STREAM_RESET = "/problems/ws/stream-reset";
const MAX_REASON_BYTES = 123;

/** What is wrong with it, or null. */
export function judge(ending: Ending, around: Circumstances): string | null {
  const { code, reason, own } = ending;
  if (own?.kind === "terminate") return null;
  const isCut = around.relayOut || around.pathOut;
  if (code === null) return isCut || own !== null ? null : `upgrade failed (${ending.status ?? "no answer"})`;
  const how = `closed ${code} "${reason}"`;
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) return `${how}: reason too long`;
  if (isCut && GONE_CODES.includes(code)) return null;
  if (own !== null && own.code === code) return answered(own.tookMs, ending.wedgedMs);
  // workerd keeps the TCP connection of a hibernatable socket that never received a frame until the object sleeps.
  if (ending.closingMs > CLOSE_WITHIN_MS && ending.hasSent && !around.pathOut)
    return `${how}, and the connection stayed for ${ending.closingMs} ms`;
  switch (`${code} ${reason}`) {
    case "1013 upstream unavailable":
      if (ending.lastedMs > JOIN_WITHIN_MS) return `${how} after ${ending.lastedMs} ms`;
      return around.brokerOut || around.streamOut ? null : `${how} while the broker was there`;
    case "1008 subscribe failed":
      return around.streamOut ? null : `${how} while the stream was there`;
    case "4410 stream-reset":
      return isReset(ending) && around.isAnother ? null : `${how}, ${JSON.stringify(ending.problem)}`;
    case "4408 slow-consumer":
      return isSlow(ending, around)
        ? null
        : `${how}, wedged ${ending.wedgedMs} ms, ${ending.unprovenBytes} bytes unproven`;
    case "4410 retention-exhausted":
      return isGone(ending, around.floor)
        ? null
        : `${how} at cursor ${ending.cursor}, floor ${around.floor}, ${JSON.stringify(ending.problem)}`;
    default:
      return own === null ? how : `${how} instead of ${own.code}`;
  }
}

function answered(tookMs: number, wedgedMs: number): string | null {
  return tookMs <= CLOSE_WITHIN_MS || wedgedMs > 0 ? null : `its close was answered after ${tookMs} ms`;
}

function isSlow({ protocol, wedgedMs, unprovenBytes }: Ending, { sendTimeoutMs }: Circumstances): boolean {
  if (protocol === 1) return unprovenBytes >= V1_BUDGET_BYTES;
  return wedgedMs >= sendTimeoutMs - OWED_BEFORE_MS;
}

function isReset({ problem }: Ending): boolean {
  return problem?.type === STREAM_RESET && problem.oldestSeq !== null;
}

function isGone({ problem, cursor }: Ending, floor: number): boolean {
  if (problem?.type !== "/problems/ws/retention-exhausted" || problem.oldestSeq === null) return false;
  return (cursor ?? 0) + 1 < problem.oldestSeq && problem.oldestSeq <= floor;
}
