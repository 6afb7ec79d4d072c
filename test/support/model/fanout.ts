/** Runs commands against the real fan-out, with a model of everything around it, and checks after each one. */
import type { CloseName } from "../../../src/protocol/codes.ts";
import { V1, V2 } from "../../../src/protocol/subprotocol.ts";
import { Fanout } from "../../../src/room/delivery/fanout.ts";
import { Isolate } from "../../../src/room/isolate/isolate.ts";
import { toAttachment, type Session } from "../../../src/room/delivery/session.ts";
import { departureFault, farewellFault, roomFaults, silenceFaults } from "./checks.ts";
import type { ModelClient } from "./client.ts";
import { HEARTBEAT_MS, SEND_TIMEOUT_MS, type Command, type Setup } from "./commands.ts";
import { enter } from "./entrance.ts";
import { ModelReplay } from "./replay.ts";
import { reviveSession } from "./session.ts";
import { envelopeOf, ModelStream } from "./stream.ts";

export class FanoutWorld {
  readonly setup: Setup;
  readonly isolate = new Isolate();
  readonly ackBytes: number;
  /** Who is in the room, in order of arrival. */
  readonly clients = new Map<Session, ModelClient>();
  readonly faults: string[] = [];
  stream = new ModelStream("created");
  fanout: Fanout;
  /** How far the room's consumer has read. */
  position = 0;
  nowMs = 1_000_000;
  born = 0;
  isResetting = false;
  isReopening = false;
  readonly #replay = new ModelReplay();
  /** Closed by the room, and not drained. */
  readonly undrained = new Map<ModelClient, number>();
  #gone: { readonly client: ModelClient; readonly close: CloseName | null }[] = [];

  constructor(setup: Setup) {
    this.setup = setup;
    this.ackBytes = Math.floor(setup.maxUnreadBytes / 8);
    this.fanout = this.#newFanout(0, this.stream.epoch);
    this.fanout.setAtHead(true, this.nowMs);
  }

  /** One turn, and everything that must be true after it. */
  run(command: Command): void {
    // What clients do falls into the millisecond of what the room did last: time stamps tell no more than that.
    if (command.do !== "ping" && command.do !== "drain") this.nowMs += 1;
    this.#perform(command);
    if (command.do === "heartbeat") this.faults.push(...silenceFaults(this));
    for (const { client, close } of this.#gone) {
      const fault = farewellFault(client, close);
      this.faults.push(...[...client.faults, ...(fault === null ? [] : [fault])].map((f) => `${client.name}: ${f}`));
    }
    this.#gone = [];
    this.faults.push(...roomFaults(this));
  }

  /** Everybody reads and acknowledges as V9 says, replays run, and the heart beats: all must meet at R. */
  heal(): void {
    this.stream.publish("other", 0);
    this.run({ do: "read", count: Infinity, flush: true });
    this.run({ do: "at-head" });
    // Within a turn of the clock one ping counts, so under the smallest bound of an isolate a beat brings a few frames only.
    for (let beat = 0; beat < 8; beat++) {
      let idleTurns = 0;
      for (let turn = 0; turn < 500 && idleTurns < 4 && this.faults.length === 0; turn++) {
        const before = this.fanout.lagging.size;
        this.run({ do: "serve" });
        this.run({ do: "fetch", count: 200 });
        this.run({ do: "deliver" });
        idleTurns = this.#everybodyReads() || this.fanout.lagging.size !== before ? 0 : idleTurns + 1;
      }
      this.nowMs += HEARTBEAT_MS;
      this.run({ do: "heartbeat" });
    }
    for (const [session, client] of this.clients) {
      const { cursor, owesCaughtUp } = client.reading;
      if (session.phase.kind !== "live" || cursor !== this.position) {
        this.faults.push(`${client.name}: stuck at ${cursor}, R is ${this.position}: ${JSON.stringify(session.phase)}`);
      }
      if (owesCaughtUp) this.faults.push(`${client.name}: no caught-up`);
    }
  }

