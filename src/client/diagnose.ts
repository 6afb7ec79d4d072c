/** EFFECTS: a browser hides why an upgrade failed. The same address by plain GET is told (H3). */
import { RelayError, type Problem } from "./wire/error.ts";

const TIMEOUT_MS = 10_000;

/** To a plain GET the relay has nothing to object, and yet there was no WebSocket. */
const BLOCKED: Problem = {
  title: "The relay answers, but a WebSocket cannot be opened: something on the way may block it",
};
const UNSENDABLE: Problem = { title: "The token holds characters that no header takes, so why it failed is not known" };

/**
 * Status 426: there is nothing wrong with the request. No status: nobody answered, or what did is no relay, since a relay lets every
 * page read its refusals (H11). Never rejects.
 */
export async function diagnoseRefusal(address: URL, token: string | undefined): Promise<RelayError> {
  const headers = headersFor(token);
  if (headers === null) return new RelayError("unreachable", { problem: UNSENDABLE });
  try {
    const response = await fetch(address.href.replace("ws", "http"), {
      headers,
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status } = response;
    if (status === 426) return new RelayError("unreachable", { status, problem: BLOCKED });
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
    const retryAfterMs = Number(response.headers.get("retry-after")) * 1000;
    return new RelayError("refused", { status, problem, retryAfterMs });
  } catch (cause) {
    return new RelayError("unreachable", { cause });
  }
}

/** Null when no header can carry the token. */
function headersFor(token: string | undefined): Headers | null {
  const headers = new Headers();
  try {
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    return headers;
  } catch {
    return null;
  }
}
