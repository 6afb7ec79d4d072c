/** EFFECTS: from a presented credential to what it grants: A1, A2 and A4. */
import { hasCredential, type Config } from "../config/config.ts";
import type { Authentication, Credential } from "./grant.ts";
import { checkSignedToken } from "./signed-token.ts";

/** Checks `credential` against the configured tokens and keys. Never throws on what a client sent. */
export async function authenticate(credential: Credential, config: Config): Promise<Authentication> {
  const { apiTokens, jwt } = config;
  if (!hasCredential(config)) return { kind: "unconfigured" };
  if (credential.kind === "missing") return { kind: "missing" };
  if (credential.kind === "malformed") return { kind: "invalid" };
  const { token } = credential;
  if (await isApiToken(token, apiTokens)) {
    const id = await apiTokenId(token);
    return {
      kind: "granted",
      grant: { subjects: [config.subjectRoot], expiresAtMs: null, id, mark: { kind: "api-token" } },
    };
  }
  const checked = jwt === null ? "invalid" : await checkSignedToken(token, jwt);
  if (typeof checked === "string") return { kind: checked };
  const { holder, ...grant } = checked;
  return { kind: "granted", grant: { ...grant, id: await nameOf(`jwt ${holder}`) } };
}

/** Every configured token is compared, also after a match, and as digests, so that time tells neither which nor how much. */
async function isApiToken(token: string, apiTokens: readonly string[]): Promise<boolean> {
  const presented = await sha256(token);
  let matches = 0;
  for (const apiToken of apiTokens) matches += equal(presented, await sha256(apiToken)) ? 1 : 0;
  return matches > 0;
}

/** Of one length, as digests are; it throws on others. */
const equal = (a: Uint8Array, b: Uint8Array): boolean => crypto.subtle.timingSafeEqual(a, b);

/** The id of the grant of an API token. */
export function apiTokenId(token: string): Promise<string> {
  return nameOf(`api-token ${token}`);
}

const knownIds = new WeakMap<Config, ReadonlySet<string>>();

/** The ids of the grants of every configured API token. Hashed once per configuration: each heartbeat of each room asks. */
export async function apiTokenIds(config: Config): Promise<ReadonlySet<string>> {
  const known = knownIds.get(config);
  if (known !== undefined) return known;
  // The value is kept and not the promise: one object of the isolate may not wait for the work of another (WD-6).
  const ids = new Set(await Promise.all(config.apiTokens.map(apiTokenId)));
  knownIds.set(config, ids);
  return ids;
}

const KEY = new TextEncoder().encode("cellos-relay grant id");

/** A keyed hash: a label in a log must not be the digest that anybody can look a weak token up by. */
async function nameOf(text: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", KEY, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
  return Array.from(bytes.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
