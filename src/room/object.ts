/**
 * DOOR: the Durable Object of one subject. Platform callbacks come in here and are handed to `core.ts`; sockets,
 * attachments, storage and the alarm are touched here only.
 *
 * The constructor cannot fail: a throw there would drop every socket that survived hibernation (PLATFORM A6).
 */
import { DurableObject } from "cloudflare:workers";
import { configOf, type Config } from "../config.ts";
import type { CloseName } from "../protocol/codes.ts";
import { welcomeFrame } from "../protocol/frames.ts";
import { V2, type Protocol } from "../protocol/subprotocol.ts";
import { describeError, logEvent } from "../shared/log.ts";
import { Core } from "./core.ts";
import { closeQuietly, sendProblem } from "./farewell.ts";
import { newFlow } from "./flow.ts";
import { newInbound, onMessage } from "./inbound.ts";
import type { Admission, Admitted } from "./join-decision.ts";
import { decodeJoin, JOIN_HEADER, type JoinRequest } from "./join.ts";
import { forget, recall, remember, type Memory } from "./memory.ts";
import { fromAttachment, LIVE, toAttachment, type Session } from "./session.ts";

const ACK_BYTES = 256 * 1024;
const FULL_RETRY_SECONDS = 5;
/** A room that saw no alarm for this long may have been replaced without knowing it (U5). */
const FENCE_MS = 150_000;

