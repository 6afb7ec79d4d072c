/** The command line of `npm run soak`. Pure. */
import { parseArgs } from "node:util";

export interface Flags {
  readonly minutes: number;
  readonly clients: number;
  readonly tenants: number;
}

/** Throws with a sentence for the user. */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "30" },
      clients: { type: "string", default: "300" },
      tenants: { type: "string", default: "20" },
    },
  });
  return {
    minutes: wholeNumber("--minutes", values.minutes, 1, 24 * 60),
    clients: wholeNumber("--clients", values.clients, 10, 5_000),
    tenants: wholeNumber("--tenants", values.tenants, 2, 200),
  };
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`${flag} must be a whole number from ${min} to ${max}.`);
}
