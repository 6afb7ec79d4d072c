/** When to try again. Pure: time, chance and whether anybody is looking come in. */
import { CLOSE, type CloseName, type Verdict } from "../protocol/codes.ts";

export interface Circumstances {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
  readonly page: "visible" | "hidden";
  readonly token: "fixed" | "renewable";
  readonly onReset: "given" | "missing";
}

const MIN_MS = 500;
const MAX_MS = 30_000;
const LONG_MAX_MS = 60_000;

/**
 * Full jitter: anywhere between half a second and a ceiling that doubles up to 30 s. While nobody is looking the ceiling
 * is there from the start: becoming visible tries at once anyway.
 */
export function jitterMs(failures: number, { random, page }: Circumstances): number {
  const ceilingMs = page === "hidden" ? MAX_MS : Math.min(MAX_MS, 2 * MIN_MS * 2 ** failures);
  return MIN_MS + random * (ceilingMs - MIN_MS);
}

/** For what only an operator can mend. */
export const longJitterMs = ({ random }: Circumstances): number => MAX_MS + random * (LONG_MAX_MS - MAX_MS);

/** What the table of section C says; a code it does not know (1006, 1001, 1012 …) is a broken line. */
export function verdictOf(code: number, reason: string): Verdict {
  const names = (Object.keys(CLOSE) as CloseName[]).filter((name) => CLOSE[name].code === code);
  const name = names.find((candidate) => CLOSE[candidate].reason === reason) ?? names[0];
  return name === undefined ? "resume" : CLOSE[name].verdict;
}

/** Of a refused upgrade, by the status that the plain GET was given; 426 and no answer at all are a broken line. */
export function verdictOfStatus(status: number | null): Verdict {
  switch (status) {
    case 401:
      return "renew-token";
    case 503:
      return "back-off-long";
    case 400:
    case 403:
    case 404:
      return "stop";
    default:
      return "resume";
  }
}
