/** The signature algorithms that a token may have (A2): RFC 7518, RFC 8037, RFC 9864. `none` is not one of them. */

export const PUBLIC_KEY_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export const HMAC_ALGORITHMS = ["HS256", "HS384", "HS512"] as const;

export const DEFAULT_PUBLIC_KEY_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;
export const DEFAULT_HMAC_ALGORITHMS = ["HS256"] as const;
