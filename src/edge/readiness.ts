/** EFFECTS: whether the relay can serve events now: H9. */
import type { Config, ConfigResult } from "../config/config.ts";
import { systemRuntime } from "../shared/system-runtime.ts";

/** Asks the broker whether it can be reached and has the stream; the problem is one sentence. */
export type BrokerProbe = (
  config: Config,
) => Promise<{ readonly ok: true } | { readonly ok: false; readonly problem: string }>;

export interface Readiness {
  readonly ready: boolean;
  /** One entry per check: `ok`, or what is wrong. */
  readonly checks: Readonly<Record<"config" | "credentials" | "broker", string>>;
}

const OK = "ok";
const SKIPPED = "not checked: correct the configuration first";
const FRESH_MS = 5000;
/** A probe whose request was cancelled never reports, so after this long another one starts. */
const PROBE_LIMIT_MS = 12_000;
const POLL_MS = 50;

export async function checkReadiness(loaded: ConfigResult, probe: BrokerProbe): Promise<Readiness> {
  if (!loaded.ok) return readiness({ config: loaded.problem, credentials: SKIPPED, broker: SKIPPED });
  const credentials = loaded.config.apiTokens.length > 0 ? OK : "No credential is configured: set RELAY_API_TOKEN.";
  return readiness({ config: OK, credentials, broker: await checkBroker(loaded.config, probe) });
}

function readiness(checks: Readiness["checks"]): Readiness {
  return { ready: Object.values(checks).every((check) => check === OK), checks };
}

interface BrokerState {
  answer: string | null;
  answeredAtMs: number;
  /** Start of the probe under way, or null. */
  probingSinceMs: number | null;
}

const states = new WeakMap<Config, BrokerState>();

/** The last answer while it is fresh, so that this open route cannot be used to flood the broker with connections. */
async function checkBroker(config: Config, probe: BrokerProbe): Promise<string> {
  if (config.nats === null) return "NATS_URL is not set, so there is no broker to read from.";
  const state = states.get(config) ?? { answer: null, answeredAtMs: 0, probingSinceMs: null };
  states.set(config, state);

  for (;;) {
    const nowMs = systemRuntime.nowMs();
    if (state.answer !== null && nowMs - state.answeredAtMs < FRESH_MS) return state.answer;
    if (state.probingSinceMs === null || nowMs - state.probingSinceMs >= PROBE_LIMIT_MS) break;
    // One request may not await another's I/O in this runtime, so a second asker looks again instead.
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  const startedMs = systemRuntime.nowMs();
  state.probingSinceMs = startedMs;
  try {
    const result = await probe(config);
    state.answer = result.ok ? OK : result.problem;
    state.answeredAtMs = systemRuntime.nowMs();
    return state.answer;
  } finally {
    if (state.probingSinceMs === startedMs) state.probingSinceMs = null;
  }
}
