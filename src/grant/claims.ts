/** What the claims of a token whose signature is good say: who, until when, and what it may read (A2). Pure. */
import { MAX_FILTERS, type JwtConfig } from "../config/config.ts";
import { fillTemplate } from "../config/subject-template.ts";
import { isValidFilter } from "../protocol/subject.ts";
import { canonical, type Grant } from "./grant.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** A grant that has no name yet; `holder` is what its name is the hash of. */
export type Holder = Omit<Grant, "id"> & { readonly holder: string };

/** OpenID Connect allows 255. They are written down with every socket, and JWT_DENY names them. */
const MAX_NAME_CHARS = 1_024;
/** The end of year 9999: what can still be said in RFC 3339. */
const MAX_EXP_SECONDS = 253_402_300_799;

/**
 * Reads the claims; null when the token is not valid at `wallMs`, or is denied (A10). A token that is valid and may read
 * nothing has a grant without filters: that is another refusal.
 */
export function readClaims(claims: Claims, jwt: JwtConfig, wallMs: number): Holder | null {
  const { exp } = claims;
  if (typeof exp !== "number" || !(exp <= MAX_EXP_SECONDS)) return null;
  const expiresAtMs = Math.floor(exp * 1_000);
  if (expiresAtMs <= wallMs) return null;
  const [iss, sub, jti] = [own(claims, "iss"), own(claims, "sub"), own(claims, "jti")];
  if (!isName(iss) || !isName(sub) || !isName(jti)) return null;
  if ([sub, jti].some((name) => name !== undefined && jwt.denied.has(name))) return null;
  const subjects = grantedFilters(claims, jwt);
  return {
    subjects,
    expiresAtMs,
    mark: { kind: "jwt", sub: sub ?? null, jti: jti ?? null },
    holder: JSON.stringify(sub === undefined ? [iss, own(claims, "aud"), canonical(subjects)] : [iss, sub]),
  };
}

/** The filters that the token may read; none when it says none, has one that cannot be filled in, or has too many. */
function grantedFilters(claims: Claims, { subjectsClaim, subjects }: JwtConfig): readonly string[] {
  const claim = own(claims, subjectsClaim);
  const filters = claim === undefined ? fill(subjects, claims) : listed(claim);
  const distinct = [...new Set(filters.filter((filter) => isValidFilter(filter)))];
  return distinct.length > MAX_FILTERS ? [] : distinct;
}

function listed(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((entry) => typeof entry === "string") : [];
}

/** One claim that does not fit takes all of them: the token is not what the operator thought of. */
function fill(templates: readonly string[], claims: Claims): readonly string[] {
  const filled = templates.map((template) => fillTemplate(template, (name) => own(claims, name)));
  return filled.every((filter) => filter !== null) ? filled : [];
}

function isName(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === "string" && value.length <= MAX_NAME_CHARS);
}

/** A claim may be called as a member that every object has. */
function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