export class Room extends DurableObject<Env> {
  readonly #sessions = new Map<WebSocket, Session>();
  #core: Core | null = null;
  #alarmAtMs = Date.now();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    try {
      ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
      this.#wake();
    } catch (error) {
      logEvent("room-wake-failed", describeError(error));
    }
  }

  /** The join of one client the edge has admitted. Answers 101 always, save for a full room (H3). */
  override async fetch(request: Request): Promise<Response> {
    const join = decodeJoin(request.headers.get(JOIN_HEADER));
    const config = configOf(this.env);
    if (join === null || !config.ok) return new Response(null, { status: join === null ? 400 : 503 });
    const core = (this.#core ??= this.#newCore(join.subject, config.config));
    if (core.clients >= config.config.maxClientsPerRoom || core.backlog?.isOver === true) {
      return new Response(null, { status: 503, headers: { "Retry-After": String(FULL_RETRY_SECONDS) } });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    await core.join(join, (admission) => {
      if (admission.kind === "admit") this.#enter(core, server, join, admission, config.config);
      else refuse(server, join.protocol, admission);
    });
    void this.#ensureAlarm(config.config.heartbeatMs);
    const headers = join.echoProtocol ? { "Sec-WebSocket-Protocol": join.protocol } : undefined;
    return new Response(null, { status: 101, webSocket: client, ...(headers === undefined ? {} : { headers }) });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const session = this.#sessions.get(socket);
    if (session === undefined) return;
    const verdict = onMessage(session.inbound, message, Date.now());
    if (verdict !== null) this.#core?.leave(session, verdict);
  }

  /** The runtime answers no close of a hibernatable socket: without this the client hangs (PLATFORM D5). */
  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    this.#gone(socket);
    const nothingSaid = code === 1005 || code === 1006 || code === 1015;
    try {
      socket.close(nothingSaid ? 1000 : code, nothingSaid ? "" : reason);
    } catch {
      closeQuietly(socket, "normal");
    }
  }

  override webSocketError(socket: WebSocket): void {
    this.#gone(socket);
    closeQuietly(socket, "internalError");
  }

  #gone(socket: WebSocket): void {
    const session = this.#sessions.get(socket);
    if (session !== undefined) this.#core?.leave(session, null);
    this.#core?.backlog?.drained(socket);
  }

  /** The next alarm is set before anything can go wrong; a throw would be retried behind it (PLATFORM F3). */
  override async alarm(): Promise<void> {
    const config = configOf(this.env);
    const periodMs = config.ok ? config.config.heartbeatMs : 60_000;
    void this.ctx.storage.setAlarm(Date.now() + periodMs, { allowUnconfirmed: true });
    this.#alarmAtMs = Date.now();
    try {
      if (this.#core !== null && this.#core.clients > 0) this.#core.tick();
      else if (this.#core === null || this.#core.isIdle) await this.#forget();
    } catch (error) {
      logEvent("alarm-failed", describeError(error));
    }
  }

  /** Takes up the sockets that survived while memory was lost. */
  #wake(): void {
    const sockets = this.ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
    if (sockets.length === 0) return;
    const config = configOf(this.env);
    const memory = recall(this.ctx.storage);
    const sessions: Session[] = [];
    for (const socket of sockets) {
      const session = memory !== null && config.ok ? this.#revive(socket) : null;
      if (session === null) closeQuietly(socket, "internalError");
      else sessions.push(session);
    }
    if (memory === null || !config.ok) return;
    this.#core = this.#newCore(memory.subject, config.config);
    this.#core.restore(memory, sessions);
    logEvent("room-woke", { subject: memory.subject, clients: sessions.length, cursor: memory.cursor });
  }

  #revive(socket: WebSocket): Session | null {
    const kept = fromAttachment(socket.deserializeAttachment());
    if (kept === null) return null;
    const session: Session = {
      socket,
      protocol: kept.protocol,
      expiresAtMs: kept.expiresAtMs,
      phase: kept.own === null ? LIVE : { kind: "own", ...kept.own },
      owesCaughtUp: kept.owesCaughtUp,
      fromOldest: kept.fromOldest,
      lastFrameAtMs: 0,
      flow: newFlow(kept.protocol, this.#pingAtMs(socket)),
      inbound: newInbound(Date.now()),
    };
    this.#sessions.set(socket, session);
    return session;
  }

  #enter(core: Core, socket: WebSocket, join: JoinRequest, admitted: Admitted, config: Config): void {
    this.ctx.acceptWebSocket(socket);
    const { cursor, live, fromOldest } = admitted;
    const session: Session = {
      socket,
      protocol: join.protocol,
      expiresAtMs: join.expiresAtMs,
      phase: { kind: "own", cursor, readTo: cursor },
      owesCaughtUp: !live,
      fromOldest,
      lastFrameAtMs: Date.now(),
      flow: newFlow(join.protocol, null),
      inbound: newInbound(Date.now()),
    };
    this.#sessions.set(socket, session);
    const { heartbeatMs } = config;
    core.enter(session, (epoch) =>
      join.protocol === V2 ? welcomeFrame({ epoch, cursor, live, heartbeatMs, ackBytes: ackBytes(config) }) : null,
    );
  }

  #newCore(subject: string, config: Config): Core {
    return new Core(subject, config, {
      fanout: {
        ...config,
        ackBytes: ackBytes(config),
        pingAtMs: (session) => this.#pingAtMs(session.socket as WebSocket),
      },
      onGone: (session, close) => this.#onGone(session, close),
      persist: (memory) => this.#persist(memory),
      onTick: () => this.#checkFence(),
      onEmpty: () => void this.#onEmpty(),
    });
  }

  #pingAtMs(socket: WebSocket): number | null {
    return this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null;
  }

  #onGone(session: Session, close: CloseName | null): void {
    this.#sessions.delete(session.socket as WebSocket);
    if (close !== null) logEvent("client-closed", { subject: this.#core?.subject ?? "", why: close });
  }

  #persist(memory: Memory): void {
    remember(this.ctx.storage, memory);
    for (const [socket, session] of this.#sessions) {
      try {
        socket.serializeAttachment(toAttachment(session));
      } catch {
        // The socket closed meanwhile: it has no future to write down.
      }
    }
  }

  async #ensureAlarm(periodMs: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + periodMs);
  }

  /** A replaced room learns it only by touching storage, which throws when it is fenced off (U5, PLATFORM A8). */
  #checkFence(): void {
    if (Date.now() - this.#alarmAtMs < FENCE_MS) return;
    this.#alarmAtMs = Date.now();
    this.ctx.storage.kv.put("fence", this.#alarmAtMs);
  }

  async #onEmpty(): Promise<void> {
    await this.#forget();
    const backlog = this.#core?.backlog ?? null;
    if (this.#core === null || this.#core.clients > 0 || backlog?.isOver !== true || backlog.undrained === 0) return;
    const why = "only closed sockets remain, and they do not drain";
    logEvent("room-aborted", { subject: this.#core.subject, why });
    this.ctx.abort(why);
  }

  async #forget(): Promise<void> {
    await forget(this.ctx.storage);
    // Somebody may have joined while the storage was being emptied, alarm included.
    const config = configOf(this.env);
    if (config.ok && (this.#core?.clients ?? 0) > 0) await this.#ensureAlarm(config.config.heartbeatMs);
  }
}

/**
 * Says why, and closes. Not by the Hibernation API: a hibernatable socket that is closed before its 101 has left
 * keeps the connection open until the object sleeps, 13 s later.
 */
function refuse(socket: WebSocket, protocol: Protocol, refused: Exclude<Admission, Admitted>): void {
  socket.accept();
  if (refused.kind === "lost") sendProblem(socket, protocol, refused.why, refused.oldestSeq);
  else closeQuietly(socket, refused.close);
}

/** A client must owe a ping well before it may not be sent more (flow.ts). */
function ackBytes(config: Config): number {
  return Math.min(ACK_BYTES, Math.floor(config.maxUnreadBytes / 4));
}
