/** One place that knows every field of a session, for tests that care for some of them. */
import { formOf } from "../../../src/protocol/form.ts";
import { newFlow, wakeFlow } from "../../../src/room/delivery/flow-control.ts";
import { newInbound } from "../../../src/room/delivery/inbound.ts";
import { fromAttachment, LIVE, type Session } from "../../../src/room/delivery/session.ts";

export type SessionGiven = Partial<Session> & Pick<Session, "socket" | "protocol">;

export function makeSession(given: SessionGiven): Session {
  return {
    form: formOf(given.protocol, false),
    expiresAtMs: null,
    grantId: "grant",
    lease: null,
    mark: null,
    isRenewing: false,
    phase: LIVE,
    owesCaughtUp: false,
    fromOldest: false,
    lastFrameAtMs: 0,
    flow: newFlow(given.protocol, null),
    charge: null,
    inbound: newInbound(),
    ...given,
  };
}

/** What comes back of a session after hibernation (sockets.ts). */
export function reviveSession(
  attachment: unknown,
  socket: Session["socket"],
  pingAtMs: number | null,
  nowMs: number,
): Session {
  const kept = fromAttachment(structuredClone(attachment));
  if (kept === null) throw new Error("an attachment that cannot be read back");
  const { protocol, expiresAtMs, grantId, owesCaughtUp, fromOldest } = kept;
  const form = formOf(protocol, kept.meta === true);
  const phase = kept.own === null ? LIVE : { kind: "lagging" as const, ...kept.own };
  const flow = wakeFlow(kept.flow, protocol, pingAtMs, nowMs);
  return makeSession({ socket, protocol, form, expiresAtMs, grantId, phase, owesCaughtUp, fromOldest, flow });
}
