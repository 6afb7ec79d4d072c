/** Why the relay is not sending, in a form a page can show and a program can switch on. */

/** Problem details (RFC 9457) as the relay writes them. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly oldest_seq?: number;
}

export interface RelayErrorFacts {
  /** HTTP status of a refused upgrade: 400, 401, 403, 503 … */
  readonly status?: number;
  /** Close code of a connection that was open: see `CLOSE`. */
  readonly code?: number;
  readonly problem?: Problem;
  readonly cause?: unknown;
}

export class RelayError extends Error {
  override readonly name = "RelayError";
  /** HTTP status of a refused upgrade, else null. */
  readonly status: number | null;
  /** Close code of a connection that was open, else null. */
  readonly code: number | null;
  /** What the relay said about it, if it did. */
  readonly problem: Problem | null;

  constructor(message: string, { status, code, problem, cause }: RelayErrorFacts = {}) {
    super(message, { cause });
    this.status = status ?? null;
    this.code = code ?? null;
    this.problem = problem ?? null;
  }
}
