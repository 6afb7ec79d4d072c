/** When to try again. Pure: time, chance and whether anybody is looking come in. */
import { CLOSE, type Verdict } from "../protocol/codes.ts";
import { ceilingMs, jitterMs } from "../shared/backoff.ts";
import type { RelayError } from "./wire/error.ts";

export interface Circumstances {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
  readonly isHidden: boolean;
  readonly canRenew: boolean;
  readonly canHydrate: boolean;
}

const MIN_MS = 500;
const MAX_MS = 30_000;

/**
 * Full jitter: anywhere between half a second and a ceiling that doubles up to 30 s. While nobody is looking the ceiling
 * is there from the start: becoming visible tries at once anyway.
 */
export function retryMs(failures: number, { random, isHidden }: Circumstances): number {
  return jitterMs(MIN_MS, isHidden ? MAX_MS : ceilingMs(failures, 2 * MIN_MS, MAX_MS), random);
}

/** For what only an operator can mend: 30 to 60 s. */
export const longRetryMs = ({ random }: Circumstances): number => jitterMs(MAX_MS, 2 * MAX_MS, random);

/**
 * What the table of section C says of a close code, and H3 of a refusal. A code it does not know (1006, 1001, 1012 …)
 * is a broken line; so is 426, which a plain GET is told when nothing is wrong with the request.
 */
export function verdictOf({
  status,
  code,
  retryAfterMs,
}: Pick<RelayError, "status" | "code" | "retryAfterMs">): Verdict {
  if (status === 401) return "renew-token";
  // A relay that is full says when to come back; one that has no settings does not.
  if (status === 503 || status === 429) return retryAfterMs ? "resume" : "back-off-long";
  if (status === 400 || status === 403 || status === 404) return "stop";
  return Object.values(CLOSE).find((entry) => entry.code === code)?.verdict ?? "resume";
}
