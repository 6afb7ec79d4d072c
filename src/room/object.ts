/**
 * EFFECTS: the Durable Object of one subject. Platform callbacks come in here and are handed to `core.ts`; sockets,
 * attachments, storage and the alarm are touched here, in `sockets.ts` and in `storage.ts` only.
 *
 * The constructor cannot fail: a throw there would drop every socket that survived hibernation (DO-7).
 */
import { DurableObject } from "cloudflare:workers";
import { configOf, type Config } from "../config/config.ts";
import { parseRoomName } from "../placement/room-name.ts";
import { limitsOf, type ShardReport } from "../placement/shard-book.ts";
import { ShardReports } from "../placement/shard-reports.ts";
import { CLOSE, type CloseName } from "../protocol/codes.ts";
import { GrantReports } from "../quota/grant-reports.ts";
import { describeError } from "../shared/log-line.ts";
import { SystemRuntime } from "../shared/system-runtime.ts";
import { openConnection } from "../upstream/nats-connection.ts";
import { healthOf, noteRefused } from "./broker-state.ts";
import { Core } from "./core.ts";
import { Credentials } from "./credentials.ts";
import { closeQuietly } from "./delivery/close.ts";
import { onMessage } from "./delivery/inbound.ts";
import type { Session } from "./delivery/session.ts";
import { refusesJoin } from "./delivery/unread.ts";
import { thisIsolate } from "./isolate/this-isolate.ts";
import type { Admission, Admitted } from "./join/decision.ts";
import { elsewhere, FULL_RETRY_SECONDS, joined, notSpent } from "./join/answers.ts";
import { decodeJoin, isExpired, JOIN_HEADER, type JoinRequest } from "./join/request.ts";
import { spend } from "./join/spend.ts";
import { SelfReporter, type SelfReport } from "./self-report.ts";
import { answerClose, refuse, Sockets } from "./sockets.ts";
import { RoomStorage } from "./storage.ts";
import { welcomeOf } from "./welcome.ts";

/** A room that saw no alarm for this long may have been replaced without knowing it (U5). */
const FENCE_MS = 150_000;

