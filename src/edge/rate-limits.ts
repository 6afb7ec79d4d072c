/** EFFECTS: Cloudflare's rate limits (A9), where they are bound. One that fails refuses nobody. */
import { logEvent } from "../shared/log.ts";
import { describeError } from "../shared/log-line.ts";
import { addressKey } from "./address-key.ts";

type Limiters = Pick<Env, "AUTH_LIMITER" | "REQUEST_LIMITER">;

/** Counts a credential that is not valid against its address; `limited` where that has presented too many. */
export async function limitFailures<T extends { readonly kind: string }>(
  authentication: T,
  request: Request,
  env: Limiters,
): Promise<T | { readonly kind: "limited" }> {
  if (authentication.kind !== "invalid") return authentication;
  const key = addressKey(request.headers.get("CF-Connecting-IP") ?? "");
  const isOver = key !== null && (await isOverLimit("AUTH_LIMITER", key, env));
  return isOver ? { kind: "limited" } : authentication;
}

/** Whether the grant has made too many requests. */
export function hasTooManyRequests(grantId: string, env: Limiters): Promise<boolean> {
  return isOverLimit("REQUEST_LIMITER", grantId, env);
}

async function isOverLimit(name: keyof Limiters, key: string, env: Limiters): Promise<boolean> {
  try {
    const outcome = await env[name]?.limit({ key });
    return outcome?.success === false;
  } catch (error) {
    logEvent("limiter-failed", { limiter: name, ...describeError(error) });
    return false;
  }
}
