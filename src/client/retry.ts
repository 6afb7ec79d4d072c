/** When to try again. Pure: time, chance and whether anybody is looking come in. */
import { CLOSE, type Verdict } from "../protocol/codes.ts";

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

/**
 * Full jitter: anywhere between half a second and a ceiling that doubles up to 30 s. While nobody is looking the ceiling
 * is there from the start: becoming visible tries at once anyway.
 */
export function jitterMs(failures: number, { random, page }: Circumstances): number {
  const ceilingMs = page === "hidden" ? MAX_MS : Math.min(MAX_MS, 2 * MIN_MS * 2 ** failures);
  return MIN_MS + random * (ceilingMs - MIN_MS);
}

/** For what only an operator can mend: 30 to 60 s. */
export const longJitterMs = ({ random }: Circumstances): number => MAX_MS * (1 + random);

/** What the table of section C says of a code; one it does not know (1006, 1001, 1012 …) is a broken line. */
export const verdictOf = (code: number | undefined): Verdict =>
  Object.values(CLOSE).find((entry) => entry.code === code)?.verdict ?? "resume";

/** Of a refused upgrade, by the status that the plain GET was given; 426 and no answer at all are a broken line. */
export function verdictOfStatus(status: number | undefined): Verdict {
  if (status === 401) return "renew-token";
  if (status === 503) return "back-off-long";
  return status === 400 || status === 403 || status === 404 ? "stop" : "resume";
}
