/** Accounts of unread bytes that share one isolate, and sessions that weigh what a test wants. */
import type { Protocol } from "../../../src/protocol/subprotocol.ts";
import { newFlow } from "../../../src/room/delivery/flow-control.ts";
import type { Session } from "../../../src/room/delivery/session.ts";
import { refusesJoin, UnreadAccount } from "../../../src/room/delivery/unread.ts";
import { UnreadSums } from "../../../src/room/isolate/unread-sums.ts";
import { makeSession } from "./session.ts";

export const MAX = 1_000;
export const TIMEOUT_MS = 50_000;
export const NOW = 100_000;

/** A session with so many bytes sent and not proven, that owes a ping for so long. */
export function session(protocol: Protocol, bytes: number, owedMs: number | null = null, grantId = "grant"): Session {
  const flow = newFlow(protocol, null);
  flow.sentBytes = bytes;
  flow.dueBytes = bytes;
  flow.owedSinceMs = owedMs === null ? null : NOW - owedMs;
  return makeSession({ socket: { send: () => {}, close: () => {} }, protocol, flow, grantId });
}

export function inside(unread: UnreadAccount, ...sessions: Session[]): void {
  for (const each of sessions) unread.enter(each);
}

export const shed = (unread: UnreadAccount, nowMs = NOW): Session[] => unread.toShed(() => {}, nowMs);

/** Closed by its room, and not drained. */
export function close(unread: UnreadAccount, each: Session): Session {
  if (each.charge === null) unread.enter(each);
  unread.left(each, true);
  return each;
}

export class Accounts {
  readonly sums = new UnreadSums();
  #born = 0;

  /** The account of a room of its own. */
  account(maxQueuedBytes = MAX, id = `room ${++this.#born}`): UnreadAccount {
    return new UnreadAccount({ maxQueuedBytes, sendTimeoutMs: TIMEOUT_MS }, this.sums, id);
  }

  refuses(grantId: string, room: UnreadAccount | null = null): boolean {
    return refusesJoin(this.sums, room, { grantId, maxQueuedBytes: MAX, nowMs: NOW });
  }
}
