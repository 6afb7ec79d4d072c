/** EFFECTS: whether the relay can serve events now: H9. */
import { hasCredential, type ConfigResult } from "../config/config.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import { CAUSES, type Cause, type Diagnosis } from "../upstream/causes.ts";
import type { BrokerReport } from "./probe-sharing.ts";

/** Asks the one object that probes the broker for all callers. */
export type AskBroker = () => Promise<BrokerReport>;

export interface Readiness {
  readonly ready: boolean;
  /** Of the broker, where that is what fails (O8). */
  readonly cause: Cause | null;
  /** One entry per check: `ok`, or what is wrong. */
  readonly checks: Readonly<Record<"config" | "credentials" | "broker", string>>;
}

const OK = "ok";
const SKIPPED = "not checked: correct the configuration first";
const NOT_ASKED = "not checked: the object that probes the broker could not be reached";
const NO_CREDENTIAL =
  "No credential for clients is configured: set RELAY_API_TOKEN, or one of JWT_JWKS_URL, JWT_SECRET and JWT_PUBLIC_KEY.";

/** Keeps this isolate's copy of the last word: an open route must not be a way to keep the one object busy. */
export class ReadinessCheck {
  readonly #nowMs: () => number;
  #trouble: Diagnosis | null = null;
  #freshUntilMs = -Infinity;

  constructor(nowMs = () => systemRuntime.nowMs()) {
    this.#nowMs = nowMs;
  }

  async run(loaded: ConfigResult, ask: AskBroker): Promise<Readiness> {
    if (!loaded.ok) return readiness({ config: loaded.problem, credentials: SKIPPED, broker: SKIPPED }, null);
    const about = { config: OK, credentials: hasCredential(loaded.config) ? OK : NO_CREDENTIAL };
    if (loaded.config.nats === null)
      return readiness({ ...about, broker: CAUSES["not-configured"].sentence }, "not-configured");
    try {
      const trouble = await this.#broker(ask);
      return readiness({ ...about, broker: trouble?.sentence ?? OK }, trouble?.cause ?? null);
    } catch (error) {
      logEvent("probe-failed", describeError(error));
      return readiness({ ...about, broker: NOT_ASKED }, null);
    }
  }

  async #broker(ask: AskBroker): Promise<Diagnosis | null> {
    if (this.#nowMs() < this.#freshUntilMs) return this.#trouble;
    const { trouble, freshForMs } = await ask();
    this.#trouble = trouble;
    this.#freshUntilMs = this.#nowMs() + freshForMs;
    return trouble;
  }
}

function readiness(checks: Readiness["checks"], cause: Cause | null): Readiness {
  return { ready: Object.values(checks).every((check) => check === OK), cause, checks };
}
