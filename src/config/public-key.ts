/** JWT_PUBLIC_KEY as it was given (A2), and which algorithms it can check. Pure: no key is imported here. */
import { PUBLIC_KEY_ALGORITHMS } from "./jwt-algorithms.ts";

export type PublicKey = { readonly algorithms: readonly string[] } & (
  | { readonly kind: "spki"; readonly pem: string }
  | { readonly kind: "jwk"; readonly jwk: Readonly<Record<string, unknown>> }
);

const RSA = PUBLIC_KEY_ALGORITHMS.filter((name) => /^[RP]S/.test(name));
const ED25519 = ["EdDSA", "Ed25519"];
const CURVES: Readonly<Record<string, readonly string[]>> = {
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
};

/** By the AlgorithmIdentifier of a SubjectPublicKeyInfo, in hexadecimal: its object identifier, for EC with the curve's. */
const IDENTIFIERS: readonly (readonly [string, readonly string[]])[] = [
  ["06092a864886f70d010101", RSA],
  ["06072a8648ce3d020106082a8648ce3d030107", ["ES256"]],
  ["06072a8648ce3d020106052b81040022", ["ES384"]],
  ["06072a8648ce3d020106052b81040023", ["ES512"]],
  ["06032b6570", ED25519],
];
/** A modulus of 2,048 bits; with less the library refuses every token. */
const MIN_RSA_BYTES = 256;

/** Reads a public key; null when it is none, is for something else than signatures, or is a private or secret one. */
export function readPublicKey(text: string): PublicKey | null {
  return text.startsWith("{") ? readJwk(text) : readPem(text);
}

/** Line ends may be missing or written as `\n`, as they often are in a variable. */
function readPem(text: string): PublicKey | null {
  const pem = text.replaceAll("\\n", "\n").trim();
  const [, body] = /^-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----$/.exec(pem) ?? [];
  const bytes = body === undefined ? null : fromBase64(body.replaceAll(/\s/g, ""));
  const info = bytes && sequence(bytes);
  const identifier = info && sequence(info.content);
  if (info?.rest.length !== 0 || !identifier) return null;
  const algorithms = algorithmsOf(hex(identifier.content));
  if (algorithms === null || (algorithms === RSA && identifier.rest.length < MIN_RSA_BYTES)) return null;
  return { kind: "spki", pem, algorithms };
}

function algorithmsOf(identifier: string): readonly string[] | null {
  return IDENTIFIERS.find(([start]) => identifier.startsWith(start))?.[1] ?? null;
}

function readJwk(text: string): PublicKey | null {
  const jwk = parseObject(text);
  if (jwk === null || ["d", "k", "p", "q", "oth"].some((secret) => secret in jwk)) return null;
  const { use = "sig", key_ops: operations = ["verify"], alg } = jwk;
  if (use !== "sig" || !Array.isArray(operations) || !operations.includes("verify")) return null;
  const possible = jwkAlgorithms(jwk);
  const algorithms = alg === undefined ? possible : possible.filter((name) => name === alg);
  return algorithms.length === 0 ? null : { kind: "jwk", jwk, algorithms };
}

function jwkAlgorithms({ kty, crv, x, y, n, e }: Readonly<Record<string, unknown>>): readonly string[] {
  if (kty === "RSA") return isBytes(n, MIN_RSA_BYTES) && isBytes(e, 1) ? RSA : [];
  if (kty === "OKP") return crv === "Ed25519" && isBytes(x, 32) ? ED25519 : [];
  return kty === "EC" && isBytes(x, 32) && isBytes(y, 32) ? (CURVES[String(crv)] ?? []) : [];
}

/** Base64url of at least so many bytes. */
function isBytes(value: unknown, minBytes: number): boolean {
  return typeof value === "string" && /^[A-Za-z0-9_-]+$/.test(value) && Math.floor((value.length * 3) / 4) >= minBytes;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    // Braces make an object, and its members are looked at one by one.
    return typeof value === "object" ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

/** A DER SEQUENCE: what is in it, and what follows it. */
function sequence(bytes: Uint8Array): { readonly content: Uint8Array; readonly rest: Uint8Array } | null {
  const [tag, first = 0, ...more] = bytes.subarray(0, 4);
  if (tag !== 0x30) return null;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (lengthBytes > 2) return null;
  const length = lengthBytes === 0 ? first : more.slice(0, lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  const from = 2 + lengthBytes;
  if (from + length > bytes.length) return null;
  return { content: bytes.subarray(from, from + length), rest: bytes.subarray(from + length) };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
