/** Clients that misbehave for as long as the soak lasts: each comes back after every end. */
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import { openConnection, type Closing } from "../torture/connection.ts";

export const ROGUES = [
  "v1 that reads and never pings",
  "v2 that reads and never pings",
  "socket that is not read after the join",
  "replay read at 0.3 MB/s",
  "many subjects of one credential",
  "large events over a slow link",
] as const;
export type RogueKind = (typeof ROGUES)[number];

export interface RogueWorld {
  readonly wsUrl: string;
  /** A path to the relay that is slow. */
  readonly slowWsUrl: string;
  readonly tokenOf: (kind: RogueKind) => string;
  readonly subjectOf: (kind: RogueKind, index: number) => string;
  readonly onEnd: (kind: RogueKind, closing: Closing) => void;
}

const V2 = "cellos.relay.v2";
const REPLAY_BYTES_PER_MS = 300;
const LOOK_MS = 50;
const AGAIN_MS = 2_000;
/** It acknowledges what it has read, as a client must. */
const ACK_BYTES = 128 * 1024;

export async function misbehave(kind: RogueKind, index: number, world: RogueWorld, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    world.onEnd(kind, await connectOnce(kind, index, world, signal));
    await delay(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}

async function connectOnce(kind: RogueKind, index: number, world: RogueWorld, signal: AbortSignal): Promise<Closing> {
  const replays = kind === "replay read at 0.3 MB/s" || kind === "large events over a slow link";
  const query = new URLSearchParams({ subject: world.subjectOf(kind, index), ...(replays ? { since: "0" } : {}) });
  const base = kind === "large events over a slow link" ? world.slowWsUrl : world.wsUrl;
  const protocols = kind === "v1 that reads and never pings" ? [] : [V2];
  const { promise, resolve } = Promise.withResolvers<Closing>();
  let readBytes = 0;
  let unackedBytes = 0;
  const pings = kind !== "v1 that reads and never pings" && kind !== "v2 that reads and never pings";
  const socket: WebSocket = openConnection(`${base}/ws/events?${query}`, protocols, world.tokenOf(kind), {
    onOpen: () => {
      if (kind === "socket that is not read after the join") socket.pause();
    },
    onText: (text, bytes) => {
      readBytes += bytes;
      unackedBytes += bytes;
      const isDue = unackedBytes >= ACK_BYTES || text.startsWith('{"type":"heartbeat"');
      if (!pings || !isDue || socket.readyState !== socket.OPEN) return;
      unackedBytes = 0;
      socket.send("ping");
    },
    onEnd: resolve,
  });
  const stopPacing = kind === "replay read at 0.3 MB/s" ? pace(socket, () => readBytes) : () => {};
  // A socket that is not read sees no close either.
  const end = (): void => socket.terminate();
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  const patience = setTimeout(end, kind === "socket that is not read after the join" ? 90_000 : 600_000);
  const closing = await promise;
  signal.removeEventListener("abort", end);
  clearTimeout(patience);
  stopPacing();
  return closing;
}

/** Reads no faster than that, whatever lies in the kernel. */
function pace(socket: WebSocket, readBytes: () => number): () => void {
  const startedMs = Date.now();
  const timer = setInterval(() => {
    if (socket.readyState !== socket.OPEN) return;
    if (readBytes() > (Date.now() - startedMs) * REPLAY_BYTES_PER_MS) socket.pause();
    else socket.resume();
  }, LOOK_MS);
  return () => clearInterval(timer);
}
