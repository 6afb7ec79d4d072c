import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

/** Stands in front of a TCP port and lets only so many bytes a second through from there, in the order they came. */
export class SlowLink implements AsyncDisposable {
  readonly port: number;
  /** Connections that came, whatever became of them. */
  accepted = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  readonly #bytesPerSecond: number;

  private constructor(server: Server, target: number, bytesPerSecond: number) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#target = target;
    this.#bytesPerSecond = bytesPerSecond;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(target: number, bytesPerSecond: number): Promise<SlowLink> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SlowLink(server, target, bytesPerSecond);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.accepted += 1;
    const upstream = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    for (const end of [socket, upstream]) {
      this.#sockets.add(end);
      end.on("error", ignore);
      end.on("close", () => {
        this.#sockets.delete(end);
        socket.destroy();
        upstream.destroy();
      });
    }
    socket.pipe(upstream);
    upstream.pipe(this.#brake()).pipe(socket);
  }

  #brake(): Transform {
    let freeAtMs = 0;
    const pass = async (chunk: Buffer): Promise<Buffer> => {
      const nowMs = performance.now();
      freeAtMs = Math.max(freeAtMs, nowMs) + (chunk.length / this.#bytesPerSecond) * 1_000;
      await delay(freeAtMs - nowMs);
      return chunk;
    };
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => void pass(chunk).then((passed) => done(null, passed)),
    });
  }
}

/** Either end may go first. */
function ignore(): void {}