  #perform(command: Command): void {
    const { fanout, nowMs } = this;
    switch (command.do) {
      case "publish":
        for (let i = 0; i < command.count; i++) this.stream.publish(command.kind, command.bytes);
        return;
      case "read":
        return this.#read(command.count, command.flush);
      case "flush":
        return fanout.flush(nowMs);
      case "heartbeat":
        return fanout.heartbeat(this.position, "connected", nowMs);
      case "join":
        const { at, epoch: withEpoch, expires } = command;
        return enter(this, { protocol: command.v2 ? V2 : V1, at, withEpoch, expires });
      case "drain":
        return this.#pick(command.who)?.[1].drain(command.frames);
      case "ping":
        return void this.#pick(command.who)?.[1].ping();
      case "leave":
      case "die":
        return this.#lose(command.who, command.do);
      case "serve":
        fanout.flush(nowMs);
        return this.#serve();
      case "fetch":
        return this.#fetch(command.count);
      case "deliver":
        fanout.flush(nowMs);
        return this.#replay.deliver(fanout, nowMs);
      case "drain-closed":
        for (const client of this.undrained.keys()) fanout.unread.drained(client);
        return this.undrained.clear();
      case "remove":
        return this.stream.remove(command.count);
      case "wait":
        this.nowMs += command.ms;
        return;
      case "at-head":
        return fanout.setAtHead(this.position >= this.stream.lastSeq, nowMs);
      case "reopen":
        return this.#reopen();
      case "reset":
        return this.#reset();
      case "sleep":
        return this.#sleep();
    }
  }

  /** As the catch-up loop does it: who waits is looked at, and asked. */
  #serve(): void {
    for (const session of [...this.fanout.lagging]) this.fanout.waitMs(session, this.nowMs);
    this.fanout.serveLagging(this.nowMs);
  }

  #everybodyReads(): boolean {
    let acted = false;
    for (const client of this.clients.values()) {
      // A v1 client of a busy room pings now and then (B5).
      const isAhead = client.protocol === V1 && client.unreadBytes > 0;
      client.drain(Infinity);
      acted = (isAhead ? client.ping() : client.pingIfDue()) || acted;
    }
    return acted;
  }

  #pick(who: number): readonly [Session, ModelClient] | undefined {
    return [...this.clients][who % Math.max(1, this.clients.size)];
  }

  #read(count: number, flush: boolean): void {
    for (let i = 0; i < count && this.position < this.stream.lastSeq; i++) {
      const entry = this.stream.entry(++this.position);
      if (entry?.kind === "match") this.fanout.receive(envelopeOf(entry));
    }
    if (flush) this.fanout.flush(this.nowMs);
  }

  #lose(who: number, how: "leave" | "die"): void {
    const picked = this.#pick(who);
    if (picked === undefined) return;
    const [session, client] = picked;
    if (how === "die") client.broken = true;
    else client.left = true;
    if (how === "leave") this.fanout.leave(session);
  }

  #fetch(count: number): void {
    const { fanout, nowMs } = this;
    fanout.flush(nowMs);
    for (const session of [...fanout.lagging]) {
      if (fanout.serve(session, nowMs) === "needs-replay") this.#replay.fetch(session, fanout, this.stream, count);
    }
  }

  /** The consumer is replaced, as reading.ts does it: a gap when retention has passed the room. */
  #reopen(): void {
    const { fanout, stream, nowMs } = this;
    fanout.flush(nowMs);
    this.#replay.forget();
    if (stream.firstSeq > this.position + 1) {
      const start = stream.firstSeq - 1;
      this.isReopening = true;
      fanout.lose("retention-exhausted", stream.firstSeq, start, this.position, this.nowMs);
      this.isReopening = false;
      fanout.restart(start, fanout.epoch);
      this.position = start;
    }
    fanout.setAtHead(this.position >= stream.lastSeq, nowMs);
  }

  /** The stream is deleted and created anew. */
  #reset(): void {
    const { fanout } = this;
    fanout.flush(this.nowMs);
    this.#replay.forget();
    this.isResetting = true;
    fanout.lose("stream-reset", 1, Infinity, this.position, this.nowMs);
    this.isResetting = false;
    if (fanout.sessions.size > 0) this.faults.push("a session survived a reset");
    this.stream = new ModelStream(`${this.stream.created}+`);
    fanout.restart(0, this.stream.epoch);
    this.position = 0;
    fanout.setAtHead(true, this.nowMs);
  }

  /** Hibernation: every queue is empty, and only what was written down comes back (DO-3, WS-5). */
  #sleep(): void {
    const { cursor } = this.fanout.settled(this.nowMs);
    const { epoch } = this.fanout;
    const asleep = [...this.clients];
    this.#replay.forget();
    this.clients.clear();
    this.undrained.clear();
    this.fanout = this.#newFanout(cursor, epoch);
    for (const [session, client] of asleep) {
      client.drain(Infinity);
      client.wake();
      const back = reviveSession(toAttachment(session), client, client.pingAtMs, this.nowMs);
      this.clients.set(back, client);
      this.fanout.restore(back);
    }
  }

  #newFanout(cursor: number, epoch: string): Fanout {
    return new Fanout(cursor, epoch, {
      ...this.setup,
      isolate: this.isolate,
      id: "room",
      heartbeatMs: HEARTBEAT_MS,
      sendTimeoutMs: SEND_TIMEOUT_MS,
      ackBytes: this.ackBytes,
      pingAtMs: (session) => this.clients.get(session)?.pingAtMs ?? null,
      wallMs: () => this.nowMs,
      upstream: () => "connected",
      onGone: (session, close) => this.#onGone(session, close),
      onPoison: ({ seq }) => this.faults.push(`${seq} could not be encoded`),
    });
  }

  #onGone(session: Session, close: CloseName | null): void {
    const client = this.clients.get(session);
    if (client === undefined) return void this.faults.push("somebody unknown has gone");
    this.clients.delete(session);
    const fault = departureFault(this, session, client, close);
    if (fault !== null) this.faults.push(`${client.name}: ${fault}`);
    this.#gone.push({ client, close });
    const { sentBytes, provenBytes, drainedBytes } = session.flow;
    const queued = sentBytes - Math.max(provenBytes, drainedBytes);
    if (close !== null && queued > 0) this.undrained.set(client, queued);
  }
}
