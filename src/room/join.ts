import type { Protocol } from "../protocol/subprotocol.ts";

/** What the edge hands to a room with an upgrade it has admitted; JSON in the header `relay-join`. */
export interface JoinRequest {
  /** NATS subject filter, already checked (H4). */
  readonly subject: string;
  /** Cursor of the client, or null when it starts live (W3). Clamped to 2^53-1: no stream is that long. */
  readonly since: number | null;
  /** Stream identity the cursor belongs to, or null when the client sent none (V6). */
  readonly epoch: string | null;
  readonly protocol: Protocol;
  /** True when the client offered subprotocols, so that the 101 must echo `protocol`. */
  readonly echoProtocol: boolean;
  /** Milliseconds since 1970 after which nothing more may be sent (A3), or null. */
  readonly expiresAtMs: number | null;
}

export const JOIN_HEADER = "relay-join";
