/** The last words to a socket: problem frames and close codes (W5, W6, V5, C). Never throws. */
import { CLOSE, type CloseName } from "../../protocol/codes.ts";
import { problemFrame, reasonFrame, type LostCursor } from "../../protocol/frames.ts";
import type { Protocol } from "../../protocol/subprotocol.ts";
import type { Socket } from "./session.ts";

/** Closes; a socket that is already closing throws, and there is nobody left to tell. */
export function closeQuietly(socket: Socket, name: CloseName): void {
  try {
    socket.close(CLOSE[name].code, CLOSE[name].reason);
  } catch {
    // See above.
  }
}

/** Says why in the words of the protocol, then closes. */
export function dismiss(socket: Socket, protocol: Protocol, name: CloseName): void {
  const frame = reasonFrame(protocol, name);
  if (frame !== null) sendQuietly(socket, frame);
  closeQuietly(socket, name);
}

/** Says that the cursor is gone, then closes 4410. */
export function sendProblem(socket: Socket, protocol: Protocol, why: LostCursor, oldestSeq: number): void {
  sendQuietly(socket, problemFrame(protocol, why, oldestSeq));
  closeQuietly(socket, why === "stream-reset" ? "streamReset" : "retentionExhausted");
}

function sendQuietly(socket: Socket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // Already closing: the client cannot be told more.
  }
}
