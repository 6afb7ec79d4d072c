/** Why the relay is not sending, in a form a page can show and a program can switch on. */
import { withoutNested } from "./depth.ts";

/** Problem details (RFC 9457) as the relay writes them. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly oldest_seq?: number;
}

interface Facts {
  readonly status?: number;
  readonly code?: number | undefined;
  readonly problem?: Problem | undefined;
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
}

export class RelayError extends Error {
  override readonly name = "RelayError";
  /**
   * One of the reasons in `CLOSE`, or: `refused` (see `status`), `unreachable`, `lost` (the connection broke), `silent` (not even
   * a heartbeat came), `gap` (events were missing), `unreadable` (what came is no frame), `callback` (token or store failed). `cause`
   * tells what a function of the page threw.
   */
  readonly reason: string;
  /** HTTP status of a refused upgrade: 400, 401, 403, 503 … */
  declare readonly status?: number;
  /** Close code of a connection that was open: see `CLOSE`. */
  declare readonly code?: number;
  /** What the relay said about it. */
  declare readonly problem?: Problem;
  /** How long the relay asks to be left alone. */
  declare readonly retryAfterMs?: number;

  constructor(reason: string, { cause, problem: told, ...facts }: Facts = {}) {
    const problem = told && withoutNested(told);
    const { status, code } = facts;
    super(`${reason} ${status ?? code ?? ""} ${problem?.detail ?? problem?.title ?? ""}`.trim(), { cause });
    this.reason = reason;
    Object.assign(this, facts, { problem });
  }
}
