/** Signed tokens for tests: claims that a relay admits until a test says otherwise. */
import { SignJWT, type JWTPayload } from "jose";

/** What a claim is changed to; undefined takes it away. */
export type Claims = Readonly<Record<string, unknown>>;

export const ISSUER = "https://issuer.example/";
export const AUDIENCE = "relay";

/** A token of a secret that the relay shares. */
export async function secretToken(secret: string, claims: Claims = {}, alg = "HS256"): Promise<string> {
  return new SignJWT(goodClaims(claims)).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

/** Claims that are good for a minute; `undefined` takes one away. */
export function goodClaims(claims: Claims): JWTPayload {
  const all = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: "alice",
    subjects: ["cellos.events.>"],
    exp: inSeconds(60),
    ...claims,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A NumericDate. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}
