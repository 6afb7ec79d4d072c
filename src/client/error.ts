/** Why the relay is not sending, in a form a page can show and a program can switch on. */

/** Problem details (RFC 9457) as the relay writes them. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly oldest_seq?: number;
}

export interface Facts {
  /** HTTP status of a refused upgrade: 400, 401, 403, 503 … */
  readonly status?: number;
  /** Close code of a connection that was open: see `CLOSE`. */
  readonly code?: number;
  readonly problem?: Problem | undefined;
  readonly cause?: unknown;
}

export class RelayError extends Error {
  override readonly name = "RelayError";
  /**
   * One of the reasons in `CLOSE`, or: `refused` (see `status`), `unreachable`, `lost` (the connection broke), `silent` (not even
   * a heartbeat came), `gap` (events were missing), `callback` (token, store, parse or onReset failed: see `cause`).
   */
  readonly reason: string;
  /** HTTP status of a refused upgrade. */
  readonly status: number | undefined;
  /** Close code of a connection that was open. */
  readonly code: number | undefined;
  /** What the relay said about it. */
  readonly problem: Problem | undefined;

  constructor(reason: string, { status, code, problem, cause }: Facts = {}) {
    super(["relay", reason, status ?? code, problem?.title, problem?.detail].filter(Boolean).join(": "), { cause });
    this.reason = reason;
    this.status = status;
    this.code = code;
    this.problem = problem;
  }
}
