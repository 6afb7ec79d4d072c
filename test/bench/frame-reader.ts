/** Server-to-client WebSocket frames (RFC 6455), headers only: payloads pass through uncopied. Pure. */

export interface FrameSink {
  /** A frame begins; its payload follows, in slices. */
  frame(opcode: number, length: number): void;
  payload(chunk: Buffer, from: number, to: number): void;
}

const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header = Buffer.alloc(10);
  #have = 0;
  #left = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Reads chunk[from, to); a frame, and its header too, may span any number of chunks. */
  feed(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#left === 0) {
        this.#header[this.#have++] = chunk[at++] as number;
        if (this.#have === this.#needed()) this.#begin();
        continue;
      }
      const end = Math.min(to, at + this.#left);
      this.#left -= end - at;
      this.#sink.payload(chunk, at, end);
      at = end;
    }
  }

  #needed(): number {
    if (this.#have < 2) return 2;
    const length = (this.#header[1] as number) & 0x7f;
    return length === LENGTH_64 ? 10 : length === LENGTH_16 ? 4 : 2;
  }

  #begin(): void {
    const second = this.#header[1] as number;
    if ((second & MASKED) !== 0) throw new Error("A server's frame is masked.");
    const length = second & 0x7f;
    this.#left =
      length === LENGTH_64
        ? Number(this.#header.readBigUInt64BE(2))
        : length === LENGTH_16
          ? this.#header.readUInt16BE(2)
          : length;
    this.#have = 0;
    this.#sink.frame((this.#header[0] as number) & 0x0f, this.#left);
  }
}
