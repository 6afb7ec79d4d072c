/**
 * DOOR: the Durable Object of one subject. Platform callbacks come in here and are handed to `core.ts`; sockets,
 * attachments, storage and the alarm are touched here only.
 *
 * The constructor cannot fail: a throw there would drop every socket that survived hibernation (DO-7).
 */
import { DurableObject } from "cloudflare:workers";
import { configOf, type Config } from "../config/config.ts";
import type { CloseName } from "../protocol/codes.ts";
import { welcomeFrame } from "../protocol/frames.ts";
import { V2 } from "../protocol/subprotocol.ts";
import { describeError, logEvent } from "../shared/log.ts";
import { forgetBacklog } from "./delivery/unread.ts";
import { Core } from "./core.ts";
import { closeQuietly } from "./delivery/close.ts";
import { Renewals } from "../quota/renewals.ts";
import { onMessage } from "./delivery/inbound.ts";
import type { Admitted } from "./join/decision.ts";
import { decodeJoin, JOIN_HEADER, SHARD_HEADER, type JoinRequest } from "./join/request.ts";
import { forget, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { parseRoomName } from "../placement/room-name.ts";
import type { Session } from "./delivery/session.ts";
import type { ShardLimits, ShardReport } from "../placement/shard-book.ts";
import { ShardReports } from "../placement/shard-reports.ts";
import { refuse, Sockets } from "./sockets.ts";
import { forgetWindow } from "./delivery/window.ts";

const ACK_BYTES = 256 * 1024;
/** A place is free again as soon as its door hears of it. */
const FULL_RETRY_SECONDS = 1;
/** A room that saw no alarm for this long may have been replaced without knowing it (U5). */
const FENCE_MS = 150_000;

export class Room extends DurableObject<Env> {
  readonly #sockets: Sockets;
  readonly #shards: ShardReports;
  readonly #renewals: Renewals;
  #core: Core | null = null;
  #alarmAtMs = Date.now();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sockets = new Sockets(ctx);
    this.#renewals = new Renewals(this.#owner, (grantId) => env.LEDGER.getByName(grantId));
    const clients = (): number => this.#core?.clients ?? 0;
    this.#shards = new ShardReports(parseRoomName(ctx.id.name), clients, (name) => env.ROOM.getByName(name));
    forgetBacklog(this.#owner);
    forgetWindow(this.#owner);
    try {
      ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
      this.#wake();
    } catch (error) {
      logEvent("room-wake-failed", describeError(error));
    }
  }

  /** The join of one client the edge has admitted. Answers 101, or 503 when there is no place here (H3, B2). */
  override async fetch(request: Request): Promise<Response> {
    const join = decodeJoin(request.headers.get(JOIN_HEADER));
    const loaded = configOf(this.env);
    if (join === null || !loaded.ok) return new Response(null, { status: join === null ? 400 : 503 });
    const { config } = loaded;
    const core = (this.#core ??= this.#newCore(join.subject, config));
    const shard = core.backlog?.isOver === true ? null : this.#shards.place(limitsOf(config));
    if (shard !== 0) return elsewhere(shard);
    const { 0: client, 1: server } = new WebSocketPair();
    await core.join(join, (admission) => {
      if (admission.kind === "admit") return this.#enter(core, server, join, admission, config);
      refuse(server, join.protocol, admission);
      this.#shards.left(limitsOf(config));
    });
    void this.#ensureAlarm(config.heartbeatMs);
    const headers = join.echoProtocol ? { "Sec-WebSocket-Protocol": join.protocol } : undefined;
    return new Response(null, { status: 101, webSocket: client, ...(headers === undefined ? {} : { headers }) });
  }

  /** For the door of the shards: what another shard says of itself (B2). */
  report(shard: number, report: ShardReport): void {
    const loaded = configOf(this.env);
    if (loaded.ok) this.#shards.heard(shard, report, limitsOf(loaded.config));
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const session = this.#sockets.get(socket);
    if (session === undefined) return;
    const verdict = onMessage(session.inbound, message, Date.now());
    if (verdict !== null) this.#core?.leave(session, verdict);
  }

  /** The runtime answers no close of a hibernatable socket: without this the client hangs (WS-13). */
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
    const session = this.#sockets.get(socket);
    if (session !== undefined) this.#core?.leave(session, null);
    this.#core?.backlog?.drained(socket);
  }

  /** The next alarm is set before anything can go wrong; a throw would be retried behind it (DO-16). */
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
    const loaded = configOf(this.env);
    const memory = readCheckpoint(this.ctx.storage);
    const sessions = this.#sockets.revive(memory !== null && loaded.ok).filter((session) => session !== null);
    if (sessions.length === 0 || memory === null || !loaded.ok) return;
    this.#core = this.#newCore(memory.subject, loaded.config);
    this.#core.restore(memory, sessions);
    logEvent("room-woke", { subject: memory.subject, clients: sessions.length, cursor: memory.cursor });
  }

  #enter(core: Core, socket: WebSocket, join: JoinRequest, admitted: Admitted, config: Config): void {
    const session = this.#sockets.accept(socket, join, admitted);
    this.#renewals.entered(join.subject, join.grantId);
    const { cursor, live } = admitted;
    const { heartbeatMs } = config;
    core.enter(session, (epoch) =>
      join.protocol === V2 ? welcomeFrame({ epoch, cursor, live, heartbeatMs, ackBytes: ackBytes(config) }) : null,
    );
  }

  get #owner(): string {
    return this.ctx.id.toString();
  }

  #newCore(subject: string, config: Config): Core {
    const owner = this.#owner;
    return new Core(subject, config, {
      fanout: { ...config, owner, ackBytes: ackBytes(config), pingAtMs: (session) => this.#sockets.pingAtMs(session) },
      onGone: (session, close) => this.#onGone(session, close, config),
      persist: (memory) => {
        writeCheckpoint(this.ctx.storage, memory);
        this.#sockets.persist();
      },
      onBeat: () => this.#onBeat(),
      onEmpty: () => void this.#onEmpty(),
    });
  }

  #onGone(session: Session, close: CloseName | null, config: Config): void {
    this.#sockets.forget(session);
    this.#shards.left(limitsOf(config));
    if (close !== null) logEvent("client-closed", { subject: this.#core?.subject ?? "", why: close });
  }

  async #ensureAlarm(periodMs: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + periodMs);
  }

  /** A replaced room learns it only by touching storage, which throws when it is fenced off (U5, DO-13). */
  #onBeat(): void {
    this.#shards.tell();
    this.#renewals.beat(this.#core?.subject ?? "", this.#sockets.all(), Date.now());
    if (Date.now() - this.#alarmAtMs < FENCE_MS) return;
    this.#alarmAtMs = Date.now();
    this.ctx.storage.kv.put("fence", this.#alarmAtMs);
  }

  async #onEmpty(): Promise<void> {
    this.#renewals.empty(this.#core?.subject ?? "");
    await this.#forget();
    const backlog = this.#core?.backlog ?? null;
    if (this.#core === null || this.#core.clients > 0 || backlog?.isOver !== true || backlog.undrained === 0) return;
    const why = "only closed sockets remain, and they do not drain";
    logEvent("room-aborted", { subject: this.#core.subject, why });
    backlog.end();
    this.ctx.abort(why);
  }

  async #forget(): Promise<void> {
    await forget(this.ctx.storage);
    // Somebody may have joined while the storage was being emptied, alarm included.
    const config = configOf(this.env);
    if (config.ok && (this.#core?.clients ?? 0) > 0) await this.#ensureAlarm(config.config.heartbeatMs);
  }
}

/** No place here: `shard` has one, or nobody has. */
function elsewhere(shard: number | null): Response {
  const headers = new Headers({ "Retry-After": String(FULL_RETRY_SECONDS) });
  if (shard !== null) headers.set(SHARD_HEADER, String(shard));
  return new Response(null, { status: 503, headers });
}

function limitsOf(config: Config): ShardLimits {
  return { maxClients: config.maxClientsPerRoom, maxShards: config.maxShards };
}

/** A client must owe a ping well before it may not be sent more (flow.ts). */
function ackBytes(config: Config): number {
  return Math.min(ACK_BYTES, Math.floor(config.maxUnreadBytes / 4));
}
