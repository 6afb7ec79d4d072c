import { randomUUID } from "node:crypto";
import { nkeys } from "nats.ws";

/** What the NATS client bundles and does not describe. */
interface KeyPair {
  getPublicKey(): string;
  getSeed(): Uint8Array;
  sign(data: Uint8Array): Uint8Array;
}

interface Keys {
  createOperator(): KeyPair;
  createAccount(): KeyPair;
  createUser(): KeyPair;
}

const keys: Keys = nkeys;

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const ACCOUNT_LIMITS = {
  ...UNLIMITED,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
};

const NO_STREAMS = { ...ACCOUNT_LIMITS, mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 };

/** A user's key: what the broker is told, and what the user keeps. */
export function newNkey(): { readonly publicKey: string; readonly seed: string } {
  const key = keys.createUser();
  return { publicKey: key.getPublicKey(), seed: new TextDecoder().decode(key.getSeed()) };
}

/** A NATS operator with one account, as `nsc` would make them, for a broker that knows accounts by JWT alone. */
export class Operator {
  readonly #operator = keys.createOperator();
  readonly #account = keys.createAccount();
  readonly #system = keys.createAccount();

  /** For the broker's configuration. */
  get config(): string {
    const account = (key: KeyPair, name: string, limits: object): string =>
      sign(this.#operator, key, name, { type: "account", limits });
    return [
      `operator: ${sign(this.#operator, this.#operator, "test-operator", { type: "operator" })}`,
      `resolver: MEMORY`,
      `system_account: ${this.#system.getPublicKey()}`,
      `resolver_preload: {`,
      `  ${this.#account.getPublicKey()}: ${account(this.#account, "events", ACCOUNT_LIMITS)}`,
      `  ${this.#system.getPublicKey()}: ${account(this.#system, "system", NO_STREAMS)}`,
      `}`,
    ].join("\n");
  }

  /** The text of a creds file for a new user of the account, as nsc writes it. */
  creds(): string {
    return credsFile(this.#account);
  }

  /** The same, signed by nobody the broker knows. */
  static strangersCreds(): string {
    return credsFile(keys.createAccount());
  }
}

function credsFile(issuer: KeyPair): string {
  const user = keys.createUser();
  return [
    "-----BEGIN NATS USER JWT-----",
    sign(issuer, user, "relay", { type: "user", ...UNLIMITED }),
    "------END NATS USER JWT------",
    "",
    "************************* IMPORTANT *************************",
    "NKEY Seed printed below can be used to sign and prove identity.",
    "NKEYs are sensitive and should be treated as secrets.",
    "",
    "-----BEGIN USER NKEY SEED-----",
    new TextDecoder().decode(user.getSeed()),
    "------END USER NKEY SEED------",
    "",
    "*************************************************************",
    "",
  ].join("\n");
}

function sign(issuer: KeyPair, subject: KeyPair, name: string, nats: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    nats: { version: 2, ...nats },
  };
  const head = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(claims)}`;
  return `${head}.${Buffer.from(issuer.sign(new TextEncoder().encode(head))).toString("base64url")}`;
}
