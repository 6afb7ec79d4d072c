/** EFFECTS: from a presented credential to what it grants: A1 and A4. */
import type { Config } from "../config/config.ts";
import type { Credential } from "./credentials.ts";
import type { Authentication } from "./grant.ts";

/** Checks `credential` against the configured tokens. Never throws on what a client sent. */
export async function authenticate(credential: Credential, config: Config): Promise<Authentication> {
  if (config.apiTokens.length === 0) return { kind: "unconfigured" };
  if (credential.kind === "missing") return { kind: "missing" };
  if (credential.kind === "malformed") return { kind: "invalid" };
  if (!(await isApiToken(credential.token, config.apiTokens))) return { kind: "invalid" };
  return {
    kind: "granted",
    grant: {
      subjects: [config.subjectRoot],
      expiresAtMs: null,
      id: await grantId(credential.token),
      isApiToken: true,
    },
  };
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

/** Hashed with a prefix of its own: a label in a log must not be the digest that anybody can look a weak token up by. */
async function grantId(token: string): Promise<string> {
  const digest = await sha256(`cellos-relay grant id\n${token}`);
  return Array.from(digest.subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
