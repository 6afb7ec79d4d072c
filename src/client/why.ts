/** A browser hides why an upgrade failed. The same address by plain GET is told (H3), save for capacity. */
import { RelayError, type Problem } from "./error.ts";

export interface Answer {
  readonly retryAfterMs: number;
  /** Status 426: credentials and query are in order. None: nobody answered, or CORS hides what. */
  readonly error: RelayError;
}

const TIMEOUT_MS = 10_000;

export async function askWhy(address: URL, token: string | undefined): Promise<Answer> {
  const url = address.href.replace("ws", "http");
  try {
    const response = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status, headers } = response;
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
    const error = new RelayError(status === 426 ? "unreachable" : "refused", { status, problem });
    return { retryAfterMs: Number(headers.get("retry-after")) * 1000 || 0, error };
  } catch (cause) {
    return { retryAfterMs: 0, error: new RelayError("unreachable", { cause }) };
  }
}
