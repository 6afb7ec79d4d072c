/** Publishes events over plain NATS, written by hand so that it is never what limits a run. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { EventTemplate } from "./event-template.ts";

const ACKS = "_INBOX.bench-publisher";
const ACK_KEY = '"seq":';
const ACK_TIMEOUT_MS = 30_000;

export class Publisher implements AsyncDisposable {
  readonly #socket: Socket;
  #text = "";
  #sent = 0;
  #acked = 0;
  #moved: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1").on("data", (text: string) => this.#read(text));
    socket.on("error", () => {});
  }

  /** `url`: `nats://host:port`. */
  static async connect(url: string): Promise<Publisher> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, "connect");
    const publisher = new Publisher(socket);
    socket.write(`CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\nSUB ${ACKS} 1\r\n`);
    return publisher;
  }

  /** Writes one event for each mark, in one packet; does not wait for the broker. */
  send(subject: string, template: EventTemplate, marks: readonly number[]): void {
    const size = template.bytes.length;
    const head = `PUB ${subject} ${ACKS} ${size}\r\n`;
    const packet = Buffer.allocUnsafe((head.length + size + 2) * marks.length);
    let at = 0;
    for (const mark of marks) {
      at += packet.write(head, at, "latin1");
      at = template.write(packet, at, mark);
      at += packet.write("\r\n", at, "latin1");
    }
    this.#sent += marks.length;
    this.#socket.write(packet);
  }

  /** Resolves when the broker has stored all but `behind` of what was sent. */
  async stored(behind = 0): Promise<void> {
    const deadline = Date.now() + ACK_TIMEOUT_MS;
    while (this.#sent - this.#acked > behind) {
      const left = deadline - Date.now();
      if (left <= 0 || this.#socket.destroyed) throw new Error("The broker stores nothing any more.");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#moved = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    const text = this.#text + chunk;
    let from = 0;
    for (let at = text.indexOf(ACK_KEY); at >= 0; at = text.indexOf(ACK_KEY, from)) {
      from = at + ACK_KEY.length;
      this.#acked += 1;
    }
    const rest = text.slice(from);
    if (rest.includes("PING\r\n")) this.#socket.write("PONG\r\n");
    this.#text = rest.slice(1 - ACK_KEY.length);
    this.#moved();
  }
}
