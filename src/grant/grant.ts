/** What a credential that was accepted may do (A1, A2), and what of it a room keeps so that it can end (A10). Pure. */
import type { Config } from "../config/config.ts";
import { isSubsetOf } from "../protocol/subject.ts";

/** By what a connection can be told to end. No token in it: it is written down with every socket. */
export type CredentialMark =
  /** An API token; the grant's id is its keyed hash. */
  { readonly kind: "api-token" } | { readonly kind: "jwt"; readonly sub: string | null; readonly jti: string | null };

export interface Grant {
  /** Subject filters; a client may ask for any subset of one of them. */
  readonly subjects: readonly string[];
  /** Milliseconds since 1970 after which nothing more may be sent (A3), or null for never. */
  readonly expiresAtMs: number | null;
  /** Names the holder for limits and logs: a keyed hash, from which the credential cannot be read back (A6). */
  readonly id: string;
  readonly mark: CredentialMark;
}

/** What a request presents as its credential. */
export type Credential =
  | { readonly kind: "missing" }
  /** Something was presented that no token can be read from. */
  | { readonly kind: "malformed" }
  | { readonly kind: "bearer"; readonly token: string };

/** What became of the credential of a request. */
export type Authentication =
  /** No credential is configured at all: the relay never fails open (A4). */
  | { readonly kind: "unconfigured" }
  | { readonly kind: "missing" }
  | { readonly kind: "invalid" }
  /** The issuer's keys cannot be reached, so nobody knows (A2). */
  | { readonly kind: "unavailable" }
  | { readonly kind: "granted"; readonly grant: Grant };

/**
 * How many subjects `grant` may have open when it wants `subject` too, or null where that costs no book-keeping (B4):
 * DEFAULT_SUBJECT and the grant's own filters are few by themselves.
 */
export function maxSubjectsOf({ subjects, mark }: Grant, subject: string, config: SubjectLimits): number | null {
  if (subject === config.defaultSubject || subjects.includes(subject)) return null;
  return mark.kind === "api-token" ? config.maxRoomsPerApiToken : config.maxRoomsPerGrant;
}

type SubjectLimits = Pick<Config, "defaultSubject" | "maxRoomsPerApiToken" | "maxRoomsPerGrant">;

/** Whether `grant` lets its holder read all of the valid filter `subject`: one filter of the grant must cover it. */
export function covers({ subjects }: Pick<Grant, "subjects">, subject: string): boolean {
  return subjects.some((granted) => isSubsetOf(subject, granted));
}

/** Whether a request for all of the valid filter `subject` is allowed: the grant and `root` must both cover it (H4). */
export function permits(grant: Pick<Grant, "subjects">, subject: string, root: string): boolean {
  return isSubsetOf(subject, root) && covers(grant, subject);
}

/**
 * The subject of a request that names none, or null when it must name one (A2): the default where the grant covers it,
 * else the only filter of the grant inside `root`.
 */
export function subjectFor(grant: Pick<Grant, "subjects">, defaultSubject: string, root: string): string | null {
  return covers(grant, defaultSubject) ? defaultSubject : onlyFilter(grant, root);
}

/** The only filter of the grant inside `root`; null when there is none, or more. */
export function onlyFilter(grant: Pick<Grant, "subjects">, root: string): string | null {
  const inside = canonical(grant.subjects.filter((filter) => isSubsetOf(filter, root)));
  const [only, second] = inside;
  return second === undefined ? (only ?? null) : null;
}

/** The same set of subjects, without filters that another one covers; sorted bytewise. */
export function canonical(filters: readonly string[]): readonly string[] {
  const distinct = [...new Set(filters)];
  const kept = distinct.filter((filter) => !distinct.some((other) => other !== filter && isSubsetOf(filter, other)));
  return kept.toSorted(bytewise);
}

/** UTF-16 sorts as UTF-8 does, save where one of two differing units is a surrogate. */
function bytewise(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (const [index, character] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const difference = (character.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
