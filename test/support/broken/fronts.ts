/** What may stand where NATS_URL expects a broker. */
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { WebSocketServer } from "ws";

interface Front extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
}

/** A web server that answers everything, upgrades too, with this status. */
export async function webServer(status: number): Promise<Front> {
  const server = createServer((_, response) => response.writeHead(status).end("<html>Hello</html>"));
  server.on("upgrade", (_, socket) => {
    socket.on("error", () => {});
    socket.end(`HTTP/1.1 ${status} Something\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Takes WebSockets, and says this or nothing. */
export async function webSocketServer(greeting: string | null): Promise<Front> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    if (greeting !== null) socket.send(Buffer.from(greeting));
  });
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

/** Takes TCP connections and never says a word. */
export async function silentServer(): Promise<Front> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
