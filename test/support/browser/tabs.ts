import { vi } from "vitest";
import type { EventStream, EventStreamOptions } from "../../../src/client/index.ts";
import { Recorder } from "./recorder.ts";

type Connect = (event: { readonly ports: readonly MessagePort[] }) => void;

/** One page with a stream of its own, as if in a tab. */
export interface Tab {
  readonly stream: EventStream;
  readonly recorder: Recorder;
}

/** Tabs of one browser: what is a SharedWorker there is the same script behind a MessageChannel here. */
export class Tabs {
  readonly #tabs: Tab[] = [];

  static async start(): Promise<Tabs> {
    const connect = Promise.withResolvers<Connect>();
    vi.stubGlobal("addEventListener", (type: string, listener: Connect) => {
      if (type === "connect") connect.resolve(listener);
    });
    vi.stubGlobal("removeEventListener", () => {});
    vi.stubGlobal("SharedWorker", MessageChannel);
    vi.resetModules();
    await import("../../../src/client/shared/shared-worker.ts");
    const listener = await connect.promise;
    vi.stubGlobal(
      "SharedWorker",
      class {
        readonly port: MessagePort;
        constructor() {
          const { port1, port2 } = new MessageChannel();
          this.port = port1;
          listener({ ports: [port2] });
        }
        addEventListener(): void {}
      },
    );
    return new Tabs();
  }

  async open(options: EventStreamOptions, handle?: () => unknown): Promise<Tab> {
    const client = await import("../../../src/client/index.ts");
    const stream: EventStream = new client.EventStream({ shared: true, ...options });
    const tab = { stream, recorder: new Recorder(stream, handle) };
    this.#tabs.push(tab);
    return tab;
  }

  close(): void {
    for (const { stream } of this.#tabs) stream.close();
    vi.unstubAllGlobals();
  }
}
