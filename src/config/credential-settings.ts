/** The settings of signed tokens (A2, A10) and of the console's own (A11), each value checked alone. */
import { HMAC_ALGORITHMS, PUBLIC_KEY_ALGORITHMS } from "./jwt-algorithms.ts";
import { readPublicKey } from "./public-key.ts";
import { anyText, list, matching } from "./setting-kinds.ts";
import { isTemplate } from "./subject-template.ts";

const MIN_SECRET_BYTES = 32;
export const DEFAULT_CLAIM = "subjects";
const ALGORITHMS: readonly string[] = [...PUBLIC_KEY_ALGORITHMS, ...HMAC_ALGORITHMS];
/** Headers that say something else already. */
const TAKEN = /^(?:authorization|cookie|connection|content-.*|host|last-event-id|origin|sec-.*|upgrade)$/i;

export const CREDENTIAL_SETTINGS = {
  JWT_JWKS_URL: matching(isKeySetUrl, {
    unit: "URL",
    default: "",
    must: "an https:// URL (http:// on a loopback address) without user name, password or fragment",
    doc: "Signed tokens (JWT): where the issuer publishes its public keys; needs JWT_ISSUER and JWT_AUDIENCE.",
  }),
  JWT_SECRET: matching(isLongSecret, {
    unit: "secret",
    default: "",
    must: `text of at least ${MIN_SECRET_BYTES} bytes`,
    doc: "Signed tokens: the secret shared with the issuer; its UTF-8 bytes are the key.",
  }),
  JWT_PUBLIC_KEY: matching((text) => readPublicKey(text) !== null, {
    unit: "key",
    default: "",
    must: "one public key for signatures, as SPKI PEM or as a JWK: RSA of 2,048 bits or more, P-256, P-384, P-521 or Ed25519",
    doc: "Signed tokens: the issuer's public key.",
  }),
  JWT_ALGORITHMS: list((name) => ALGORITHMS.includes(name), {
    unit: "names",
    default: "",
    must: `names out of ${ALGORITHMS.join(", ")}`,
    doc: "Signed tokens: the algorithms that are accepted; HS256 with JWT_SECRET, else RS256 PS256 ES256 EdDSA, unless set.",
  }),
  JWT_ISSUER: anyText("text", "Signed tokens: the claim iss that a token must have."),
  JWT_AUDIENCE: anyText("text", "Signed tokens: what the claim aud of a token must be or contain."),
  JWT_SUBJECTS_CLAIM: matching(() => true, {
    unit: "name",
    default: DEFAULT_CLAIM,
    must: "text",
    doc: "Signed tokens: the claim that holds the subject filters, by its literal name.",
  }),
  JWT_SUBJECTS: list(
    isTemplate,
    {
      unit: "filters",
      default: "",
      must: "subject filters separated by spaces, in which {name} stands for a claim of the token",
      doc: "Signed tokens: what a token without that claim may read.",
    },
    /\s+/,
  ),
  JWT_HEADER: matching((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(name) && !TAKEN.test(name), {
    unit: "name",
    default: "",
    must: "the name of a header that carries nothing else, such as Cf-Access-Jwt-Assertion",
    doc: "Signed tokens: a header in which a proxy hands on the token, bare; read where there is no Authorization.",
  }),
  JWT_DENY: list((entry) => decodeEntry(entry) !== null, {
    unit: "sub or jti",
    default: "",
    must: "values of the claims sub or jti, percent-encoded, separated by commas or white space",
    doc: "Signed tokens: whose are refused before they expire, and whose connections are ended.",
  }),
  TICKET_SECRET: matching(isLongSecret, {
    unit: "secret",
    default: "",
    must: `text of at least ${MIN_SECRET_BYTES} bytes`,
    doc: "What tickets are signed with; without it a key made of JWT_SECRET, or else a random one that the relay keeps.",
  }),
  CONSOLE_TOKEN_URL: matching(isTokenUrl, {
    unit: "URL",
    default: "",
    must: "an https:// URL (http:// on a loopback address) or a path that begins with one /, without user name, password or fragment",
    doc: 'Where the console asks for its token, with the browser\'s cookies; answers {"token":…}.',
  }),
};

/** An entry of JWT_DENY as the claim has it; null when it is not percent-encoded UTF-8. */
export function decodeEntry(entry: string): string | null {
  try {
    return decodeURIComponent(entry);
  } catch {
    return null;
  }
}

function isLongSecret(text: string): boolean {
  return new TextEncoder().encode(text).byteLength >= MIN_SECRET_BYTES;
}

function isKeySetUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  const isPlain = username === "" && password === "" && hash === "";
  return isPlain && (protocol === "https:" || isLoopback(hostname));
}

function isTokenUrl(text: string): boolean {
  return /^\/(?![/\\])[^#\\\s]*$/.test(text) || isKeySetUrl(text);
}

/** As the URL parser writes it: an IPv4 address in four decimal parts, an IPv6 address in brackets. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
