/** How to say to a person why the relay is not sending, and what to do about it. */
import type { RelayError } from "../../client/wire/error.ts";
import { CLOSE } from "../../protocol/codes.ts";

type CloseName = keyof typeof CLOSE;

const CLOSE_WORDS: Record<CloseName, string> = {
  normal: "The relay ended the connection. Connect again when you want to go on.",
  noBroker: "The relay has no broker to read from. Its operator must set NATS_URL; this page keeps trying, slowly.",
  subscribeFailed:
    "The relay may not read this stream or subject. Its operator should check NATS_STREAM and the broker credentials; this page keeps trying, slowly.",
  tooManyMessages: "The relay counted too many messages from this page. That is a fault of the page: please report it.",
  messageTooBig:
    "This page sent a message that is too big. That is a fault of the page: please report it, then connect again.",
  internalError: "The relay met an internal error. If this keeps happening, look at the relay's log.",
  upstreamUnavailable: "The relay cannot reach its broker just now. Nothing to do here: it goes on by itself.",
  tokenExpired: "The token has expired. Paste a new one and press Connect; the list goes on where it stopped.",
  tokenRefused: "The token is no longer valid. Paste a new one and press Connect; the list goes on where it stopped.",
  forbidden:
    "The new token is not for this subject. Paste another one and press Connect, or choose a narrower subject.",
  slowConsumer: "This page fell too far behind and the relay let it go. It catches up from where it stopped.",
  retentionExhausted:
    "Events after the cursor are gone: the stream no longer keeps them. Choose where to go on; what is between cannot be shown.",
  streamReset:
    "The stream was recreated or restored, so the cursor means nothing any more. Choose where to go on; the list starts anew.",
};

const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: "The relay does not understand the request. Check the subject and the start, then press Connect.",
  401: "The relay does not accept this token: it is wrong, or has expired. Paste a new one and press Connect; the list goes on where it stopped.",
  403: "This token is not for this subject, or not for this web address. Ask for a wider grant, or choose a narrower subject.",
  404: "There is no relay at this address.",
  426: "Token and subject are fine and there is room, yet the connection did not open: a proxy may block WebSockets. This page keeps trying.",
  429: "This token has too many subjects or connections open, or asks too often. Close another page, or wait: this page keeps trying.",
  503: "The relay is full, or not ready: then its operator should look at /readyz. This page keeps trying.",
};

const REASON_WORDS: Readonly<Record<string, string>> = {
  unreachable:
    "The relay cannot be reached. Check your network, and that the relay is running; this page keeps trying.",
  callback:
    "No token came from the address that hands them out. Sign in there and press Retry now, or disconnect and paste a token.",
  silent: "Nothing came for a long while, not even a heartbeat, so the line is taken for dead. It goes on by itself.",
  gap: "Events were missing on the way. Nothing to do here: the page fetches them again.",
  unreadable: "The relay sent something that this page cannot read. It tries again from where it stopped.",
};

/** A reason nobody knows is judged by its code alone, a code nobody knows (1006, 1001 …) is a broken line. */
function closeName({ code, reason }: RelayError): CloseName | null {
  const names = (Object.keys(CLOSE) as CloseName[]).filter((name) => CLOSE[name].code === code);
  return names.find((name) => CLOSE[name].reason === reason) ?? names[0] ?? null;
}

/** A word for what a person must know at once. */
export function wordOf({ code, reason, status }: RelayError): string {
  if (reason === CLOSE.tokenExpired.reason) return "Expired";
  return status === 403 || code === CLOSE.forbidden.code ? "Not for this subject" : "Stopped";
}

/** While a new token is being had, nobody need do anything. */
export function renewalWords({ code, reason, status }: RelayError): string | null {
  if (code === CLOSE.tokenExpired.code) {
    return reason === CLOSE.tokenExpired.reason
      ? "The token has expired. This page gets a new one, and goes on where it stopped."
      : "The relay refused the token: it is no longer valid. This page gets a new one, and goes on where it stopped.";
  }
  return status === 401 ? "The relay does not accept the token. This page gets a new one." : null;
}

/** One sentence or two: what happened, and what to do. */
export function wordsOf(error: RelayError): string {
  if (error.code !== undefined) return closeWords(error);
  if (error.status !== undefined) return STATUS_WORDS[error.status] ?? otherStatus(error.status);
  return REASON_WORDS[error.reason] ?? "This page met a fault of its own. Please report it; it tries again.";
}

function closeWords(error: RelayError): string {
  const name = closeName(error);
  if (name !== null) {
    const oldest = error.problem?.oldest_seq;
    return oldest === undefined ? CLOSE_WORDS[name] : `${CLOSE_WORDS[name]} The oldest retained event is ${oldest}.`;
  }
  if (error.code === 1006) return "The connection broke. Nothing to do here: it goes on by itself.";
  if (error.code === 1001 || error.code === 1012)
    return "The relay is restarting. Nothing to do here: it goes on by itself.";
  return "The relay closed the connection for a reason this page does not know. It goes on by itself.";
}

const otherStatus = (status: number): string =>
  status >= 500
    ? "The relay failed to answer. If this keeps happening, look at its log; this page keeps trying."
    : "The relay gave an answer this page does not know. It keeps trying.";

/** A proxy may answer with a page. */
const MAX_FACT_CHARS = 500;

/** The bare fact, for people who look it up: close code and reason, or status and detail. */
export function factOf({ code, status, reason, problem }: RelayError): string {
  // `lost` is the client's word for a close without a reason.
  if (code !== undefined) return `Close code ${code}${reason === "lost" || reason === "" ? "" : ` ${reason}`}`;
  if (status === undefined) return "";
  const detail = problem?.detail ?? problem?.title;
  return `HTTP ${status}${detail === undefined ? "" : `: ${detail}`}`.slice(0, MAX_FACT_CHARS);
}
