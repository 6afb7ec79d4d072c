/**
 * EFFECTS: the room's client sockets and their sessions. What a socket must remember while the room sleeps lies in
 * its attachment; what it does not need there lives in memory.
 */
import { formOf } from "../protocol/form.ts";
import { V1, type Protocol } from "../protocol/subprotocol.ts";
import type { Runtime } from "../shared/runtime.ts";
import { closeQuietly, dismiss, sendProblem } from "./delivery/close.ts";
import { newFlow, wakeFlow } from "./delivery/flow-control.ts";
import { newInbound } from "./delivery/inbound.ts";
import type { Admission, Admitted } from "./join/decision.ts";
import type { JoinRequest } from "./join/request.ts";
import { fromAttachment, LIVE, toAttachment, type Session } from "./delivery/session.ts";

/** Goes on with the lease of a socket that survived (B4). */
type TakeLease = (grantId: string, renewedAtMs: number | null) => Session["lease"];

export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly #runtime: Runtime;
  readonly #sessions = new Map<WebSocket, Session>();

  constructor(ctx: DurableObjectState, runtime: Runtime) {
    this.#ctx = ctx;
    this.#runtime = runtime;
  }

  get(socket: WebSocket): Session | undefined {
    return this.#sessions.get(socket);
  }

  /** Whether the session is one of a client that is still here. */
  has(session: Session): boolean {
    return this.#sessions.get(socketOf(session)) === session;
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  forget(session: Session): void {
    this.#sessions.delete(socketOf(session));
  }

  /** Of a socket that closed while memory was lost: the grant whose place it took (B4), if it took one. */
  placeOf(socket: WebSocket): string | null {
    const kept = this.#sessions.has(socket) ? null : fromAttachment(socket.deserializeAttachment());
    return kept?.lease ? kept.grantId : null;
  }

  /** Time stamp of the client's last `ping`, which the platform answers by itself (WS-8, WS-9). */
  pingAtMs(session: Session): number | null {
    return this.#stampMs(socketOf(session));
  }

  #stampMs(socket: WebSocket): number | null {
    return this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null;
  }

  /** Takes a client in, at a cursor of its own. */
  accept(socket: WebSocket, join: JoinRequest, admitted: Admitted, lease: Session["lease"]): Session {
    this.#ctx.acceptWebSocket(socket);
    const { cursor, live, fromOldest } = admitted;
    const nowMs = this.#runtime.nowMs();
    const session: Session = {
      socket,
      protocol: join.protocol,
      form: formOf(join.protocol, join.meta),
      expiresAtMs: join.expiresAtMs,
      grantId: join.grantId,
      lease,
      mark: join.mark,
      isRenewing: false,
      phase: { kind: "lagging", cursor, readTo: cursor },
      owesCaughtUp: !live,
      fromOldest,
      lastFrameAtMs: nowMs,
      flow: newFlow(join.protocol, null),
      charge: null,
      inbound: newInbound(),
    };
    this.#sessions.set(socket, session);
    return session;
  }

  /**
   * The sessions of the sockets that survived while memory was lost. One that nothing is known of is closed; all of
   * them are when the room itself remembers nothing.
   */
  revive(isRoomKnown: boolean, take: TakeLease): (Session | null)[] {
    const open = this.#ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
    return open.map((socket) => {
      const session = this.#revive(socket, isRoomKnown ? take : null);
      if (session !== null && isRoomKnown) {
        this.#sessions.set(socket, session);
        return session;
      }
      dismiss(socket, session?.protocol ?? V1, "internalError");
      return null;
    });
  }

  #revive(socket: WebSocket, take: TakeLease | null): Session | null {
    const kept = fromAttachment(socket.deserializeAttachment());
    if (kept === null) return null;
    return {
      socket,
      protocol: kept.protocol,
      form: formOf(kept.protocol, kept.meta === true),
      expiresAtMs: kept.expiresAtMs,
      grantId: kept.grantId,
      lease: kept.lease && take ? take(kept.grantId, kept.lease.renewedAtMs) : null,
      mark: kept.mark ?? null,
      isRenewing: false,
      phase: kept.own === null ? LIVE : { kind: "lagging", ...kept.own },
      owesCaughtUp: kept.owesCaughtUp,
      fromOldest: kept.fromOldest,
      lastFrameAtMs: 0,
      flow: wakeFlow(kept.flow, kept.protocol, this.#stampMs(socket), this.#runtime.nowMs()),
      charge: null,
      inbound: newInbound(),
    };
  }

  /** Writes down what each socket needs when memory is lost. */
  persist(): void {
    for (const session of this.#sessions.values()) this.write(session);
  }

  /** As persist(), for one that has changed. */
  write(session: Session): void {
    try {
      socketOf(session).serializeAttachment(toAttachment(session));
    } catch {
      // The socket closed meanwhile: it has no future to write down.
    }
  }
}

/**
 * Says why, and closes. Not by the Hibernation API: a hibernatable socket that is closed before its 101 has left
 * keeps the connection open until the object sleeps, 13 s later.
 */
export function refuse(socket: WebSocket, protocol: Protocol, refused: Exclude<Admission, Admitted>): void {
  socket.accept();
  if (refused.kind === "lost") sendProblem(socket, protocol, refused.why, refused.oldestSeq);
  else dismiss(socket, protocol, refused.close);
}

/** Every session here was made of one of the platform's sockets. */
function socketOf(session: Session): WebSocket {
  return session.socket as WebSocket;
}

/** The runtime answers no close of a hibernatable socket: without this the client hangs (WS-13). */
export function answerClose(socket: WebSocket, code: number, reason: string): void {
  const nothingSaid = code === 1005 || code === 1006 || code === 1015;
  try {
    socket.close(nothingSaid ? 1000 : code, nothingSaid ? "" : reason);
  } catch {
    closeQuietly(socket, "normal");
  }
}
