/** Streams whose API has another name for the relay: behind a leaf node, and in another account (U6). */
import { freePort } from "../../../src/dev/free-port.ts";
import { NatsServer } from "../../../src/dev/nats-server.ts";
import { leastUser, NEEDED_RIGHTS, RELAY_USER, RIG_USER } from "./admin.ts";
import { Rig } from "./rig.ts";
import { TcpProxy } from "./tcp-proxy.ts";

/** The needed rights where the API begins with `prefix`. */
export function rightsBelow(prefix: string): readonly string[] {
  return NEEDED_RIGHTS.publish.map((subject) => subject.replace("$JS.API", () => prefix));
}

/** A hub with the stream, and a leaf node with a JetStream of its own, at which the relay logs in: with the least rights, unless told. */
export class LeafAndHub implements AsyncDisposable {
  readonly hub: Rig;
  readonly leaf: NatsServer;
  /** The way from the leaf node to the hub. */
  readonly link: TcpProxy;

  private constructor(hub: Rig, leaf: NatsServer, link: TcpProxy) {
    this.hub = hub;
    this.leaf = leaf;
    this.link = link;
  }

  static async start(users = leastUser(rightsBelow("$JS.hub.API"), NEEDED_RIGHTS.subscribe)): Promise<LeafAndHub> {
    await using parts = new AsyncDisposableStack();
    const port = await freePort();
    const link = parts.adopt(await TcpProxy.start(() => port), (proxy) => proxy.close());
    // A leaf node also dials what its hub advertises: that must be the proxy too.
    const listen = `listen: "127.0.0.1:${port}", advertise: "127.0.0.1:${link.port}"`;
    const hub = parts.use(
      await Rig.start({ jetstream: "domain: hub", extraConfig: `server_name: hub\nleafnodes { ${listen} }` }),
    );
    await hub.createStream();
    const leaf = parts.use(
      await NatsServer.start({
        jetstream: "domain: leaf",
        extraConfig: `server_name: leaf
          leafnodes { reconnect: 1, remotes: [{ url: "nats-leaf://127.0.0.1:${link.port}" }] }
          ${users}`,
      }),
    );
    parts.move();
    return new LeafAndHub(hub, leaf, link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leaf.dispose();
    await this.link.close();
    await this.hub.stop();
  }
}

/** A broker whose stream lies in another account than that of the relay's user, which imports its API as `JS.owner.API`. */
export async function startImported(): Promise<{ readonly rig: Rig; readonly vars: Readonly<Record<string, string>> }> {
  const exported = NEEDED_RIGHTS.publish.map((subject) => {
    const isPull = subject.includes("MSG.NEXT");
    return `{ service: ${JSON.stringify(subject)}, accounts: [RELAY]${isPull ? ", response: stream" : ""} }`;
  });
  const imported = NEEDED_RIGHTS.publish.map((subject) => {
    const to = subject.replace("$JS", "JS.owner");
    return `{ service: { account: OWNER, subject: ${JSON.stringify(subject)} }, to: ${JSON.stringify(to)} }`;
  });
  const rights = {
    publish: { allow: rightsBelow("JS.owner.API") },
    subscribe: { allow: NEEDED_RIGHTS.subscribe },
  };
  const rig = await Rig.start({
    ...RIG_USER,
    extraConfig: `accounts {
      OWNER { jetstream: enabled, users: [{ user: rig, password: rig }], exports: [${exported.join(", ")}] }
      RELAY { users: [{ user: relay, password: secret, permissions: ${JSON.stringify(rights)} }],
              imports: [${imported.join(", ")}] }
    }`,
  });
  await rig.createStream();
  const vars = {
    ...RELAY_USER,
    NATS_URL: rig.url,
    NATS_JS_API_PREFIX: "JS.owner.API",
    NATS_INBOX_PREFIX: "_INBOX_relay",
  };
  return { rig, vars };
}
