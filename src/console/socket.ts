/** Door: one WebSocket to the relay, and the plain GET that says why it did not open. */
import { BEARER_PREFIX, V1 } from "../protocol/subprotocol.ts";
import { FRESH_ACK, countFrame } from "./ack.ts";
import { type Frame, readFrame } from "./frame.ts";
import type { Link } from "./machine.ts";
import type { Answer } from "./why.ts";

export interface SocketListener {
  opened(): void;
  framed(frame: Frame): void;
  closed(code: number, reason: string): void;
}

const ASK_TIMEOUT_MS = 10_000;

/** Returns how to close it; afterwards the listener hears nothing more. */
export function openSocket(link: Link, token: string, listener: SocketListener): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  const url = addressOf(link);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, [V1, BEARER_PREFIX + base64url(token)]);
  let ack = FRESH_ACK;
  socket.addEventListener("open", () => listener.opened(), { signal });
  socket.addEventListener("close", (event) => listener.closed(event.code, event.reason), { signal });
  socket.addEventListener(
    "message",
    (event: MessageEvent<unknown>) => {
      const text = typeof event.data === "string" ? event.data : "";
      const frame = readFrame(text);
      const counted = countFrame(ack, frame.kind, text.length);
      ack = counted.ack;
      if (counted.effect === "send-ping") socket.send("ping");
      listener.framed(frame);
    },
    { signal },
  );
  return () => {
    listening.abort();
    socket.close();
  };
}

/** A browser hides why an upgrade was refused; the same request without the upgrade is told (H3). */
export async function askWhy(link: Link, token: string): Promise<Answer> {
  try {
    const response = await fetch(addressOf(link), {
      headers: { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    return {
      kind: "http",
      status: response.status,
      detail: await detailOf(response),
      retryAfterMs: (Number(response.headers.get("retry-after")) || 0) * 1000,
    };
  } catch {
    return { kind: "unreachable" };
  }
}

async function detailOf(response: Response): Promise<string> {
  if (!(response.headers.get("content-type") ?? "").startsWith("application/problem+json")) return "";
  const problem: unknown = await response.json();
  if (typeof problem !== "object" || problem === null || !("detail" in problem)) return "";
  return typeof problem.detail === "string" ? problem.detail : "";
}

function addressOf(link: Link): URL {
  const url = new URL("/ws/events", location.href);
  if (link.subject !== "") url.searchParams.set("subject", link.subject);
  if (link.cursor !== null) url.searchParams.set("since", link.cursor);
  return url;
}

function base64url(text: string): string {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
