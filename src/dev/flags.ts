import { parseArgs } from "node:util";

export interface Flags {
  readonly help: boolean;
  readonly port: number | undefined;
  /** Brokers that exist already; undefined means: start one. */
  readonly nats: string | undefined;
  readonly token: string | undefined;
  /** Events per second of the demonstration; 0 publishes nothing. */
  readonly rate: number;
}

const DEFAULT_RATE = 2;
const MAX_RATE = 10_000;
const MAX_PORT = 65_535;

export const USAGE = `Usage: npm start -- [option…]

  --port N       port of the relay (default: a free one)
  --token T      bearer token that clients must present (default: a random one)
  --rate N       events published per second, to have something to see (default: ${DEFAULT_RATE})
  --no-publish   publish nothing
  --nats URL     use this broker (ws:// or wss://) instead of starting one; nothing is created there or published to it
  --help         this text

Any setting of the relay may be given in the environment: HEARTBEAT_SECONDS=5 npm start`;

/** Reads the command line; throws with a sentence for the user. */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      port: { type: "string" },
      nats: { type: "string" },
      token: { type: "string" },
      rate: { type: "string", default: String(DEFAULT_RATE) },
      "no-publish": { type: "boolean", default: false },
    },
  });
  if (values.token?.trim() === "") throw new Error("--token must not be empty.");
  return {
    help: values.help,
    port: values.port === undefined ? undefined : wholeNumber("--port", values.port, 1, MAX_PORT),
    nats: values.nats,
    token: values.token,
    rate: values["no-publish"] ? 0 : wholeNumber("--rate", values.rate, 0, MAX_RATE),
  };
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`${flag} must be a whole number from ${min} to ${max}.`);
}
