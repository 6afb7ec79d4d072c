/**
 * EFFECTS: opens sockets to the broker's address for the NATS library, and ends those that it gave up. The library only
 * forgets a socket that never spoke; open for ever, it would pin the object, and hold one of the few connections that
 * may wait for headers at a time (DO-4, DO-25).
 */
import type { NatsSettings } from "../config/config.ts";
import { UpstreamError } from "./jetstream-api.ts";

export class Dialler {
  readonly #access: NatsSettings["access"];
  #dialling = new AbortController();
  #isOver = false;

  constructor(access: NatsSettings["access"]) {
    this.#access = access;
  }

  /** Opens a socket; one that was opened before is given up. Throws UpstreamError. */
  async dial(url: string): Promise<WebSocket> {
    this.#dialling.abort();
    if (this.#isOver) throw new UpstreamError("unavailable", "The connection is no longer wanted");
    const { signal } = (this.#dialling = new AbortController());
    if (this.#access !== null) return upgrade(url, this.#access, signal);
    const socket = new WebSocket(url);
    endWith(signal, socket);
    return socket;
  }

  /** Ends what is being opened or was opened last, and opens no more. */
  hangUp(): void {
    this.#isOver = true;
    this.#dialling.abort();
  }
}

/** Behind a Cloudflare tunnel the upgrade needs headers, which only fetch() can send (WD-2). */
async function upgrade(
  url: string,
  access: NonNullable<NatsSettings["access"]>,
  signal: AbortSignal,
): Promise<WebSocket> {
  const response = await fetch(url.replace(/^ws/, "http"), {
    headers: {
      Upgrade: "websocket",
      "CF-Access-Client-Id": access.clientId,
      "CF-Access-Client-Secret": access.clientSecret,
    },
    signal,
  });
  const socket = response.webSocket;
  if (socket === null)
    throw new UpstreamError("refused", `The tunnel answered ${response.status} instead of an upgrade`);
  endWith(signal, socket);
  // No await between accept() and the library's own onmessage, or the broker's INFO would be missed.
  socket.binaryType = "arraybuffer";
  socket.accept();
  return socket;
}

function endWith(signal: AbortSignal, socket: { close(): void }): void {
  signal.addEventListener("abort", () => {
    try {
      socket.close();
    } catch {
      // It never came to be, or is over.
    }
  });
}
