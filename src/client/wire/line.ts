/** EFFECTS: one connection to the relay. A line is a WebSocket, or a share of a worker's (`shared/shared-line.ts`). */
import { consumed, FRESH_ACK } from "./ack.ts";
import type { Frame } from "./frame.ts";

export interface Line {
  /** What came was handled: in the order it came, pongs included. */
  consumed(type: Frame["type"], text: string, ackBytes: number): void;
  /** Sends a text of the client's own. */
  send(text: string): void;
  /** Its listener hears nothing more. */
  close(): void;
}

export interface LineListener {
  opened(): void;
  received(text: string): void;
  /** Once, and last. Before `opened` it means that there was no connection. */
  closed(code: number, reason: string): void;
}

export type OpenLine = (url: URL, protocols: readonly string[], listener: LineListener) => Line;

const ENCODER = new TextEncoder();

export const openSocket: OpenLine = (url, protocols, listener) => {
  const socket = new WebSocket(url, [...protocols]);
  let ack = FRESH_ACK;
  let hears: LineListener | null = listener;
  socket.addEventListener("open", () => hears?.opened());
  socket.addEventListener("message", ({ data }) => hears?.received(String(data)));
  socket.addEventListener("close", ({ code, reason }) => hears?.closed(code, reason));
  return {
    consumed: (type, text, ackBytes) => {
      const before = ack;
      ack = consumed(before, type, ENCODER.encode(text).length, ackBytes);
      if (ack.bytes === 0 && ack.awaits === "pong") socket.send("ping");
    },
    send: (text) => socket.send(text),
    close: () => {
      hears = null;
      socket.close();
    },
  };
};
