/** DOOR: the way from a client to the relay, to be cut and healed. */
import { TcpProxy } from "../support/broker/tcp-proxy.ts";
import { Outages } from "./outages.ts";

/** A stream hears of a broken line through the proxy, the browser and its own queue. */
const LINGER_MS = 1_000;

export class Path implements AsyncDisposable {
  readonly outages = new Outages(LINGER_MS);
  readonly #proxy: TcpProxy;
  #healing: NodeJS.Timeout | undefined;
  #heal = (): void => {};

  private constructor(proxy: TcpProxy) {
    this.#proxy = proxy;
  }

  static async start(target: () => number): Promise<Path> {
    return new Path(await TcpProxy.start(target));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#proxy.port}`;
  }

  /** Breaks what is connected, and refuses everybody for a while. */
  cut(forMs: number): void {
    this.#begin();
    if (forMs > 0) this.#proxy.refuse();
    else this.#proxy.cut();
    this.#healing = setTimeout(() => this.heal(), forMs);
  }

  /** Holds what is on its way, until `heal`; a new connection would work. */
  stall(): void {
    this.#begin();
    this.#proxy.hold();
  }

  /** Moves nothing any more, until `heal`. */
  hush(): void {
    this.#begin();
    this.#proxy.blackhole();
  }

  heal(): void {
    clearTimeout(this.#healing);
    this.#proxy.heal();
    this.#heal();
    this.#heal = () => {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#healing);
    await this.#proxy.close();
  }

  /** The latest fault goes on, and heals for both. */
  #begin(): void {
    this.heal();
    this.#heal = this.outages.begin();
  }
}
