/** The runtime's CPU profiler, by the DevTools protocol. */
import { once } from "node:events";
import { WebSocket } from "ws";

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly millis: number;
  readonly share: number;
}

const INTERVAL_MICROS = 200;

export class Profiler implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: unknown) => void>();
  #sent = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, result } = JSON.parse(data as string) as { readonly id?: number; readonly result?: unknown };
      if (id !== undefined) this.#answers.get(id)?.(result);
    });
  }

  /** `inspector`: host and port. */
  static async connect(inspector: string): Promise<Profiler> {
    const targets = (await (await fetch(`http://${inspector}/json`)).json()) as {
      readonly webSocketDebuggerUrl: string;
    }[];
    const url = targets.find(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl.endsWith("main"))?.webSocketDebuggerUrl;
    if (url === undefined) throw new Error("The inspector has no target.");
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new Profiler(socket);
  }

  async start(): Promise<void> {
    await this.#ask("Profiler.enable");
    await this.#ask("Profiler.setSamplingInterval", { interval: INTERVAL_MICROS });
    await this.#ask("Profiler.start");
  }

  /** Functions by the time spent in themselves, most first. */
  async stop(): Promise<SelfTime[]> {
    const { profile } = (await this.#ask("Profiler.stop")) as { readonly profile: Profile };
    return selfTimes(profile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = (this.#sent += 1);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }
}

export function selfTimes({ nodes, samples, timeDeltas }: Profile): SelfTime[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const micros = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "?";
    const delta = timeDeltas[index] ?? 0;
    micros.set(name, (micros.get(name) ?? 0) + delta);
    total += delta;
  }
  const busy = total - (micros.get("(idle)") ?? 0);
  return [...micros]
    .filter(([name]) => name !== "(idle)")
    .map(([name, spent]) => ({ name, millis: spent / 1_000, share: spent / busy }))
    .toSorted((a, b) => b.millis - a.millis);
}

function nameOf({ functionName, url, lineNumber }: Node["callFrame"]): string {
  const name = functionName || "(anonymous)";
  return url === "" ? name : `${name} :${lineNumber + 1}`;
}
