/** A broker and a relay in a bare workerd, with no development proxy that would hold bytes in between. */
import { Bundle } from "../bench/bundle.ts";
import { deployedObjects, WorkerdProcess } from "../bench/workerd-process.ts";
import { residentBytes } from "../bench/usage.ts";
import { Rig } from "./broker/rig.ts";
import { DeafClient } from "./wire/deaf-client.ts";
import { dial } from "./wire/dial.ts";
import { Follower } from "./wire/follower.ts";
import { LightReader } from "./wire/light-reader.ts";
import type { Client } from "./world.ts";

export const TOKENS = ["token-of-a", "token-of-b"] as const;
const WAVE = 50;
const SAMPLE_MS = 100;
/** As `JoinOptions.closeTimeoutMs`. */
const CLOSE_TIMEOUT_MS = 900;

export interface BareJoin {
  readonly token?: string;
  readonly since?: number;
}

export class BareWorld implements AsyncDisposable {
  readonly rig: Rig;
  readonly #bundle: Bundle;
  readonly #worker: WorkerdProcess;
  readonly #clients: { end(): void }[] = [];
  readonly #sampler: NodeJS.Timeout;
  /** The most that workerd had resident. */
  mostResidentBytes = 0;

  private constructor(rig: Rig, bundle: Bundle, worker: WorkerdProcess) {
    this.rig = rig;
    this.#bundle = bundle;
    this.#worker = worker;
    this.#sampler = setInterval(() => {
      this.mostResidentBytes = Math.max(this.mostResidentBytes, residentBytes(worker.pid));
    }, SAMPLE_MS);
  }

  static async start(vars: Readonly<Record<string, string>> = {}): Promise<BareWorld> {
    await using stack = new AsyncDisposableStack();
    const rig = stack.adopt(await Rig.start(), (started) => started.stop());
    await rig.createStream();
    const bundle = stack.use(await Bundle.build());
    const worker = stack.use(
      await WorkerdProcess.start({
        script: bundle.script,
        objects: await deployedObjects(),
        vars: { NATS_URL: rig.url, RELAY_API_TOKEN: TOKENS.join(","), ...vars },
      }),
    );
    stack.move();
    return new BareWorld(rig, bundle, worker);
  }

  /** A client as the specification describes one. */
  async follow(subject: string, version: 1 | 2, { token = TOKENS[0], since }: BareJoin = {}): Promise<Client> {
    const protocols = version === 2 ? ["cellos.relay.v2"] : [];
    const dialled = await dial(`ws://127.0.0.1:${this.#worker.port}${path(subject, since)}`, {
      token,
      protocols,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
    });
    this.#clients.push({ end: () => dialled.raw.terminate() });
    return new Follower(dialled, version, since ?? null);
  }

  /** Many that read and keep nothing. */
  async read(
    subjects: readonly string[],
    count: number,
    { token = TOKENS[0], since }: BareJoin = {},
  ): Promise<LightReader[]> {
    return this.#many(subjects, count, (subject) =>
      LightReader.open(`ws://127.0.0.1:${this.#worker.port}${path(subject, since)}`, token),
    );
  }

  /** Many that take nothing. */
  async ignore(
    subjects: readonly string[],
    count: number,
    version: 1 | 2,
    { token = TOKENS[0], since }: BareJoin = {},
  ): Promise<DeafClient[]> {
    const { port } = this.#worker;
    const offered = version === 2 ? { protocol: "cellos.relay.v2" } : {};
    return this.#many(subjects, count, (subject) =>
      DeafClient.open({ port, path: path(subject, since), token, ...offered }),
    );
  }

  async #many<T extends { end(): void }>(
    subjects: readonly string[],
    count: number,
    open: (subject: string) => Promise<T>,
  ): Promise<T[]> {
    const all: T[] = [];
    while (all.length < count) {
      const from = all.length;
      const wave = Array.from({ length: Math.min(WAVE, count - from) }, (_, n) =>
        open(subjects[(from + n) % subjects.length] ?? ""),
      );
      all.push(...(await Promise.all(wave)));
    }
    this.#clients.push(...all);
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sampler);
    for (const client of this.#clients) client.end();
    await this.#worker[Symbol.asyncDispose]();
    await this.#bundle[Symbol.asyncDispose]();
    await this.rig.stop();
  }
}

function path(subject: string, since?: number): string {
  const query = new URLSearchParams({ subject, ...(since === undefined ? {} : { since: String(since) }) });
  return `/ws/events?${query}`;
}
