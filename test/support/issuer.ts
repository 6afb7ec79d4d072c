/** An issuer of signed tokens with keys of its own, and the address where it publishes them, which can be in trouble. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { AUDIENCE, goodClaims, ISSUER, type Claims } from "./tokens.ts";

export const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** How the address of the keys answers. */
export type Mood = "well" | "500" | "hangs" | "redirects" | "no JSON" | "no key set" | "wrong content type";

export interface SignOptions {
  readonly alg?: Algorithm;
  /** Other than the key's own; null: none. */
  readonly kid?: string | null;
  readonly header?: Readonly<Record<string, unknown>>;
}

interface Pair {
  readonly alg: Algorithm;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export class Issuer implements AsyncDisposable {
  mood: Mood = "well";
  /** How often the keys were asked for. */
  asked = 0;
  readonly #server: Server;
  readonly #hanging = new Set<ServerResponse>();
  #pairs = new Map<Algorithm, Pair>();
  /** Published beside its own. */
  #others: readonly JWK[] = [];
  #generation = 0;

  private constructor() {
    this.#server = createServer((_request, response) => this.#answer(response));
  }

  static async start(): Promise<Issuer> {
    const issuer = new Issuer();
    await issuer.rotate();
    await issuer.listen();
    return issuer;
  }

  /** Serves the keys, on the port that it had before. */
  async listen(): Promise<void> {
    const port = this.#port;
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }
  #port = 0;

  /** Nobody answers at the address of the keys any more. */
  async shut(): Promise<void> {
    for (const response of this.#hanging) response.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/keys`;
  }

  /** The settings of a relay that trusts this issuer's published keys. */
  get vars(): Readonly<Record<string, string>> {
    return { JWT_JWKS_URL: this.url, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE };
  }

  /** New keys in place of the old ones. */
  async rotate(): Promise<void> {
    this.#generation += 1;
    const pairs = await Promise.all(ALGORITHMS.map((alg) => newPair(alg, `${alg}-${this.#generation}`)));
    this.#pairs = new Map(pairs.map((pair) => [pair.alg, pair]));
  }

  /** Publishes so many keys beside its own, all of one pair. */
  async publishMore(count: number): Promise<void> {
    const { jwk } = await newPair("ES256", "other");
    this.#others = Array.from({ length: count }, (_, n) => ({ ...jwk, kid: `other-${n}` }));
  }

  /** A token that such a relay admits until `claims` or `options` say otherwise: it may read `cellos.events.>` for a minute. */
  async token(claims: Claims = {}, options: SignOptions = {}): Promise<string> {
    const { alg = "ES256", header = {} } = options;
    const { kid, privateKey } = this.#pair(alg);
    const named = options.kid === null ? {} : { kid: options.kid ?? kid };
    return new SignJWT(goodClaims(claims))
      .setProtectedHeader({ ...header, alg, ...named })
      .sign(privateKey, { crit: { exp: true } });
  }

  publicPem(alg: Algorithm): Promise<string> {
    return exportSPKI(this.#pair(alg).publicKey);
  }

  jwk(alg: Algorithm): JWK {
    return this.#pair(alg).jwk;
  }

  privateKey(alg: Algorithm): CryptoKey {
    return this.#pair(alg).privateKey;
  }

  kid(alg: Algorithm): string {
    return this.#pair(alg).kid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.shut();
  }

  #pair(alg: Algorithm): Pair {
    const pair = this.#pairs.get(alg);
    if (pair === undefined) throw new Error(`no key for ${alg}`);
    return pair;
  }

  #answer(response: ServerResponse): void {
    this.asked += 1;
    const keys = JSON.stringify({ keys: [...this.#others, ...[...this.#pairs.values()].map(({ jwk }) => jwk)] });
    const json = { "Content-Type": "application/json" };
    switch (this.mood) {
      case "500":
        return void response.writeHead(500, json).end(keys);
      case "hangs":
        return void this.#hanging.add(response);
      case "redirects":
        return void response.writeHead(302, { Location: `${this.url}?moved` }).end();
      case "no JSON":
        return void response.writeHead(200, json).end("<html>");
      case "no key set":
        return void response.writeHead(200, json).end('{"keys":"none"}');
      case "wrong content type":
        return void response.writeHead(200, { "Content-Type": "text/html" }).end(keys);
      case "well":
        return void response.writeHead(200, json).end(keys);
    }
  }
}

async function newPair(alg: Algorithm, kid: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}