export class Room extends DurableObject<Env> {
  readonly #runtime: SystemRuntime;
  readonly #id: string;
  readonly #storage: RoomStorage;
  readonly #sockets: Sockets;
  readonly #shards: ShardReports;
  readonly #grants: GrantReports;
  readonly #credentials: Credentials;
  #core: Core | null = null;
  #alarmAtMs: number;
  readonly #self: SelfReporter;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#id = ctx.id.toString();
    const name = parseRoomName(ctx.id.name);
    const { region = null, shard = null } = name ?? {};
    this.#runtime = new SystemRuntime(undefined, { region, shard, room: this.#id });
    this.#alarmAtMs = this.#runtime.nowMs();
    this.#storage = new RoomStorage(ctx.storage);
    this.#sockets = new Sockets(ctx, this.#runtime);
    const subject = (): string => this.#core?.subject ?? this.#storage.read()?.subject ?? "";
    this.#grants = new GrantReports(this.#runtime, this.#id, {
      subject,
      ledger: (grantId) => env.LEDGER.getByName(grantId),
      counted: () =>
        (this.#config?.maxClientsPerGrant ?? null) === null ? null : (this.#core?.costs.clients ?? new Map()),
    });
    this.#credentials = new Credentials(this.#runtime, this.#sockets, () => this.#config, {
      subject,
      answer: (session, text) => this.#core?.fanout?.answer(session, text, this.#runtime.nowMs()),
      close: (session, close) => this.#core?.leave(session, close),
      changed: (session, formerGrantId) => this.#onRenewed(session, formerGrantId),
    });
    const clients = (): number => this.#core?.clients ?? 0;
    this.#shards = new ShardReports(this.#runtime, name, clients, (coordinator) => env.ROOM.getByName(coordinator));
    this.#self = new SelfReporter(name, this.#runtime);
    thisIsolate.forget(this.#id);
    try {
      ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
      this.#wake();
    } catch (error) {
      this.#runtime.log("room-wake-failed", describeError(error));
    }
  }

  /** The join of one client the edge has admitted. Answers 101, or 503 when there is no place here (H3, B2). */
  override async fetch(request: Request): Promise<Response> {
    const join = decodeJoin(request.headers.get(JOIN_HEADER));
    const config = this.#config;
    if (join === null || config === null) return new Response(null, { status: join === null ? 400 : 503 });
    const core = (this.#core ??= this.#newCore(join.subject, config));
    const shard = this.#refuses(join.grantId, config) ? null : this.#shards.arrive(limitsOf(config));
    if (shard !== 0) return elsewhere(shard);
    const pending = core.arrive(join);
    const isSpent = join.ticket === null || (await spend(this.env.SPENT_TICKET, join.ticket));
    if (isSpent !== true) {
      pending.withdraw();
      this.#shards.left(limitsOf(config));
      return notSpent(isSpent);
    }
    const { 0: client, 1: server } = new WebSocketPair();
    let admission: Admission | null;
    while ((admission = pending.admission()) === null) await pending.change();
    // What was decided holds in this turn only.
    if (admission.kind === "admit" && isExpired(join, this.#runtime.wallMs()))
      admission = { kind: "refuse", close: "tokenExpired" };
    if (admission.kind === "admit") this.#enter(core, server, join, admission, config);
    else {
      refuse(server, join.protocol, admission);
      this.#grants.refused(join);
      noteRefused(this.#runtime, core, admission);
      this.#shards.left(limitsOf(config));
      core.closeIfEmpty();
    }
    void this.#storage.ensureAlarm(this.#credentials.alarmDueMs(config));
    return joined(client, join);
  }

  /** For the edge: null where a join would find a place, else when to come again. Takes no place, and opens nothing (H3). */
  fullForSeconds(grantId: string): number | null {
    const config = this.#config;
    const hasPlace = config && !this.#refuses(grantId, config) && this.#shards.hasPlace(limitsOf(config));
    return hasPlace ? null : FULL_RETRY_SECONDS;
  }

  /** Too much lies unread, or the credential has half of the isolate's rooms while others have some (B7). */
  #refuses(grantId: string, { maxQueuedBytes }: Config): boolean {
    const isEmpty = (this.#core?.clients ?? 0) === 0;
    if (isEmpty && !thisIsolate.presence.mayOpen(grantId)) return true;
    const grant = { grantId, maxQueuedBytes, nowMs: this.#runtime.nowMs() };
    return refusesJoin(thisIsolate.unread, this.#core?.fanout?.unread ?? null, grant);
  }

  /** How the room is (O4). */
  status(): SelfReport {
    return this.#self.report(this.#core?.facts() ?? null, this.#shards.size);
  }

  /** For the coordinator of the shards: what another shard says of itself (B2). */
  report(shard: number, report: ShardReport): void {
    const config = this.#config;
    if (config !== null) this.#shards.heard(shard, report, limitsOf(config));
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const session = this.#sockets.get(socket);
    if (session === undefined) return;
    const renewed = this.#credentials.take(session, message);
    if (renewed !== null) return renewed;
    const verdict = onMessage(session.inbound, message, this.#runtime.nowMs());
    if (verdict !== null) this.#core?.leave(session, verdict);
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    this.#gone(socket);
    answerClose(socket, code, reason);
  }

  override webSocketError(socket: WebSocket): void {
    this.#gone(socket);
    closeQuietly(socket, "internalError");
  }

  #gone(socket: WebSocket): void {
    const session = this.#sockets.get(socket);
    const place = this.#sockets.placeOf(socket);
    if (session !== undefined) this.#core?.leave(session, null);
    else if (place !== null) this.#grants.leftAsleep(place);
    this.#core?.fanout?.unread.drained(socket);
  }

  /** The next alarm is set before anything can go wrong; a throw would be retried behind it (DO-16). */
  override async alarm(): Promise<void> {
    const config = this.#config;
    this.#storage.setAlarm(config !== null ? this.#credentials.alarmDueMs(config) : this.#runtime.wallMs() + 60_000);
    this.#alarmAtMs = this.#runtime.nowMs();
    try {
      if (config !== null) this.#credentials.beat(config, this.#isAwake);
      if (this.#core !== null && this.#core.clients > 0) this.#core.tick();
      else if (this.#core === null || this.#core.isIdle) await this.#forget();
    } catch (error) {
      this.#runtime.log("alarm-failed", describeError(error));
    }
  }

  /** Takes up the sockets that survived while memory was lost. */
  #wake(): void {
    const loaded = configOf(this.env);
    const checkpoint = this.#storage.read();
    const sessions = this.#sockets
      .revive(checkpoint !== null && loaded.ok, (...kept) => this.#grants.woke(...kept))
      .filter((session) => session !== null);
    if (sessions.length === 0 || checkpoint === null || !loaded.ok) return;
    const { subject, cursor } = checkpoint;
    this.#core = this.#newCore(subject, loaded.config);
    for (const session of sessions) this.#core.costs.entered(session);
    this.#core.restore(checkpoint, sessions);
    this.#credentials.woke(sessions, loaded.config, this.#isAwake);
    this.#self.woke();
    this.#runtime.log("room-woke", { subject, clients: sessions.length, cursor });
  }

  #enter(core: Core, socket: WebSocket, join: JoinRequest, admitted: Admitted, config: Config): void {
    const session = this.#sockets.accept(socket, join, admitted, this.#grants.entered(join));
    const [upstream, wallMs] = [healthOf(core.feed), this.#runtime.wallMs()];
    core.costs.entered(session);
    core.enter(session, (epoch) => welcomeOf(join, admitted, config, { epoch, upstream, wallMs }));
    this.#credentials.entered(session, this.#isAwake);
  }

  get #config(): Config | null {
    const loaded = configOf(this.env);
    return loaded.ok ? loaded.config : null;
  }

  /** Whether something of the room's own keeps it awake: only then may anything else wait by a timer (DO-2). */
  get #isAwake(): boolean {
    return this.#core?.feed?.isAwake === true;
  }

  /** A client brought another credential (V8). */
  #onRenewed(session: Session, formerGrantId: string): void {
    this.#core?.costs.left({ grantId: formerGrantId });
    this.#core?.costs.entered(session);
    if (session.grantId !== formerGrantId) {
      session.lease = this.#grants.changed(session.grantId, { grantId: formerGrantId, lease: session.lease });
      this.#sockets.write(session);
    }
    const config = this.#config;
    if (config !== null) this.#storage.hurryAlarm(this.#credentials.alarmDueMs(config));
  }

  #newCore(subject: string, config: Config): Core {
    const ports = { runtime: this.#runtime, openConnection, isolate: thisIsolate, id: this.#id };
    return new Core(subject, config, ports, {
      pingAtMs: (session) => this.#sockets.pingAtMs(session),
      onGone: (session, close) => this.#onGone(session, close, config),
      persist: (checkpoint) => {
        this.#storage.write(checkpoint);
        this.#sockets.persist();
      },
      onBeat: () => this.#onBeat(config),
      onEmpty: () => void this.#onEmpty(),
      onStuck: () => this.#end("closed sockets do not drain, and nobody is left to shed"),
    });
  }

  #onGone(session: Session, close: CloseName | null, config: Config): void {
    this.#sockets.forget(session);
    this.#core?.costs.left(session);
    this.#grants.left(session);
    this.#shards.left(limitsOf(config));
    if (close !== null)
      this.#runtime.log("client-closed", { subject: this.#core?.subject ?? "", reason: CLOSE[close].reason });
  }

  /** A replaced room learns it only by touching storage, which throws when it is fenced off (U5, DO-13). */
  #onBeat(config: Config): void {
    const nowMs = this.#runtime.nowMs();
    this.#storage.hurryAlarm(this.#credentials.alarmDueMs(config));
    this.#credentials.beat(config, this.#isAwake);
    this.#shards.tell();
    this.#grants.beat();
    if (nowMs - this.#alarmAtMs < FENCE_MS) return;
    this.#alarmAtMs = nowMs;
    this.#storage.touch(nowMs);
  }

  async #onEmpty(): Promise<void> {
    this.#credentials.rest();
    this.#core?.costs.stop();
    await this.#forget();
    const unread = this.#core?.fanout?.unread ?? null;
    if (this.#core === null || this.#core.clients > 0 || unread?.isOver !== true || unread.undrained === 0) return;
    unread.end();
    this.#end("only closed sockets remain, and they do not drain");
  }

  /** Frees the queues of closed sockets, for which there is no other way (WS-4). */
  #end(why: string): void {
    this.#runtime.log("room-aborted", { subject: this.#core?.subject ?? "", reason: why });
    this.ctx.abort(why);
  }

  async #forget(): Promise<void> {
    await this.#storage.clear();
    // Somebody may have joined while the storage was being emptied, alarm included.
    const config = this.#config;
    if (config !== null && (this.#core?.clients ?? 0) > 0)
      await this.#storage.ensureAlarm(this.#credentials.alarmDueMs(config));
  }
}
