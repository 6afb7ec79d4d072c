import type { EventStream, StreamState } from "../../../src/client/index.ts";
import { until } from "../until.ts";

interface Numbered {
  readonly data?: { readonly n?: number };
}

/** A page's worth of memory: what a stream delivered, and where it has been. */
export class Recorder {
  /** `data.n` of every event, as it came. */
  readonly numbers: number[] = [];
  readonly seqs: number[] = [];
  readonly states: StreamState[];
  readonly stream: EventStream;

  constructor(stream: EventStream, handle: () => unknown = () => null) {
    this.stream = stream;
    this.states = [stream.state];
    stream.addEventListener("statechange", ({ detail }) => this.states.push(detail));
    stream.subscribe(({ seq, event }) => {
      this.seqs.push(seq);
      this.numbers.push((event as Numbered).data?.n ?? Number.NaN);
      return handle();
    });
  }

  get kinds(): string[] {
    return this.states.map(({ kind }) => kind);
  }

  /** The next state of this kind, the present one included. */
  async reaches<Kind extends StreamState["kind"]>(
    kind: Kind,
    timeoutMs?: number,
  ): Promise<StreamState & { kind: Kind }> {
    await until(`the stream is ${kind}`, () => this.stream.state.kind === kind, timeoutMs);
    return this.stream.state as StreamState & { kind: Kind };
  }

  /** Resolves when the event numbered `last` has come; fails unless it is 1 to `last`, each once, in order. */
  async has(last: number, timeoutMs?: number): Promise<void> {
    await until(`event ${last} has come`, () => (this.numbers.at(-1) ?? 0) >= last || null, timeoutMs);
    const wrong = this.numbers.findIndex((n, index) => n !== index + 1);
    if (wrong >= 0 || this.numbers.length !== last) {
      const around = this.numbers.slice(Math.max(0, wrong - 2), wrong + 3).join(" ");
      throw new Error(`${this.numbers.length} events came instead of ${last}; around the first fault: … ${around} …`);
    }
  }
}
