import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

type Mode = "open" | "refusing" | "blackhole";

/** Stands in front of a TCP port and misbehaves on command. Its own port stays the same for life. */
export class TcpProxy {
  readonly port: number;
  /** Connections that came, whatever became of them. */
  accepted = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #target: () => number;
  #mode: Mode = "open";

  private constructor(server: Server, target: () => number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(target: () => number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server, target);
  }

  /** Resets the connections there are; new ones work. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Resets the connections there are and all that come. */
  refuse(): void {
    this.#mode = "refusing";
    this.cut();
  }

  /** Keeps every connection open, new ones too, and moves not a byte. */
  blackhole(): void {
    this.#mode = "blackhole";
    for (const pair of this.#pairs) unlink(pair);
  }

  /**
   * Keeps the connections there are open and holds what is sent on them; new ones work. So a path that stalls differs
   * from `blackhole`, a network that is gone: what was held arrives after its connection was given up and replaced.
   */
  hold(): void {
    for (const pair of this.#pairs) unlink(pair);
  }

  /** Back to normal. Bytes held by `blackhole` or `hold` arrive now, as after a long retransmission. */
  heal(): void {
    this.#mode = "open";
    for (const pair of this.#pairs) link(pair);
  }

  async close(): Promise<void> {
    this.refuse();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.accepted += 1;
    socket.on("error", ignore);
    if (this.#mode === "refusing") {
      socket.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: this.#target(), host: "127.0.0.1", noDelay: true });
    upstream.on("error", ignore);
    const pair = [socket, upstream] as const;
    this.#pairs.add(pair);
    socket.on("close", () => upstream.destroySoon());
    upstream.on("close", () => {
      this.#pairs.delete(pair);
      socket.destroySoon();
    });
    if (this.#mode === "open") link(pair);
  }
}

function link(pair: readonly [Socket, Socket]): void {
  // A second pipe between the same two would double every byte.
  unlink(pair);
  const [a, b] = pair;
  a.pipe(b);
  b.pipe(a);
}

function unlink([a, b]: readonly [Socket, Socket]): void {
  a.unpipe(b).pause();
  b.unpipe(a).pause();
}

/** A reset is what this proxy is for; "close" follows and does the work. */
function ignore(): void {}
