/** What a client may be sent unproven, by how many there are (B1); written again, so that the room is not its own judge. */
import { V1, V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import type { FanoutWorld } from "./fanout.ts";

const MIB = 1024 * 1024;

/** `more`: were there so many more of them. */
export function v1BudgetBytes({ fanout, setup }: FanoutWorld, more: number): number {
  return Math.max(MIB, Math.floor(setup.maxUnprovenBytes / Math.max(1, count(fanout.sessions, V1) + more)));
}

/** Less than MAX_UNREAD_BYTES in a full room, but enough that who reads comes to owe a ping. */
export function v2BudgetBytes({ fanout, setup, ackBytes }: FanoutWorld): number {
  const share = setup.maxQueuedBytes / Math.max(1, count(fanout.sessions, V2));
  return Math.min(setup.maxUnreadBytes, Math.max(share, 3 * ackBytes));
}

function count(sessions: FanoutWorld["fanout"]["sessions"], protocol: Protocol): number {
  return [...sessions].filter((session) => session.protocol === protocol).length;
}
