import type { ClientRequest, IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import { openSocket } from "../support/wire/dial.ts";

export interface Closing {
  /** Null when the upgrade never came about. */
  readonly code: number | null;
  readonly reason: string;
  readonly status: number | null;
  readonly error: string | null;
}

export interface Listener {
  onOpen(): void;
  onText(text: string, bytes: number): void;
  onEnd(closing: Closing): void;
}

const HANDSHAKE_MS = 20_000;

/** One WebSocket with its frames as text; tells its end exactly once, whether it ever opened or not. */
export function openConnection(
  url: string,
  protocols: readonly string[],
  token: string,
  listener: Listener,
): WebSocket {
  const socket = openSocket(url, { token, protocols, handshakeTimeoutMs: HANDSHAKE_MS });
  let opened = false;
  let status: number | null = null;
  let failure: string | null = null;
  socket.on("open", () => {
    opened = true;
    listener.onOpen();
  });
  socket.on("message", (data: Buffer) => listener.onText(data.toString(), data.byteLength));
  socket.on("error", (error) => {
    failure = error.message;
  });
  socket.on("unexpected-response", (_request: ClientRequest, response: IncomingMessage) => {
    status = response.statusCode ?? 0;
    response.resume();
    socket.terminate();
  });
  socket.on("close", (code, reason) => {
    listener.onEnd({ code: opened ? code : null, reason: reason.toString(), status, error: failure });
  });
  return socket;
}
