/** Tokens that must not be admitted, a family at a time, each with good neighbours that must be. */
import { createHmac, generateKeyPairSync } from "node:crypto";
import { CompactSign, type JWTPayload } from "jose";
import type { Issuer, SignOptions } from "../issuer.ts";
import { goodClaims, inSeconds, type Claims } from "../tokens.ts";

export interface HostileContext {
  readonly issuer: Issuer;
  /** An address of the attacker's, which must never be asked. */
  readonly attackerUrl: string;
}

type Make = (context: HostileContext) => string | Promise<string>;
export interface Family {
  readonly name: string;
  readonly hostile: Readonly<Record<string, Make>>;
  readonly good: Readonly<Record<string, Make>>;
}

const b64 = (value: string | object): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const CLAIMS = (): JWTPayload => goodClaims({});

/** A token of these parts, signed by nobody. */
const unsigned = (header: object, signature = ""): string => `${b64(header)}.${b64(CLAIMS())}.${signature}`;
const hmac = (header: object, key: string | Buffer): string => {
  const text = `${b64(header)}.${b64(CLAIMS())}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
};
const claims =
  (change: Claims, options?: SignOptions): Make =>
  ({ issuer }) =>
    issuer.token(change, options);
const header =
  (more: (context: HostileContext) => Readonly<Record<string, unknown>>): Make =>
  (context) =>
    context.issuer.token({}, { header: more(context) });

/** Signs any text at all as the payload, with the issuer's own key. */
const payload =
  (text: string | Uint8Array): Make =>
  ({ issuer }) =>
    new CompactSign(typeof text === "string" ? new TextEncoder().encode(text) : text)
      .setProtectedHeader({ alg: "ES256", kid: issuer.kid("ES256") })
      .sign(issuer.privateKey("ES256"));
const json = (text: string): Make => payload(text.replace("EXP", String(inSeconds(60))));
const CORE = '"iss":"https://issuer.example/","aud":"relay","subjects":["cellos.events.>"]';

/** A key of the attacker's own. */
const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ownJwk = own.publicKey.export({ format: "jwk" });
const byOwnKey =
  (more: (context: HostileContext) => Readonly<Record<string, unknown>>): Make =>
  (context) =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(CLAIMS())))
      .setProtectedHeader({ ...more(context), alg: "ES256" })
      .sign(own.privateKey);

const edit =
  (change: (token: string) => string): Make =>
  async ({ issuer }) =>
    change(await issuer.token());
const parts = (token: string): [string, string, string] => token.split(".") as [string, string, string];

export const FAMILIES: readonly Family[] = [
  {
    name: "algorithms",
    hostile: {
      "none, unsigned": ({ issuer }) => unsigned({ alg: "none", kid: issuer.kid("ES256") }),
      "none with a signature": () => unsigned({ alg: "none" }, "AAAA"),
      "None in other letters": () => unsigned({ alg: "nOnE" }, "AAAA"),
      "no algorithm": () => unsigned({ typ: "JWT" }, "AAAA"),
      "an empty one": () => unsigned({ alg: "" }, "AAAA"),
      "a list of them": () => unsigned({ alg: ["ES256"] }, "AAAA"),
      "HMAC by the public key's PEM": async ({ issuer }) =>
        hmac({ alg: "HS256", kid: issuer.kid("RS256") }, await issuer.publicPem("RS256")),
      "HMAC by the public key's JWK": ({ issuer }) =>
        hmac({ alg: "HS256", kid: issuer.kid("RS256") }, JSON.stringify(issuer.jwk("RS256"))),
      "HMAC by the modulus": ({ issuer }) =>
        hmac({ alg: "HS256" }, Buffer.from(issuer.jwk("RS256").n ?? "", "base64url")),
      "HMAC by nothing": () => hmac({ alg: "HS256" }, ""),
      "HMAC under the name of a key's algorithm": async ({ issuer }) =>
        hmac({ alg: "RS256", kid: issuer.kid("RS256") }, await issuer.publicPem("RS256")),
      "another algorithm's name over a good signature": edit((token) =>
        [b64({ alg: "EdDSA", kid: "EdDSA-1" }), ...parts(token).slice(1)].join("."),
      ),
      "a hash that is not accepted": ({ issuer }) => unsigned({ alg: "RS512", kid: issuer.kid("RS256") }, "AAAA"),
      "ECDSA of zeros": ({ issuer }) => unsigned({ alg: "ES256", kid: issuer.kid("ES256") }, b64("\0".repeat(64))),
      "EdDSA of zeros": ({ issuer }) => unsigned({ alg: "EdDSA", kid: issuer.kid("EdDSA") }, b64("\0".repeat(64))),
      "no signature": ({ issuer }) => unsigned({ alg: "ES256", kid: issuer.kid("ES256") }),
      "an encrypted token": () => `${b64({ alg: "dir", enc: "A256GCM" })}..AAAA.AAAA.AAAA`,
    },
    good: {
      RS256: claims({}, { alg: "RS256" }),
      PS256: claims({}, { alg: "PS256" }),
      ES256: claims({}, { alg: "ES256" }),
      EdDSA: claims({}, { alg: "EdDSA" }),
    },
  },
  {
    name: "keys",
    hostile: {
      "a key of the attacker's, under a known kid": byOwnKey(({ issuer }) => ({ kid: issuer.kid("ES256") })),
      "a key of the attacker's, without kid": byOwnKey(() => ({})),
      "an embedded key": byOwnKey(() => ({ jwk: ownJwk })),
      "an embedded key under a known kid": byOwnKey(({ issuer }) => ({ jwk: ownJwk, kid: issuer.kid("ES256") })),
      "keys at another address": byOwnKey(({ attackerUrl }) => ({ jku: attackerUrl, kid: "mine" })),
      "a certificate at another address": byOwnKey(({ attackerUrl }) => ({ x5u: attackerUrl })),
      "an embedded certificate": byOwnKey(() => ({ x5c: ["MIIBszCCAVmgAwIBAgIUQQ=="] })),
      "an address as kid": byOwnKey(({ attackerUrl }) => ({ kid: attackerUrl })),
      "a path as kid": byOwnKey(() => ({ kid: "../../../../dev/null" })),
      "a query as kid": byOwnKey(() => ({ kid: "' UNION SELECT 'key" })),
      "a member of every object as kid": byOwnKey(() => ({ kid: "__proto__" })),
      "an empty kid": byOwnKey(() => ({ kid: "" })),
      "a list as kid": ({ issuer }) => unsigned({ alg: "ES256", kid: [issuer.kid("ES256")] }, "AAAA"),
      "the kid of another key": claims({}, { kid: "RS256-1" }),
      "what must be understood": header(() => ({ crit: ["exp"], exp: 1 })),
      "what must be understood and is": header(() => ({ crit: ["b64"], b64: true })),
    },
    good: {
      "an address beside a good signature": header(({ attackerUrl }) => ({ jku: attackerUrl, x5u: attackerUrl })),
      "an embedded key beside a good signature": header(() => ({ jwk: ownJwk })),
      "another type": header(() => ({ typ: "at+jwt" })),
    },
  },
  {
    name: "times",
    hostile: {
      expired: claims({ exp: inSeconds(-60) }),
      "expired just now": claims({ exp: inSeconds(-1) }),
      "without end": claims({ exp: undefined }),
      "an end that is text": payload(`{${CORE},"exp":"${inSeconds(60)}"}`),
      "an end beyond all numbers": json(`{${CORE},"exp":1e400}`),
      "an end beyond all calendars": json(`{${CORE},"exp":1e15}`),
      "an end before the beginning": json(`{${CORE},"exp":-1}`),
      "two ends, the later one first": json(`{${CORE},"exp":EXP,"exp":1}`),
      "not yet valid": claims({ nbf: inSeconds(120) }),
      "a beginning that is text": json(`{${CORE},"exp":EXP,"nbf":"0"}`),
    },
    good: {
      "nearly valid yet": claims({ nbf: inSeconds(20) }),
      "made in the future": claims({ iat: inSeconds(600) }),
      "a fraction": claims({ exp: inSeconds(60) + 0.5 }),
    },
  },
  {
    name: "issuer, audience, names",
    hostile: {
      "another issuer": claims({ iss: "https://evil.example/" }),
      "an issuer that begins like ours": claims({ iss: "https://issuer.example/x" }),
      "our issuer without its last letter": claims({ iss: "https://issuer.example" }),
      "our issuer in other letters": claims({ iss: "HTTPS://issuer.example/" }),
      "no issuer": claims({ iss: undefined }),
      "a list of issuers": json('{"iss":["https://issuer.example/"],"aud":"relay","exp":EXP}'),
      "another audience": claims({ aud: "other" }),
      "our audience in other letters": claims({ aud: "Relay" }),
      "no audience": claims({ aud: undefined }),
      "an empty list of audiences": claims({ aud: [] }),
      "an audience within a text": claims({ aud: "other relay" }),
      "a name that is a number": json(`{${CORE},"exp":EXP,"sub":7}`),
      "a name that is a list": json(`{${CORE},"exp":EXP,"sub":["alice"]}`),
      "a name of a kilobyte and more": claims({ sub: "x".repeat(1_025) }),
      "a denied name": claims({ sub: "mallory" }),
      "a denied token": claims({ jti: "token 1" }),
      "a payload that is a list": json("[]"),
      "a payload that is nothing": json("null"),
      "a payload that is no JSON": payload("iss=https://issuer.example/"),
      "a payload that is no UTF-8": payload(new Uint8Array([0x7b, 0xff, 0x7d])),
    },
    good: {
      "ours among other audiences": claims({ aud: ["other", "relay"] }),
      "no name": claims({ sub: undefined }),
      "a name like the denied one": claims({ sub: "Mallory", jti: "token%201" }),
    },
  },
  {
    name: "texts",
    hostile: {
      "without its signature": edit((token) => parts(token).slice(0, 2).join(".")),
      "cut in the signature": edit((token) => token.slice(0, -8)),
      "cut in the payload": edit((token) => token.slice(0, 100)),
      "another payload": edit((token) =>
        [parts(token)[0], b64({ ...CLAIMS(), sub: "bob" }), parts(token)[2]].join("."),
      ),
      "one letter changed": edit((token) =>
        token.replace(/^(.{90})(.)/s, (_, a: string, b: string) => a + (b === "A" ? "B" : "A")),
      ),
      "a fourth part": edit((token) => `${token}.AAAA`),
      "a dot at its end": edit((token) => `${token}.`),
      "a dot at its beginning": edit((token) => `.${token}`),
      padding: edit((token) => `${token}==`),
      "letters of the other base64": edit((token) => token.replace(/.$/, "+/")),
      "quotation marks": edit((token) => `"${token}"`),
      "percent signs": edit((token) => token.replaceAll(".", "%2E")),
      "a text of 20 KiB with a good signature": claims({ more: "x".repeat(20_000) }),
      words: () => "not-a-token",
      "dots alone": () => "..",
      JSON: () => "{}",
    },
    good: {
      whole: edit((token) => token),
      "of 8 KiB": claims({ more: "x".repeat(8_000) }),
    },
  },
];
