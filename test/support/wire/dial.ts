import type { ClientRequest, IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";
import { TestSocket } from "./test-socket.ts";

export interface DialOptions {
  readonly token?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the server may take to end the connection after both close frames, before the client does it, as browsers do. */
  readonly closeTimeoutMs?: number;
  readonly handshakeTimeoutMs?: number;
}

export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

/** A refused upgrade: what the server answered instead of 101. */
export class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(answer: Refusal) {
    super(`The upgrade was refused: ${answer.status} ${JSON.stringify(answer.body)}`);
    this.name = "RefusedError";
    this.refusal = answer;
  }
}

/** `raw` is the `ws` socket: control frames, `pause()` of a reader, what the 101 echoed in `protocol`. */
export interface Dialled {
  readonly socket: TestSocket;
  readonly raw: WebSocket;
}

export function openSocket(url: string, options: DialOptions): WebSocket {
  const { token, protocols = [], headers = {}, closeTimeoutMs, handshakeTimeoutMs } = options;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new WebSocket(url, [...protocols], {
    headers: { ...authorization, ...headers },
    perMessageDeflate: false,
    maxPayload: 0,
    ...(closeTimeoutMs === undefined ? {} : { closeTimeout: closeTimeoutMs }),
    ...(handshakeTimeoutMs === undefined ? {} : { handshakeTimeout: handshakeTimeoutMs }),
  });
}

/** Opens a socket from Node; throws `RefusedError` when the server does not upgrade. */
export async function dial(url: string, options: DialOptions = {}): Promise<Dialled> {
  const raw = openSocket(url, options);
  // Before "open": the first frames may come in the same packet as the 101.
  const socket = new TestSocket(raw);
  const { promise, resolve, reject } = Promise.withResolvers<Dialled>();
  raw.on("open", () => resolve({ socket, raw }));
  raw.on("error", reject);
  raw.on("unexpected-response", (_request: ClientRequest, response: IncomingMessage) => {
    void text(response).then((body) => {
      const { statusCode: status = 0, headers: answered } = response;
      reject(new RefusedError({ status, headers: answered, body: parse(body) }));
    }, reject);
  });
  return promise;
}

/** The refusal that `dial` runs into; fails if the upgrade succeeds. */
export async function refusal(url: string, options?: DialOptions): Promise<Refusal> {
  try {
    const { raw } = await dial(url, options);
    raw.terminate();
  } catch (error) {
    if (error instanceof RefusedError) return error.refusal;
    throw error;
  }
  throw new Error(`${new URL(url).pathname} upgraded, and should not have.`);
}

function parse(body: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(body)) as Record<string, unknown>;
  } catch {
    return { text: body };
  }
}
