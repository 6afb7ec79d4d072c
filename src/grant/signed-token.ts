/** EFFECTS: checks a signed token (A2), by `jose`. What its claims mean is decided in `claims.ts`. */
import { decodeProtectedHeader, errors, importJWK, importSPKI, jwtVerify, type JWTHeaderParameters } from "jose";
import type { JwtConfig } from "../config/config.ts";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import { readClaims, type Claims, type Holder } from "./claims.ts";
import { KeysUnreachable, PublishedKeys } from "./published-keys.ts";

export const MAX_TOKEN_BYTES = 16 * 1024;
const NBF_LEEWAY_SECONDS = 30;

type Key = CryptoKey | Uint8Array;
/** Finds the keys that a token with this header may be signed by. */
type Find = (header: JWTHeaderParameters) => Promise<readonly Key[]>;

const finders = new WeakMap<JwtConfig, Find>();

/** What the token grants; `invalid` for every fault of the token, `unavailable` when its key cannot be looked up. */
export async function checkSignedToken(token: string, jwt: JwtConfig): Promise<Holder | "invalid" | "unavailable"> {
  const header = readHeader(token, jwt);
  if (header === null) return "invalid";
  try {
    const find = finders.get(jwt) ?? finderOf(jwt);
    finders.set(jwt, find);
    const claims = await verify(token, await find(header), jwt);
    return (claims && readClaims(claims, jwt, systemRuntime.wallMs())) ?? "invalid";
  } catch (error) {
    if (error instanceof KeysUnreachable) return "unavailable";
    if (!(error instanceof errors.JOSEError)) logEvent("token-check-failed", describeError(error));
    return "invalid";
  }
}

/**
 * The header of a token that is worth looking up a key for. Nothing in it is followed: a key or an address of one there is
 * the sender's (`jwk`, `jku`, `x5c`, `x5u`), and an extension that must be understood (`crit`) is not.
 */
function readHeader(token: string, { algorithms }: JwtConfig): JWTHeaderParameters | null {
  if (token.length > MAX_TOKEN_BYTES || !/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) return null;
  try {
    const { alg, kid, crit } = decodeProtectedHeader(token);
    if (alg === undefined || !algorithms.includes(alg) || crit !== undefined) return null;
    return kid === undefined ? { alg } : typeof kid === "string" ? { alg, kid } : null;
  } catch {
    return null;
  }
}

/** The claims, by the first key that fits; null when none does. */
async function verify(token: string, keys: readonly Key[], jwt: JwtConfig): Promise<Claims | null> {
  const options = {
    algorithms: [...jwt.algorithms],
    clockTolerance: NBF_LEEWAY_SECONDS,
    currentDate: new Date(systemRuntime.wallMs()),
    requiredClaims: ["exp"],
    ...(jwt.issuer === null ? {} : { issuer: jwt.issuer }),
    ...(jwt.audience === null ? {} : { audience: jwt.audience }),
  };
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  return null;
}

function finderOf({ keys }: JwtConfig): Find {
  if (keys.kind === "jwks") {
    const published = new PublishedKeys(keys.url);
    return (header) => published.find(header);
  }
  if (keys.kind === "secret") {
    const secret = new TextEncoder().encode(keys.secret);
    return async () => [secret];
  }
  const { key } = keys;
  const imported = new Map<string, Key>();
  return async ({ alg }) => {
    const known = imported.get(alg);
    if (known !== undefined) return [known];
    const made = key.kind === "spki" ? await importSPKI(key.pem, alg) : await importJWK({ ...key.jwk }, alg);
    imported.set(alg, made);
    return [made];
  };
}
