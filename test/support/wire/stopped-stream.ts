/** A stream before a scripted relay, with a clock that only the test moves. Sockets go on in real time. */
import { vi } from "vitest";
import { EventStream, type EventStreamOptions } from "../../../src/client/index.ts";
import { Recorder } from "../browser/recorder.ts";
import { ScriptedRelay, type ScriptedConnection } from "./scripted-relay.ts";

/** Polls in real time, which a stopped clock does not hold up. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** The tokens that a connection brought after it was open (V8). */
export function tokensOf({ received }: ScriptedConnection): string[] {
  const frames = received.filter((text) => text !== "ping");
  return frames.map((text) => (JSON.parse(text) as { readonly token: string }).token);
}

export class StoppedStream implements AsyncDisposable {
  /** How often the page was asked for a token or a ticket. */
  asked = 0;
  readonly relay: ScriptedRelay;
  readonly #streams: EventStream[] = [];

  private constructor(relay: ScriptedRelay) {
    this.relay = relay;
  }

  static async start(): Promise<StoppedStream> {
    const relay = await ScriptedRelay.start();
    // When a token is renewed is up to chance, and the answer is waited for as long as that may last: half of it here.
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
    return new StoppedStream(relay);
  }

  /** With a new token for each time that one is asked for, unless `options` say otherwise. */
  open(options: Partial<EventStreamOptions> = {}): Recorder {
    const token = options.ticket === undefined ? { token: () => `t${++this.asked}` } : {};
    const stream = new EventStream({ url: this.relay.url, ...token, ...options });
    this.#streams.push(stream);
    return new Recorder(stream);
  }

  async connection(number: number): Promise<ScriptedConnection> {
    await eventually(() => this.relay.connections.length >= number);
    return this.relay.connection(number);
  }

  /** The stream has taken everything that was sent: its cursor is that of the heartbeat. */
  async settle(line: ScriptedConnection, cursor: number): Promise<void> {
    line.send({ type: "heartbeat", cursor, upstream: "connected" });
    await eventually(() => this.#streams.at(-1)?.cursor?.seq === cursor);
  }

  /** Time goes by with heartbeats, so that no silence ends the connection. */
  async pass(line: ScriptedConnection, ms: number, from = 1_000): Promise<void> {
    for (let left = ms, cursor = from; left > 0; left -= 60_000, cursor += 1) {
      await vi.advanceTimersByTimeAsync(Math.min(left, 60_000));
      await this.settle(line, cursor);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    await this.relay[Symbol.asyncDispose]();
  }
}
