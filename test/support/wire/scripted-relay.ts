import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { BEARER_PREFIX, V2 } from "../../../src/protocol/subprotocol.ts";
import { until } from "../until.ts";

const WELCOME = { epoch: "e", cursor: 0, live: true, heartbeatMs: 25_000, ackBytes: 262_144 };

/** One connection, as the relay's side sees it. */
export class ScriptedConnection {
  readonly query: URLSearchParams;
  readonly token: string;
  readonly received: string[] = [];
  closedWith: number | null = null;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, path: string, offered: string) {
    this.#socket = socket;
    this.query = new URL(path, "ws://relay").searchParams;
    const bearer = offered.split(",").find((value) => value.trim().startsWith(BEARER_PREFIX)) ?? "";
    this.token = Buffer.from(bearer.trim().slice(BEARER_PREFIX.length), "base64url").toString();
    socket.on("message", (data: Buffer) => this.received.push(data.toString()));
    socket.on("close", (code: number) => (this.closedWith = code));
  }

  welcome(more: Partial<typeof WELCOME> & { readonly expiresInMs?: number | null } = {}): void {
    this.send({ type: "welcome", protocol: 2, ...WELCOME, ...more });
  }

  /** An events frame: after `prev`, these seqs, each with its number in `data.n` and this much padding. */
  events(prev: number, seqs: readonly number[], padBytes = 0): void {
    const pad = "x".repeat(padBytes);
    this.send({ type: "events", prev, events: seqs.map((seq) => ({ seq, event: { data: { n: seq, pad } } })) });
  }

  send(frame: object | string): void {
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  close(code: number, reason = ""): void {
    this.#socket.close(code, reason);
  }

  /** Resolves when the client has received everything that was sent before. */
  async delivered(): Promise<void> {
    this.#socket.ping();
    await once(this.#socket, "pong");
  }

  async gets(text: string, times = 1): Promise<void> {
    await until(`${times} x ${text}`, () => this.received.filter((got) => got === text).length >= times);
  }
}

/** A relay that does what the test says, over real sockets. */
export class ScriptedRelay implements AsyncDisposable {
  readonly url: string;
  readonly connections: ScriptedConnection[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (socket, { url = "", headers }) => {
      this.connections.push(new ScriptedConnection(socket, url, headers["sec-websocket-protocol"] ?? ""));
    });
  }

  static async start(): Promise<ScriptedRelay> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => V2 });
    await once(server, "listening");
    return new ScriptedRelay(server);
  }

  /** The connection with this number, the first being 1. */
  async connection(number: number): Promise<ScriptedConnection> {
    return until(`connection ${number}`, () => this.connections[number - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
    await once(this.#server, "close");
  }
}
