/** A v2 client that keeps nothing: it acknowledges (V9), follows the chain of cursors (V4), and counts. For crowds. */
import type { WebSocket } from "ws";
import { openSocket } from "./dial.ts";

export class LightReader {
  cursor = 0;
  frames = 0;
  faults = 0;
  closedBy: number | null = null;
  readonly #raw: WebSocket;
  #ackBytes = Infinity;
  #bytes = 0;
  #isDue = false;
  #awaitsPong = false;

  private constructor(raw: WebSocket) {
    this.#raw = raw;
    raw.on("message", (data: Buffer) => this.#take(data.toString(), data.length));
    raw.on("close", (code: number) => (this.closedBy = code));
    raw.on("error", () => {});
  }

  static async open(url: string, token: string): Promise<LightReader> {
    const reader = new LightReader(openSocket(url, { token, protocols: ["cellos.relay.v2"] }));
    const { promise, resolve, reject } = Promise.withResolvers<LightReader>();
    reader.#raw.on("open", () => resolve(reader));
    reader.#raw.on("error", reject);
    return promise;
  }

  end(): void {
    this.#raw.terminate();
  }

  #take(text: string, bytes: number): void {
    if (text === "pong") this.#awaitsPong = false;
    else {
      this.#bytes += bytes;
      this.#read(text);
    }
    if (this.#awaitsPong || (!this.#isDue && this.#bytes < this.#ackBytes)) return;
    this.#awaitsPong = true;
    this.#isDue = false;
    this.#bytes = 0;
    this.#raw.send("ping");
  }

  #read(text: string): void {
    const [, type, prev] = /^\{"type":"([^"]*)"(?:,"prev":(\d+))?/.exec(text) ?? [];
    if (type === "events") {
      this.frames += 1;
      if (Number(prev) !== this.cursor) this.faults += 1;
      this.cursor = Number(/^\{"seq":(\d+)/.exec(text.slice(text.lastIndexOf('{"seq":')))?.[1]);
    } else if (type === "welcome") {
      const { cursor, ackBytes } = JSON.parse(text) as { cursor: number; ackBytes: number };
      this.cursor = cursor;
      this.#ackBytes = ackBytes;
    } else {
      this.cursor = Number(/"cursor":(\d+)/.exec(text)?.[1] ?? this.cursor);
      this.#isDue ||= type === "heartbeat";
    }
  }
}
