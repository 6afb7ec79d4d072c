import type {
  ApiCall,
  ConnectionState,
  ConsumerState,
  ManyOptions,
  Message,
  RigControl,
  RigOptions,
  StreamOptions,
  StreamState,
  Verb,
} from "./rig-control.ts";

/** A `Rig` by way of the control server, for tests that run inside workerd. */
export class RemoteRig implements RigControl, AsyncDisposable {
  readonly url: string;
  readonly #base: string;

  private constructor(base: string, url: string) {
    this.#base = base;
    this.url = url;
  }

  static async start(controlUrl: string, options: RigOptions = {}): Promise<RemoteRig> {
    const { id, url } = await post<{ id: string; url: string }>(`${controlUrl}/new`, options);
    return new RemoteRig(`${controlUrl}/${id}`, url);
  }

  act(verb: Verb): Promise<void> {
    return this.#call("act", verb);
  }
  createStream(options?: StreamOptions): Promise<StreamState> {
    return this.#call("createStream", options);
  }
  deleteStream(name?: string): Promise<void> {
    return this.#call("deleteStream", name);
  }
  purge(belowSeq?: number, name?: string): Promise<void> {
    return this.#call("purge", belowSeq, name);
  }
  deleteMessage(seq: number, name?: string): Promise<void> {
    return this.#call("deleteMessage", seq, name);
  }
  streamState(name?: string): Promise<StreamState> {
    return this.#call("streamState", name);
  }
  publish(messages: readonly Message[]): Promise<number[]> {
    return this.#call("publish", messages);
  }
  publishMany(count: number, options?: ManyOptions): Promise<number> {
    return this.#call("publishMany", count, options);
  }
  consumers(name?: string): Promise<ConsumerState[]> {
    return this.#call("consumers", name);
  }
  connections(): Promise<ConnectionState[]> {
    return this.#call("connections");
  }
  apiCalls(): Promise<ApiCall[]> {
    return this.#call("apiCalls");
  }

  /** The end of the rig; `act("stop")` stops its broker alone. */
  async stop(): Promise<void> {
    await fetch(this.#base, { method: "DELETE" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #call<T>(method: keyof RigControl, ...args: unknown[]): Promise<T> {
    return post<T>(`${this.#base}/${method}`, args);
  }
}

async function post<T>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`The control server refused ${new URL(url).pathname}: ${text}`);
  return JSON.parse(text) as T;
}
