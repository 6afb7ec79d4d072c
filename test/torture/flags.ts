import { parseArgs } from "node:util";

export interface Flags {
  readonly seed: number;
  readonly seeds: number;
  readonly events: number;
  readonly durationMs: number;
  readonly clients: number;
  readonly sdk: number;
  readonly chromium: number;
  readonly cluster: boolean;
}

/** A thousand events a second is what relay, broker and clients do together on two cores, faults included. */
const EVENTS_PER_SECOND = 1_000;
const MIN_SECONDS = 8;
const MAX = 2 ** 31 - 1;

/** Reads the command line; throws with a sentence for the user. */
export function readFlags(args: readonly string[], anySeed: number): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string", default: String(anySeed) },
      seeds: { type: "string", default: "1" },
      events: { type: "string", default: "50000" },
      seconds: { type: "string" },
      clients: { type: "string", default: "24" },
      sdk: { type: "string", default: "4" },
      chromium: { type: "string", default: "0" },
      cluster: { type: "boolean", default: false },
    },
  });
  const events = wholeNumber("--events", values.events);
  const seconds = Math.max(MIN_SECONDS, Math.ceil(events / EVENTS_PER_SECOND));
  return {
    seed: wholeNumber("--seed", values.seed),
    seeds: wholeNumber("--seeds", values.seeds),
    events,
    durationMs: (values.seconds === undefined ? seconds : wholeNumber("--seconds", values.seconds)) * 1000,
    clients: wholeNumber("--clients", values.clients),
    sdk: wholeNumber("--sdk", values.sdk, 0),
    chromium: wholeNumber("--chromium", values.chromium, 0),
    cluster: values.cluster,
  };
}

/** What repeats a run. */
export function commandOf(
  seed: number,
  { events, durationMs, clients, sdk, chromium, cluster }: Omit<Flags, "seed" | "seeds">,
): string {
  const flags = { seed, events, seconds: durationMs / 1000, clients, sdk, chromium };
  const words = Object.entries(flags).map(([name, value]) => `--${name} ${value}`);
  return ["npm run torture --", ...words, ...(cluster ? ["--cluster"] : [])].join(" ");
}

function wholeNumber(flag: string, text: string, min = 1): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= MAX) return value;
  throw new Error(`${flag} must be a whole number from ${min} to ${MAX}.`);
}
