/** A browser hides why an upgrade failed. The same address by plain GET is told (H3), save for capacity. */
import { RelayError, type Problem } from "./error.ts";

/** 426 means that credentials and query are in order. Null: nobody answered, or CORS hides what. */
export interface Answer {
  readonly status: number | null;
  readonly retryAfterMs: number;
  readonly error: RelayError;
}

const TIMEOUT_MS = 10_000;

export async function askWhy(address: URL, token: string | null): Promise<Answer> {
  const url = new URL(address);
  url.protocol = url.protocol.replace("ws", "http");
  try {
    const response = await fetch(url, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status } = response;
    const problem = await problemOf(response);
    return {
      status,
      retryAfterMs: (Number(response.headers.get("retry-after")) || 0) * 1000,
      error: new RelayError(
        status === 426
          ? "The connection did not open, though the request is in order: the relay is full, or a proxy blocks WebSockets."
          : `The relay refused the connection: ${status} ${problem.title ?? ""}. ${problem.detail ?? ""}`.trim(),
        { status, problem },
      ),
    };
  } catch (cause) {
    return { status: null, retryAfterMs: 0, error: new RelayError("The relay cannot be reached.", { cause }) };
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  return Object(body) as Problem;
}
