import { isSubsetOf } from "../protocol/subject.ts";

/** What a credential that was accepted may do. */
export interface Grant {
  /** Subject filters; a client may ask for any subset of one of them. */
  readonly subjects: readonly string[];
  /** Milliseconds since 1970 after which nothing more may be sent (A3), or null for never. */
  readonly expiresAtMs: number | null;
  /** A short label of the credential for limits and logs, from which it cannot be read back (A6). */
  readonly id: string;
}

/** What became of the credential of a request. */
export type Authentication =
  /** No credential is configured at all: the relay never fails open (A4). */
  | { readonly kind: "unconfigured" }
  | { readonly kind: "missing" }
  | { readonly kind: "invalid" }
  | { readonly kind: "granted"; readonly grant: Grant };

/** Whether `grant` lets its holder read all of the valid filter `subject`. */
export function covers(grant: Grant, subject: string): boolean {
  return grant.subjects.some((granted) => isSubsetOf(subject, granted));
}
