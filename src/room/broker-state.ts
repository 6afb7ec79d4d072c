/** What clients and the log are told of a room's broker. Pure. */
import type { UpstreamHealth } from "../protocol/frames.ts";
import { diagnose, type Diagnosis } from "../upstream/causes.ts";
import type { Feed } from "../upstream/feed.ts";

export function healthOf(feed: Feed | null): UpstreamHealth {
  return feed?.state === "open" ? "connected" : "reconnecting";
}

const NOT_CONFIGURED = diagnose({ cause: "not-configured", message: "" }, { servers: [], stream: "" });

/** Why a join failed (O8). */
export function troubleOf(feed: Feed | null): Diagnosis {
  return feed?.trouble ?? NOT_CONFIGURED;
}
