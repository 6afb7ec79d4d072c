/** The settings of signed tokens put together (A2), and what of them cannot be meant together (O2). Pure. */
import { decodeEntry, DEFAULT_CLAIM } from "./credential-settings.ts";
import { DEFAULT_HMAC_ALGORITHMS, DEFAULT_PUBLIC_KEY_ALGORITHMS, HMAC_ALGORITHMS } from "./jwt-algorithms.ts";
import { readPublicKey, type PublicKey } from "./public-key.ts";
import type { SettingValues } from "./settings.ts";

export type JwtKeys =
  | { readonly kind: "jwks"; readonly url: string }
  | { readonly kind: "secret"; readonly secret: string }
  | { readonly kind: "public"; readonly key: PublicKey };

export interface JwtConfig {
  readonly keys: JwtKeys;
  readonly algorithms: readonly string[];
  /** What `iss` must be, or null when it is not looked at; `audience` likewise. */
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly subjectsClaim: string;
  /** Templates: what a token without that claim may read. */
  readonly subjects: readonly string[];
  /** Name of a header that carries a token, bare. */
  readonly header: string | null;
  /** Values of `sub` and `jti` that are refused (A10). */
  readonly denied: ReadonlySet<string>;
}

export const MAX_FILTERS = 64;

/** Null when no keys are set: signed tokens are not accepted then. */
export function jwtConfig(set: SettingValues): JwtConfig | null {
  const [keys] = keysOf(set);
  if (keys === undefined) return null;
  return {
    keys,
    algorithms: algorithmsOf(set, keys),
    issuer: set.JWT_ISSUER ?? null,
    audience: set.JWT_AUDIENCE ?? null,
    subjectsClaim: set.JWT_SUBJECTS_CLAIM ?? DEFAULT_CLAIM,
    subjects: set.JWT_SUBJECTS,
    header: set.JWT_HEADER ?? null,
    denied: new Set(set.JWT_DENY.map((entry) => decodeEntry(entry) ?? entry)),
  };
}

const ONE_KEY = "JWT_JWKS_URL, JWT_SECRET and JWT_PUBLIC_KEY";

/** A sentence for each contradiction. */
export function jwtContradictions(set: SettingValues): string[] {
  const keys = keysOf(set);
  const [first] = keys;
  if (keys.length > 1) return [`Only one of ${ONE_KEY} must be set.`];
  if (first === undefined) return idle(set).map((name) => `${name} must be set together with one of ${ONE_KEY}.`);
  const wrong: string[] = [];
  if (first.kind === "jwks" && (set.JWT_ISSUER === undefined || set.JWT_AUDIENCE === undefined)) {
    wrong.push("JWT_ISSUER and JWT_AUDIENCE must be set together with JWT_JWKS_URL.");
  }
  const isHmac = first.kind === "secret";
  const strange = set.JWT_ALGORITHMS.some((name) => HMAC.includes(name) !== isHmac);
  if (strange && isHmac) wrong.push("JWT_ALGORITHMS must name algorithms of a shared secret alone beside JWT_SECRET.");
  else if (strange) wrong.push("JWT_ALGORITHMS must name no algorithm of a shared secret beside public keys.");
  else if (algorithmsOf(set, first).length === 0) {
    wrong.push("JWT_ALGORITHMS must name an algorithm that JWT_PUBLIC_KEY is a key for.");
  }
  if (set.JWT_SUBJECTS.length > MAX_FILTERS) wrong.push(`JWT_SUBJECTS must hold at most ${MAX_FILTERS} filters.`);
  return wrong;
}

const HMAC: readonly string[] = HMAC_ALGORITHMS;

/** Settings that do nothing where no key is set. A list of denied tokens may stay. */
function idle(set: SettingValues): string[] {
  const names = ["JWT_ALGORITHMS", "JWT_ISSUER", "JWT_AUDIENCE", "JWT_SUBJECTS_CLAIM", "JWT_SUBJECTS", "JWT_HEADER"];
  const values: Readonly<Record<string, unknown>> = set;
  return names.filter((name) => {
    const value = values[name];
    // A default that is written out changes nothing.
    if (name === "JWT_SUBJECTS_CLAIM" && value === DEFAULT_CLAIM) return false;
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  });
}

function keysOf(set: SettingValues): JwtKeys[] {
  const { JWT_JWKS_URL: url, JWT_SECRET: secret, JWT_PUBLIC_KEY: text } = set;
  const key = text === undefined ? null : readPublicKey(text);
  const keys: JwtKeys[] = [];
  if (url !== undefined) keys.push({ kind: "jwks", url });
  if (secret !== undefined) keys.push({ kind: "secret", secret });
  if (key !== null) keys.push({ kind: "public", key });
  return keys;
}

function algorithmsOf({ JWT_ALGORITHMS: named }: SettingValues, keys: JwtKeys): readonly string[] {
  const defaults = keys.kind === "secret" ? DEFAULT_HMAC_ALGORITHMS : DEFAULT_PUBLIC_KEY_ALGORITHMS;
  if (keys.kind !== "public") return named.length > 0 ? named : defaults;
  const wanted: readonly string[] = named.length > 0 ? named : defaults;
  return keys.key.algorithms.filter((name) => wanted.includes(name));
}
