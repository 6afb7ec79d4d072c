import type { Dialled } from "../support/wire/dial.ts";

/**
 * Acknowledges as V9 asks of a v2 client: `ping` on receiving a frame, when `ackBytes` or a heartbeat came since the last
 * one, and only after `pong` has answered that.
 */
export function acknowledge({ raw, socket }: Dialled): void {
  let ackBytes = Infinity;
  let bytes = 0;
  let heartbeat = false;
  let waiting = false;
  const take = (text: string): void => {
    if (text === "pong") waiting = false;
    else bytes += Buffer.byteLength(text);
    if (text.startsWith('{"type":"welcome"')) ackBytes = (JSON.parse(text) as { ackBytes: number }).ackBytes;
    heartbeat ||= text.startsWith('{"type":"heartbeat"');
    if (waiting || !(bytes >= ackBytes || heartbeat) || raw.readyState !== raw.OPEN) return;
    waiting = true;
    bytes = 0;
    heartbeat = false;
    raw.send("ping");
  };
  for (const { text } of socket.received) take(text);
  // The TestSocket listens since before the upgrade, so the frame is there already.
  raw.on("message", () => take(socket.received.at(-1)?.text ?? ""));
}
