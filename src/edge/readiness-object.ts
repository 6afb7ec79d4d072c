/**
 * EFFECTS: the one Durable Object that probes the broker for `/readyz` (H9): all callers of all isolates share its probe.
 * It stores nothing, and sleeps when nobody asks.
 */
import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config/config.ts";
import { SystemRuntime } from "../shared/system-runtime.ts";
import { openConnection } from "../upstream/nats-connection.ts";
import { probeBroker } from "../upstream/probe.ts";
import { ProbeSharing, type BrokerReport } from "./probe-sharing.ts";

export class Readiness extends DurableObject<Env> {
  readonly #runtime = new SystemRuntime();
  readonly #sharing = new ProbeSharing(
    () => this.#runtime.nowMs(),
    async () => {
      const loaded = configOf(this.env);
      if (!loaded.ok) throw new Error("the settings are not valid here");
      return probeBroker(loaded.config, { runtime: this.#runtime, openConnection });
    },
  );

  /** The last word on the broker, at most 5 s old. */
  report(): Promise<BrokerReport> {
    return this.#sharing.report();
  }
}
