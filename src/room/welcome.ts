/** The first frame of a client (V3). Pure. */
import type { Config } from "../config/config.ts";
import { expiryAt, welcomeFrame, type Frame, type UpstreamHealth } from "../protocol/frames.ts";
import { V2 } from "../protocol/subprotocol.ts";
import { ackBytesOf } from "./delivery/flow-control.ts";
import type { Admitted } from "./join/decision.ts";
import type { JoinRequest } from "./join/request.ts";

/** What is known of the room at that moment. */
export interface Moment {
  readonly epoch: string;
  readonly upstream: UpstreamHealth;
  readonly wallMs: number;
}

/** Null where the client's protocol has none. */
export function welcomeOf(
  { protocol, expiresAtMs }: JoinRequest,
  { cursor, live }: Admitted,
  config: Config,
  { epoch, upstream, wallMs }: Moment,
): Frame | null {
  if (protocol !== V2) return null;
  const { heartbeatMs } = config;
  const ackBytes = ackBytesOf(config);
  return welcomeFrame({
    epoch,
    cursor,
    live,
    heartbeatMs,
    ackBytes,
    upstream,
    expiry: expiryAt(expiresAtMs, wallMs),
  });
}
