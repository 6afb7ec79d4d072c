import { freePort } from "../../../src/dev/free-port.ts";
import { TcpProxy } from "./tcp-proxy.ts";

/** How the way to a member is lost: told at once, or found out by silence. */
export type Loss = "refuse" | "blackhole";

interface Link {
  readonly from: number;
  readonly to: number;
  readonly proxy: TcpProxy;
}

/** The routes between the members of a cluster, each through a proxy, so that a member can be cut off from the others. */
export class ClusterLinks implements AsyncDisposable {
  readonly #ports: readonly number[];
  readonly #links: readonly Link[];

  private constructor(ports: readonly number[], links: readonly Link[]) {
    this.#ports = ports;
    this.#links = links;
  }

  static async start(size: number): Promise<ClusterLinks> {
    const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
    const pairs = ports.flatMap((_, from) => ports.flatMap((port, to) => (from === to ? [] : [{ from, to, port }])));
    const link = async ({ from, to, port }: (typeof pairs)[number]): Promise<Link> => ({
      from,
      to,
      proxy: await TcpProxy.start(() => port),
    });
    return new ClusterLinks(ports, await Promise.all(pairs.map(link)));
  }

  /**
   * The lines for a member's configuration. Members tell each other the addresses of the others, and would meet past the
   * proxies: the address that they tell is one where nobody listens.
   */
  config(member: number): string {
    const routes = this.#links
      .filter(({ from }) => from === member)
      .map(({ proxy }) => `nats://127.0.0.1:${proxy.port}`);
    const listen = `listen: "127.0.0.1:${this.#ports[member]}", advertise: "127.0.0.1:1", no_advertise: true`;
    return `cluster { name: c, ${listen}, routes: [${routes.join(", ")}] }`;
  }

  /** No byte passes between this member and the others, whatever their clients can reach. */
  isolate(member: number, how: Loss): void {
    for (const { from, to, proxy } of this.#links) if (from === member || to === member) proxy[how]();
  }

  heal(): void {
    for (const { proxy } of this.#links) proxy.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map(({ proxy }) => proxy.close()));
  }
}
