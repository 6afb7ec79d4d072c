/** Why a connection ended, what that means for the next one, and how to say it to a person. */
import { CLOSE, type CloseName, type Verdict as CloseVerdict } from "../protocol/codes.ts";
import type { Problem } from "./frame.ts";

/** What a plain GET of the same address answered after an upgrade failed (H3). */
export type Answer =
  | { readonly kind: "http"; readonly status: number; readonly detail: string; readonly retryAfterMs: number }
  | { readonly kind: "unreachable" };

export type Why =
  | { readonly kind: "user" }
  | { readonly kind: "silent" }
  | { readonly kind: "close"; readonly code: number; readonly reason: string; readonly problem: Problem | null }
  | { readonly kind: "refused"; readonly answer: Answer };

/** `catch-up` is a resume without delay the first time (C, 4408). */
export type Verdict = CloseVerdict | "catch-up";

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
  tokenRevoked: "The token was revoked. Paste a new one and press Connect; the list goes on where it stopped.",
  forbidden: "The token no longer covers this subject. Use another token, or a subject that it covers.",
  slowConsumer: "This page fell too far behind and the relay let it go. It catches up from where it stopped.",
  retentionExhausted:
    "The cursor is gone: the stream no longer keeps everything after it. Choose where to start again.",
  streamReset:
    "The stream was recreated or restored, so the cursor means nothing any more. Choose where to start again.",
};

/** A reason nobody knows is judged by its code alone, a code nobody knows (1006, 1001 …) is a broken line. */
function closeName(code: number, reason: string): CloseName | null {
  const names = (Object.keys(CLOSE) as CloseName[]).filter((name) => CLOSE[name].code === code);
  return names.find((name) => CLOSE[name].reason === reason) ?? names[0] ?? null;
}

export function verdictOf(why: Why): Verdict {
  switch (why.kind) {
    case "user":
      return "stop";
    case "silent":
      return "resume";
    case "close": {
      const name = closeName(why.code, why.reason);
      if (name === "slowConsumer") return "catch-up";
      return name === null ? "resume" : CLOSE[name].verdict;
    }
    case "refused":
      return why.answer.kind === "unreachable" ? "resume" : answerVerdict(why.answer.status);
  }
}

function answerVerdict(status: number): Verdict {
  if (status === 401) return "renew-token";
  if (status === 503) return "back-off-long";
  // 426 is what a relay says to a plain GET it would have upgraded: the line failed, not the request.
  const mayMend = status < 400 || status === 408 || status === 426 || status === 429 || status >= 500;
  return mayMend ? "resume" : "stop";
}

/** One sentence or two: what happened, and what to do. */
export function wordsOf(why: Why): string {
  switch (why.kind) {
    case "user":
      return "You disconnected.";
    case "silent":
      return "Nothing came for 90 seconds, not even a heartbeat, so the line is taken for dead.";
    case "close":
      return closeWords(why.code, why.reason, why.problem);
    case "refused":
      return why.answer.kind === "unreachable"
        ? "The relay cannot be reached. Check your network, and that the relay is running."
        : answerWords(why.answer.status);
  }
}

function closeWords(code: number, reason: string, problem: Problem | null): string {
  const name = closeName(code, reason);
  if (name !== null) {
    const oldest = problem?.oldestSeq ?? null;
    return oldest === null ? CLOSE_WORDS[name] : `${CLOSE_WORDS[name]} The oldest retained event is ${oldest}.`;
  }
  if (code === 1006) return "The connection broke. Nothing to do here: it goes on by itself.";
  if (code === 1001 || code === 1012) return "The relay is restarting. Nothing to do here: it goes on by itself.";
  return "The relay closed the connection for a reason this page does not know.";
}

function answerWords(status: number): string {
  if (status === 400) return "The relay does not understand the request. Check the subject and the start.";
  if (status === 401) return "The relay does not accept this token. Paste a valid one and press Connect.";
  if (status === 403)
    return "This token or this web address may not read this subject. Ask for a wider grant, or choose a narrower subject.";
  if (status === 404) return "There is no relay at this address.";
  if (status === 426)
    return "Token and subject are fine, yet the connection did not open: the relay is full, or a proxy blocks WebSockets.";
  if (status === 503)
    return "The relay is not ready: its operator should look at /readyz. This page keeps trying, slowly.";
  if (status >= 500) return "The relay failed to answer. If this keeps happening, look at its log.";
  return "The relay gave an answer this page does not know.";
}

/** The bare fact, for people who look it up: close code and reason, or status and detail. */
export function factOf(why: Why): string {
  if (why.kind === "close") return `Close code ${why.code}${why.reason === "" ? "" : ` ${why.reason}`}`;
  if (why.kind !== "refused" || why.answer.kind === "unreachable") return "";
  return `HTTP ${why.answer.status}${why.answer.detail === "" ? "" : `: ${why.answer.detail}`}`;
}
