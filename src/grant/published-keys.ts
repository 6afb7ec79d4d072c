/** EFFECTS: the public keys that an issuer publishes (A2), fetched by `jose`, once for all requests of the isolate. */
import { createRemoteJWKSet, customFetch, errors, type CryptoKey, type JWTHeaderParameters } from "jose";
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { systemRuntime } from "../shared/system-runtime.ts";
import { KeySchedule } from "./key-schedule.ts";

const FETCH_TIMEOUT_MS = 5_000;
const POLL_MS = 25;
/** A token without `kid` may fit several keys; each one costs a check of the signature. */
const MAX_CANDIDATES = 4;

/** Nobody knows whether the token is good: its key cannot be looked up. */
export class KeysUnreachable extends Error {
  override readonly name = "KeysUnreachable";
}

export class PublishedKeys {
  readonly #schedule = new KeySchedule();
  readonly #keySet: ReturnType<typeof createRemoteJWKSet>;

  constructor(url: string) {
    // The schedule decides when to fetch: the library's own would ask a dead issuer at every request.
    this.#keySet = createRemoteJWKSet(new URL(url), {
      cooldownDuration: Infinity,
      cacheMaxAge: Infinity,
      timeoutDuration: FETCH_TIMEOUT_MS,
      // A cache on the way must not hold back a key that was rotated.
      [customFetch]: (address, init) => fetch(address, { ...init, cache: "no-store" }),
    });
  }

  /** The keys that a token with this header may be signed by; throws KeysUnreachable, or what the library does for none. */
  async find(header: JWTHeaderParameters): Promise<readonly CryptoKey[]> {
    await this.#ready(false);
    const found = await this.#lookUp(header);
    if (found !== null) return found;
    await this.#ready(true);
    const foundNow = await this.#lookUp(header);
    if (foundNow === null) throw new errors.JWKSNoMatchingKey();
    return foundNow;
  }

  async #lookUp(header: JWTHeaderParameters): Promise<readonly CryptoKey[] | null> {
    try {
      return [await this.#keySet(header)];
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return null;
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      const keys: CryptoKey[] = [];
      for await (const key of error) if (keys.push(key) >= MAX_CANDIDATES) break;
      return keys;
    }
  }

  /** Returns when the loaded keys are to be used. */
  async #ready(isUnknown: boolean): Promise<void> {
    for (;;) {
      const step = this.#schedule.next(isUnknown, systemRuntime.nowMs());
      if (step === "use") return;
      if (step === "unavailable") throw new KeysUnreachable();
      if (step === "fetch") await this.#fetch(isUnknown);
      // One request may not await another's I/O in this runtime, so a second asker looks again instead.
      else await systemRuntime.delay(POLL_MS);
    }
  }

  async #fetch(isUnknown: boolean): Promise<void> {
    const ended = this.#schedule.started(isUnknown, systemRuntime.nowMs());
    try {
      await this.#keySet.reload();
      ended(true, systemRuntime.nowMs());
    } catch (error) {
      ended(false, systemRuntime.nowMs());
      logEvent("keys-unreachable", { reason: reasonOf(error), ...describeError(error) });
    }
  }
}

/** In words of our own: a message of the library may quote the address, and with it what an operator put there. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWKSTimeout) return "timeout";
  if (error instanceof errors.JWKSInvalid) return "not a key set";
  return error instanceof errors.JOSEError ? "not 200, or not JSON" : "no connection";
}
