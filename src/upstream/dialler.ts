/**
 * EFFECTS: opens sockets to the broker's address for the NATS library, and ends those that it gave up. The library only
 * forgets a socket that never spoke; open for ever, it would pin the object, and hold one of the few connections that
 * may wait for headers at a time (DO-4, DO-25).
 *
 * By fetch(), which tells the status of a refused upgrade (O8), can send headers (WD-2), and can be given up.
 */
import type { NatsSettings } from "../config/config.ts";
import { upgradeError } from "./greeting.ts";
import { UpstreamError } from "./jetstream-api.ts";

/** Of a greeting: an INFO is not much longer, and what comes after it is short. */
const MAX_HEARD_CHARS = 16_384;

export class Dialler {
  readonly #access: NatsSettings["access"];
  #dialling = new AbortController();
  #isOver = false;
  #heard: string | null = null;
  #isClosed = false;

  constructor(access: NatsSettings["access"]) {
    this.#access = access;
  }

  /** What came on the last socket, as text; null when there was no socket. */
  get heard(): string | null {
    return this.#heard;
  }

  /** Whether the last socket was closed by the other side. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Opens a socket; one that was opened before is given up. Throws UpstreamError. */
  async dial(url: string): Promise<WebSocket> {
    this.#dialling.abort();
    if (this.#isOver) throw new UpstreamError("unreachable", "the connection is no longer wanted");
    const { signal } = (this.#dialling = new AbortController());
    this.#heard = null;
    this.#isClosed = false;
    const socket = await upgrade(url, this.#access, signal);
    this.#heard = "";
    // No await between accept() and the library's own onmessage, or the broker's INFO would be missed.
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#hear(data), { signal });
    for (const end of ["close", "error"] as const)
      socket.addEventListener(end, () => (this.#isClosed = true), { signal });
    endWith(signal, socket);
    socket.accept();
    return socket;
  }

  /** The connection has come about: nothing more is noted. */
  greeted(): void {
    this.#heard = null;
  }

  /** Ends what is being opened or was opened last, and opens no more. */
  hangUp(): void {
    this.#isOver = true;
    this.#dialling.abort();
  }

  #hear(data: string | ArrayBuffer): void {
    if (this.#heard === null || this.#heard.length >= MAX_HEARD_CHARS) return;
    this.#heard += typeof data === "string" ? data : new TextDecoder().decode(data);
  }
}

type Upgraded = NonNullable<Response["webSocket"]>;

async function upgrade(url: string, access: NatsSettings["access"], signal: AbortSignal): Promise<Upgraded> {
  const headers = {
    Upgrade: "websocket",
    ...(access === null
      ? {}
      : { "CF-Access-Client-Id": access.clientId, "CF-Access-Client-Secret": access.clientSecret }),
  };
  // A redirect is no broker, and must not be given the service token.
  const response = await fetch(url.replace(/^ws/, "http"), { headers, signal, redirect: "manual" }).catch(() => {
    throw new UpstreamError("unreachable", "no answer to the upgrade");
  });
  if (response.webSocket !== null) return response.webSocket;
  void response.body?.cancel();
  throw upgradeError(response.status);
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
