import type { Config } from "../config/config.ts";
import { isSubsetOf } from "../protocol/subject.ts";

/** What a credential that was accepted may do. */
export interface Grant {
  /** Subject filters; a client may ask for any subset of one of them. */
  readonly subjects: readonly string[];
  /** Milliseconds since 1970 after which nothing more may be sent (A3), or null for never. */
  readonly expiresAtMs: number | null;
  /** A short label of the credential for limits and logs, from which it cannot be read back (A6). */
  readonly id: string;
  /** A token of RELAY_API_TOKEN: what it may have open is counted only where MAX_ROOMS_PER_GRANT is set (B4). */
  readonly isApiToken: boolean;
}

/** What became of the credential of a request. */
export type Authentication =
  /** No credential is configured at all: the relay never fails open (A4). */
  | { readonly kind: "unconfigured" }
  | { readonly kind: "missing" }
  | { readonly kind: "invalid" }
  | { readonly kind: "granted"; readonly grant: Grant };

/**
 * How many subjects `grant` may have open when it wants `subject` too, or null where that costs no book-keeping (B4):
 * DEFAULT_SUBJECT and the grant's own filters are few by themselves.
 */
export function maxSubjectsOf(grant: Grant, subject: string, config: SubjectLimits): number | null {
  if (subject === config.defaultSubject || grant.subjects.includes(subject)) return null;
  return grant.isApiToken ? config.maxRoomsPerApiToken : config.maxRoomsPerGrant;
}

type SubjectLimits = Pick<Config, "defaultSubject" | "maxRoomsPerApiToken" | "maxRoomsPerGrant">;

/** Whether `grant` lets its holder read all of the valid filter `subject`. */
export function covers(grant: Grant, subject: string): boolean {
  return grant.subjects.some((granted) => isSubsetOf(subject, granted));
}
