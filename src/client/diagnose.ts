/** EFFECTS: a browser hides why an upgrade failed. The same address by plain GET is told (H3), save for capacity. */
import { RelayError, type Problem } from "./wire/error.ts";

const TIMEOUT_MS = 10_000;

/** Status 426: credentials and query are in order. None: nobody answered, or CORS hides what. Never rejects. */
export async function diagnoseRefusal(address: URL, token: string | undefined): Promise<RelayError> {
  try {
    const response = await fetch(address.href.replace("ws", "http"), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status, headers } = response;
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
    const retryAfterMs = Number(headers.get("retry-after")) * 1000;
    return new RelayError(status === 426 ? "unreachable" : "refused", { status, problem, retryAfterMs });
  } catch (cause) {
    return new RelayError("unreachable", { cause });
  }
}
