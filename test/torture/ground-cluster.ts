/** DOOR: three brokers that hold one stream, with ways between them and to the relay that can be broken. */
import { Cluster } from "../support/broker/cluster.ts";
import type { Loss } from "../support/broker/cluster-links.ts";
import { TcpProxy } from "../support/broker/tcp-proxy.ts";
import { Random } from "../../src/dev/random.ts";
import type { Ground, GroundVerb } from "./ground.ts";

export class ClusterGround implements Ground {
  readonly relayUrls: string;
  readonly ownUrls: string;
  readonly #cluster: Cluster;
  readonly #proxies: readonly TcpProxy[];
  readonly #random: Random;
  /** The member that was killed or paused last. */
  #stricken = "";

  private constructor(cluster: Cluster, proxies: readonly TcpProxy[], seed: number) {
    this.#cluster = cluster;
    this.#proxies = proxies;
    this.#random = new Random(seed + 5);
    this.relayUrls = proxies.map(({ port }) => `ws://127.0.0.1:${port}`).join(",");
    this.ownUrls = cluster.urls;
  }

  static async start(maxMessages: number | null, seed: number): Promise<ClusterGround> {
    const cluster = await Cluster.start(maxMessages);
    const proxies = [...cluster.members.values()].map((server) => TcpProxy.start(() => server.port));
    return new ClusterGround(cluster, await Promise.all(proxies), seed);
  }

  async act(verb: GroundVerb): Promise<void> {
    const { members } = this.#cluster;
    switch (verb) {
      case "kill":
        this.#stricken = this.#anybody();
        await members.get(this.#stricken)?.kill();
        return;
      case "pause":
        this.#stricken = this.#anybody();
        members.get(this.#stricken)?.pause();
        return;
      case "resume":
        members.get(this.#stricken)?.resume();
        await this.#cluster.isWhole();
        return;
      case "start":
        await this.#cluster.restore(this.#stricken);
        return;
      default:
        for (const proxy of this.#proxies) proxy[verb]();
    }
  }

  /** A member and the relays that are connected to it are on the smaller side. */
  isolate(how: Loss): void {
    // Torture's own publisher stays with the majority: otherwise nothing would be acknowledged.
    const others = [...this.#cluster.members.keys()].filter((name) => name !== this.#cluster.ownMember);
    this.#cluster.isolate(others[this.#random.between(0, others.length - 1)] ?? "", how);
  }

  async rejoin(): Promise<void> {
    await this.#cluster.rejoin();
  }

  async stepDown(): Promise<void> {
    await this.#cluster.stepDown();
  }

  async createStream(): Promise<void> {
    await this.#cluster.createStream();
  }

  async deleteStream(): Promise<void> {
    await this.#cluster.deleteStream();
  }

  /** What one member holds is not what the cluster has agreed on: its store is put back by the others. */
  async backUp(): Promise<null> {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    await this.#cluster[Symbol.asyncDispose]();
  }

  #anybody(): string {
    const names = [...this.#cluster.members.keys()];
    return names[this.#random.between(0, names.length - 1)] ?? "";
  }
}
