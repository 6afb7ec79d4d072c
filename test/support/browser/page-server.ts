import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** The web server of a page that uses a relay, and where it is asked to be, a proxy in front of that relay. */
export class PageServer implements AsyncDisposable {
  readonly origin: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Duplex>();

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (socket) => this.#sockets.add(socket));
  }

  static async start(handle: Handler): Promise<PageServer> {
    const server = createServer((request, response) => void handle(request, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new PageServer(server);
  }

  /** Upgrades go to the relay, with whatever headers `extra` adds for the request. */
  proxyTo(relayUrl: string, extra: (request: IncomingMessage) => string | Promise<string>): void {
    const { hostname, port } = new URL(relayUrl);
    this.#server.on("upgrade", (request, socket) => {
      void Promise.resolve(extra(request)).then((added) => {
        const relay = connect(Number(port), hostname);
        this.#sockets.add(relay);
        const pairs = Array.from({ length: request.rawHeaders.length / 2 }, (_, at) =>
          request.rawHeaders.slice(2 * at, 2 * at + 2).join(": "),
        );
        relay.write(`${request.method} ${request.url} HTTP/1.1\r\n${[...pairs, added].join("\r\n")}\r\n\r\n`);
        for (const end of [relay, socket]) end.on("error", () => {});
        socket.pipe(relay).pipe(socket);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
