/** A CloudEvent of an exact size with one number in it that can be replaced without building it anew. Pure. */

export const MARK_KEY = '"mark":';
const DIGITS = 16;
export const MARK_BYTES = MARK_KEY.length + DIGITS;

/** The smallest mark: JSON has no leading zeros, so all have sixteen digits. */
export const FIRST_MARK = 1e15;

export class EventTemplate {
  readonly bytes: Buffer;
  readonly #digitsAt: number;

  constructor(size: number) {
    const head = `{"specversion":"1.0","id":"bench","source":"/tenants/bench","type":"io.cellos.bench.v1.tick","data":{${MARK_KEY}`;
    const end = `,"pad":""}}`;
    const pad = size - head.length - DIGITS - end.length;
    if (pad < 0) throw new Error(`An event has at least ${size - pad} bytes.`);
    this.bytes = Buffer.from(`${head}${FIRST_MARK},"pad":"${"x".repeat(pad)}"}}`);
    this.#digitsAt = head.length;
  }

  /** Copies the event to `target` at `at`, with `mark` in it; returns where it ends. */
  write(target: Buffer, at: number, mark: number): number {
    this.bytes.copy(target, at);
    target.write(String(mark), at + this.#digitsAt, DIGITS, "latin1");
    return at + this.bytes.length;
  }
}
