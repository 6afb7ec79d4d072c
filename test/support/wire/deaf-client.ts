/** A TCP client that asks for a WebSocket and then takes nothing at all, until it is told to. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface DeafOptions {
  readonly port: number;
  readonly path: string;
  readonly token: string;
  readonly protocol?: string;
}

export class DeafClient {
  readonly status: number;
  readonly #socket: Socket;
  #bytes: number;

  private constructor(socket: Socket, status: number, bytes: number) {
    this.#socket = socket;
    this.status = status;
    this.#bytes = bytes;
    socket.on("error", () => {});
  }

  /** Resolves with the answer to the upgrade, whatever it is. */
  static async open({ port, path, token, protocol }: DeafOptions): Promise<DeafClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    socket.once("data", (head) => {
      socket.pause();
      resolve(head);
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("The connection ended before the answer came.")));
    const offered = protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n` +
        `Authorization: Bearer ${token}\r\n${offered}\r\n`,
    );
    const head = await promise;
    const end = head.indexOf("\r\n\r\n") + 4;
    return new DeafClient(socket, Number(head.toString("latin1", 9, 12)), head.length - end);
  }

  /** Takes everything that was sent, and whatever still comes. */
  resume(): void {
    this.#socket.on("data", (chunk: Buffer) => (this.#bytes += chunk.length));
    this.#socket.resume();
  }

  /** Bytes of frames that have arrived. */
  get bytes(): number {
    return this.#bytes;
  }

  end(): void {
    this.#socket.destroy();
  }
}
