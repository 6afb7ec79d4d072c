/** DOOR: the broker that a run stands on, one server or a cluster of them, to be broken at will. */
import { ErrorCode } from "nats.ws";
import { until } from "../support/until.ts";
import { Backup } from "../support/broker/backup.ts";
import type { Loss } from "../support/broker/cluster-links.ts";
import { Rig } from "../support/broker/rig.ts";
import type { StreamOptions } from "../support/broker/rig-control.ts";

/** A frozen broker is not frozen for longer than a few seconds. */
const ANSWERS_WITHIN_MS = 30_000;

export type GroundVerb = "kill" | "start" | "pause" | "resume" | "cut" | "refuse" | "blackhole" | "hold" | "heal";

export interface Ground extends AsyncDisposable {
  /** For NATS_URL: through the proxies that the verbs of the network act on. */
  readonly relayUrls: string;
  /** Past them. */
  readonly ownUrls: string;
  act(verb: GroundVerb): Promise<void>;
  createStream(): Promise<void>;
  deleteStream(): Promise<void>;
  /** In a cluster: a member is cut off from the others until `rejoin`, and the stream's leader hands over. */
  isolate(how: Loss): void;
  rejoin(): Promise<void>;
  stepDown(): Promise<void>;
  /** Returns how to go back to what is there now; null where that cannot be. */
  backUp(): Promise<(() => Promise<void>) | null>;
}

export class SingleGround implements Ground {
  readonly relayUrls: string;
  readonly ownUrls: string;
  readonly #rig: Rig;
  readonly #stream: StreamOptions;

  private constructor(rig: Rig, stream: StreamOptions) {
    this.#rig = rig;
    this.#stream = stream;
    this.relayUrls = rig.url;
    this.ownUrls = rig.server.url;
  }

  static async start(stream: StreamOptions): Promise<SingleGround> {
    const ground = new SingleGround(await Rig.start(), stream);
    await ground.createStream();
    return ground;
  }

  async act(verb: GroundVerb): Promise<void> {
    await this.#rig.act(verb);
  }

  async createStream(): Promise<void> {
    await patiently("the broker has created the stream", () => this.#rig.createStream(this.#stream));
  }

  async deleteStream(): Promise<void> {
    await patiently("the broker has deleted the stream", () => this.#rig.deleteStream());
  }

  /** One server has nobody to be parted from. */
  isolate(): void {}

  async rejoin(): Promise<void> {}

  async stepDown(): Promise<void> {}

  async backUp(): Promise<() => Promise<void>> {
    const backup = await Backup.take(this.#rig);
    return () => backup.restore();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rig.stop();
  }
}

/** Another fault may have the broker stopped at that moment: then the question goes unanswered, and is asked again. */
async function patiently(what: string, ask: () => Promise<unknown>): Promise<void> {
  const isDone = (error: Error): boolean => {
    if (error.message === "stream not found") return true;
    if (isUnanswered(error)) return false;
    throw error;
  };
  await until(what, () => ask().then(() => true, isDone), ANSWERS_WITHIN_MS);
}

function isUnanswered({ code }: Error & { readonly code?: string }): boolean {
  return code === ErrorCode.Timeout || code === ErrorCode.NoResponders || code === ErrorCode.JetStreamNotEnabled;
}
