/** EFFECTS: the key that tickets are signed with (H8): of a secret of the settings, else a random one that one Durable Object keeps. */
import { DurableObject } from "cloudflare:workers";
import type { Config } from "../config/config.ts";

const NAME = "key";
const SECRET_BYTES = 32;
const INFO = new TextEncoder().encode("relay-ticket-v1");

export class TicketKey extends DurableObject<Env> {
  /** The random secret; null while there is none and none is to be made. */
  secret(mayCreate: boolean): Uint8Array | null {
    const kept = this.ctx.storage.kv.get<Uint8Array>(NAME);
    if (kept !== undefined || !mayCreate) return kept ?? null;
    const made = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
    this.ctx.storage.kv.put(NAME, made);
    return made;
  }
}

const keys = new WeakMap<Config, CryptoKey>();

/**
 * The key; null where none exists, which only selling a ticket changes: a stranger's text makes none. Throws when the object
 * cannot be reached.
 */
export async function ticketKey(
  namespace: Env["TICKET_KEY"],
  config: Config,
  mayCreate: boolean,
): Promise<CryptoKey | null> {
  const known = keys.get(config);
  if (known !== undefined) return known;
  const { ticketSecret } = config;
  const secret =
    ticketSecret === null
      ? await namespace.getByName("the key").secret(mayCreate)
      : new TextEncoder().encode(ticketSecret);
  if (secret === null) return null;
  const key = await derive(secret);
  keys.set(config, key);
  return key;
}

/** JWT_SECRET signs tokens as it is, so what signs tickets must be another key. */
async function derive(secret: Uint8Array): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: INFO };
  return crypto.subtle.deriveKey(how, material, { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign"]);
}
