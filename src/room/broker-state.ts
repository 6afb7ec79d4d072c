/** What clients and the log are told of a room's broker. Pure. */
import { CLOSE, type CloseName } from "../protocol/codes.ts";
import type { UpstreamHealth } from "../protocol/frames.ts";
import { diagnose, placeOf, type Cause } from "../upstream/causes.ts";
import type { Feed } from "../upstream/feed.ts";

export function healthOf(feed: Feed | null): UpstreamHealth {
  return feed?.state === "open" ? "connected" : "reconnecting";
}

const NOT_CONFIGURED = diagnose({ cause: "not-configured", message: "" }, placeOf(null, ""));

/** Why a join failed, in the words of `/readyz` (O8), and how its client was closed. */
export function failureOf(feed: Feed | null, close: CloseName): { close: string; cause: Cause; reason: string } {
  const { cause, sentence } = feed?.trouble ?? NOT_CONFIGURED;
  return { close: CLOSE[close].reason, cause, reason: sentence };
}
