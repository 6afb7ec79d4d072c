/** What clients and the log are told of a room's broker. Pure. */
import { CLOSE } from "../protocol/codes.ts";
import type { UpstreamHealth } from "../protocol/frames.ts";
import type { Runtime } from "../shared/runtime.ts";
import { diagnose, placeOf } from "../upstream/causes.ts";
import type { Feed } from "../upstream/feed.ts";
import type { Admission, Admitted } from "./join/decision.ts";
import type { Endings } from "./status.ts";

export function healthOf(feed: Feed | null): UpstreamHealth {
  return feed?.state === "open" ? "connected" : "reconnecting";
}

const NOT_CONFIGURED = diagnose({ cause: "not-configured", message: "" }, placeOf(null, ""));

/** What a room knows when it refuses a join. */
interface Refusing {
  readonly subject: string;
  readonly feed: Feed | null;
  readonly endings: Endings;
}

/** A join was refused: a lost cursor counts (O4), and of the broker it is logged why, in the words of `/readyz` (O8). */
export function noteRefused(
  runtime: Runtime,
  { subject, feed, endings }: Refusing,
  admission: Exclude<Admission, Admitted>,
): void {
  if (admission.kind === "lost") return endings.count(admission.why === "stream-reset" ? "streamReset" : null);
  const { close } = admission;
  if (close === "tokenExpired") return;
  const { cause, sentence } = feed?.log.trouble ?? NOT_CONFIGURED;
  runtime.logSparingly("join-failed", { subject, close: CLOSE[close].reason, cause, reason: sentence });
}
