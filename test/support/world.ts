import { dial, type Dialled } from "./wire/dial.ts";
import { Follower, type Version } from "./wire/follower.ts";
import { startRelay, type Relay } from "./relay.ts";
import { Rig } from "./broker/rig.ts";
import type { ManyOptions, RigOptions, StreamOptions } from "./broker/rig-control.ts";
import { cloudEvent } from "./cloud-event.ts";

export const TOKEN = "world-token";

export interface WorldOptions extends RigOptions {
  /** False: no stream at all. */
  readonly stream?: StreamOptions | false;
  /** Settings of the relay besides the broker's address, the token and a heartbeat each second. */
  readonly vars?: Readonly<Record<string, string>>;
}

export interface JoinOptions {
  readonly since?: number;
  readonly epoch?: string;
  readonly acks?: boolean;
  /** Asks where events came from (H1). */
  readonly meta?: boolean;
  /** In place of the API token. */
  readonly token?: string;
  /** How long both close frames may have been there before the client ends the connection, as browsers do. */
  readonly closeTimeoutMs?: number;
}

export type Client = Follower<Dialled["raw"]>;

/** A broker and a relay of a test's own. */
export class World implements AsyncDisposable {
  readonly rig: Rig;
  readonly relay: Relay;

  private constructor(rig: Rig, relay: Relay) {
    this.rig = rig;
    this.relay = relay;
  }

  static async start({ stream, vars = {}, ...options }: WorldOptions = {}): Promise<World> {
    const rig = await Rig.start(options);
    try {
      if (stream !== false) await rig.createStream(stream);
      const common = { NATS_URL: rig.url, RELAY_API_TOKEN: TOKEN, HEARTBEAT_SECONDS: "1" };
      return new World(rig, await startInTurn({ ...common, ...vars }));
    } catch (error) {
      await rig.stop();
      throw error;
    }
  }

  /** One client; its socket may be closed at once (W11). */
  async join(subject: string, version: Version, options: JoinOptions = {}): Promise<Client> {
    return joinAt(this.relay, subject, version, options);
  }

  /** So many clients at once, v1 and v2 in turn. */
  async joinMany(count: number, subject: string, options: JoinOptions = {}): Promise<Client[]> {
    return Promise.all(
      Array.from({ length: count }, (_, index) => this.join(subject, index % 2 === 0 ? 1 : 2, options)),
    );
  }

  /** Publishes `count` small events and returns their seqs. */
  async publish(subject: string, count: number): Promise<number[]> {
    return this.rig.publish(Array.from({ length: count }, (_, n) => ({ subject, data: cloudEvent({ n }) })));
  }

  /** Publishes many, quickly; returns the last seq. */
  async publishMany(subject: string, count: number, options: ManyOptions = {}): Promise<number> {
    return this.rig.publishMany(count, { ...options, subject });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay.stop();
    await this.rig.stop();
  }
}

let lastStart: Promise<unknown> = Promise.resolve();

/** One start at a time: together they would only be slower. */
export async function startInTurn(
  vars: Readonly<Record<string, string>>,
  onLog?: (line: string) => void,
): Promise<Relay> {
  const start = lastStart.then(() => startRelay({ vars, ...(onLog === undefined ? {} : { onLog }) }));
  lastStart = start.catch(() => {});
  const relay = await start;
  // The first request pays for the runtime's own start, which no test wants to measure.
  await fetch(`${relay.url}/healthz`);
  return relay;
}

/** As `World.join`, at any relay. */
export async function joinAt(
  relay: Relay,
  subject: string,
  version: Version,
  options: JoinOptions = {},
): Promise<Client> {
  const { since, epoch, acks, meta, token = TOKEN, closeTimeoutMs = 900 } = options;
  const query = new URLSearchParams({ subject });
  if (since !== undefined) query.set("since", String(since));
  if (epoch !== undefined) query.set("epoch", epoch);
  if (meta === true) query.set("meta", "1");
  const protocols = version === 2 ? ["cellos.relay.v2"] : [];
  const dialled = await dial(`${relay.wsUrl}/ws/events?${query}`, { token, protocols, closeTimeoutMs });
  return new Follower(dialled, version, since ?? null, acks, meta);
}
