/**
 * Whether a text holds the NKEY seed of a user, unharmed. Pure.
 *
 * The NATS client looks at a seed only once a broker asks for it, and cannot tell what is wrong from a broker that
 * refuses it. So its own check is asked here, before any broker.
 */
import { nkeys } from "nats.ws";

/** The library's types leave out what this is. */
const keys: { fromSeed(seed: Uint8Array): unknown } = nkeys;

/** A user's seed comes out as SU and 56 more; `fromSeed` takes every kind, and any length whose checksum fits. */
const USER_SEED = /^SU[A-Z2-7]{56}$/;
/** The line after the title of the seed, in a file that has a token before it. */
const SEED_IN_CREDS = /NATS USER JWT[^]*?BEGIN .*NKEY SEED-+\s+(\S+)/;

/** Whether a text is a user's seed with the checksum that belongs to it. */
export function isUserSeed(text: string): boolean {
  if (!USER_SEED.test(text)) return false;
  try {
    keys.fromSeed(new TextEncoder().encode(text));
    return true;
  } catch {
    return false;
  }
}

/** Whether a text is a .creds file, with such a seed in it. */
export function isCreds(text: string): boolean {
  return isUserSeed(SEED_IN_CREDS.exec(text)?.[1] ?? "");
}
