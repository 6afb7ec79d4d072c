/** The whole room without its Durable Object: the real core, a broker and sockets of the model, and a clock by hand. */
import { loadConfig, type Config } from "../../../src/config/config.ts";
import type { CloseName } from "../../../src/protocol/codes.ts";
import { Core } from "../../../src/room/core.ts";
import type { CorePorts } from "../../../src/room/core-ports.ts";
import { Isolate } from "../../../src/room/isolate/isolate.ts";
import type { OpenConnection } from "../../../src/upstream/connection.ts";
import type { Checkpoint } from "../../../src/room/live/checkpoint.ts";
import { toAttachment, type Attachment, type Session } from "../../../src/room/delivery/session.ts";
import type { ModelBroker } from "./broker.ts";
import type { ModelClient } from "./client.ts";
import type { ModelClock } from "./clock.ts";
import { arrive, type Arrival } from "./arrival.ts";
import { departureFaults, quietFaults, statusFaults, type Departure } from "./verdict.ts";
import { CORE_HEARTBEAT_MS, MAX_REPLAYS, type CoreCommand } from "./core-commands.ts";
import { disturb } from "./disturbance.ts";
import { reviveSession } from "./session.ts";
import { ModelStream, STREAM } from "./stream.ts";

/** Of a try every 5 s, half a second is for a look at the connection that an older one has. */
const MOST_UNTRIED_MS = 4_500;
/** The next try, and the next heartbeat. */
const TIMERS_IN_OUTAGE = 2;

/** How often clients look at what they were sent. */
const STEP_MS = 20;

export class CoreWorld {
  readonly clock: ModelClock;
  readonly broker: ModelBroker;
  readonly config: Config;
  readonly #ports: CorePorts;
  readonly clients = new Map<Session, ModelClient>();
  readonly stalled = new Set<ModelClient>();
  readonly arrivals = new Set<Arrival>();
  readonly faults: string[] = [];
  /** When connections to the broker were begun. */
  readonly dialledMs: number[] = [];
  core: Core;
  born = 0;
  /** When the broker or the stream was last not there. */
  troubleAtMs = -Infinity;
  #gone: Departure[] = [];
  /** What was written down last. */
  kept: { readonly memory: Checkpoint; readonly attachments: ReadonlyMap<Session, Attachment> } | null = null;
  #alarmAtMs: number;
  /** Since when nothing has been tried that should have been. */
  #untriedSinceMs = 0;

  constructor(
    clock: ModelClock,
    broker: ModelBroker,
    openConnection: OpenConnection,
    settings: Readonly<Record<string, string>>,
  ) {
    this.clock = clock;
    this.#ports = { runtime: clock.runtime, openConnection, isolate: new Isolate(), id: "room" };
    this.broker = broker;
    const loaded = loadConfig({
      NATS_URL: "ws://broker",
      NATS_STREAM: STREAM,
      HEARTBEAT_SECONDS: String(CORE_HEARTBEAT_MS / 1_000),
      MAX_REPLAYS: String(MAX_REPLAYS),
      ...settings,
    });
    if (!loaded.ok) throw new Error(loaded.problem);
    this.config = loaded.config;
    this.#alarmAtMs = clock.nowMs + CORE_HEARTBEAT_MS;
    this.core = this.#newCore();
  }

  get ackBytes(): number {
    return Math.floor(this.config.maxUnreadBytes / 8);
  }

  async run(command: CoreCommand): Promise<void> {
    await this.#perform(command);
    await this.clock.advance(0);
    this.check();
  }

  check(): void {
    this.faults.push(...statusFaults(this));
    for (const departure of this.#gone) this.faults.push(...departureFaults(this, departure));
    this.#gone = [];
    for (const client of this.clients.values()) {
      this.faults.push(...client.faults.map((fault) => `${client.name}: ${fault}`));
    }
    for (const { name, atMs } of this.arrivals) {
      if (this.clock.nowMs - atMs > 10_100) this.faults.push(`${name}: no answer for ${this.clock.nowMs - atMs} ms`);
    }
  }

  async #perform(command: CoreCommand): Promise<void> {
    const { broker, clock } = this;
    switch (command.do) {
      case "publish":
        for (let i = 0; i < command.count; i++) broker.stream?.publish(command.kind, command.bytes);
        return broker.deliver();
      case "join":
        return arrive(this, command);
      case "advance":
        return this.advance(command.ms);
      case "arrive":
        return broker.arrive(command.count);
      case "remove":
        return broker.stream?.remove(command.count);
      case "leave": {
        const session = this.#pick(command.who);
        const client = session && this.clients.get(session);
        if (session === undefined || client === undefined) return;
        client.left = true;
        return this.core.leave(session, null);
      }
      case "read":
      case "stall": {
        const session = this.#pick(command.who);
        const client = session && this.clients.get(session);
        if (client === undefined) return;
        if (command.do === "read") this.stalled.delete(client);
        else this.stalled.add(client);
        return;
      }
      case "cut":
        this.troubleAtMs = clock.nowMs;
        return broker.cut();
      case "down":
        broker.isUp = false;
        return broker.cut();
      case "up":
        if (!broker.isUp) this.troubleAtMs = clock.nowMs;
        broker.isUp = true;
        return;
      case "delete-stream":
        return broker.replace(null);
      case "new-stream":
        this.troubleAtMs = clock.nowMs;
        return broker.replace(new ModelStream(`created ${++this.born}`));
      case "sleep":
        return this.#sleep();
      default:
        return disturb(command, broker, clock);
    }
  }

  /** Time passes; the alarm rings, and clients that read do so. */
  async advance(ms: number): Promise<void> {
    const endMs = this.clock.nowMs + ms;
    while (this.clock.nowMs < endMs && this.faults.length === 0) {
      await this.clock.advance(Math.min(STEP_MS, endMs - this.clock.nowMs));
      const { isUp, isPrompt, isLeaderless, stream } = this.broker;
      if (!isUp || !isPrompt || isLeaderless || stream === null) this.troubleAtMs = this.clock.nowMs;
      if (this.clock.nowMs >= this.#alarmAtMs) {
        this.#alarmAtMs = this.clock.nowMs + CORE_HEARTBEAT_MS;
        if (this.core.clients > 0) this.core.tick();
        await this.clock.advance(0);
      }
      for (const client of this.clients.values()) {
        if (this.stalled.has(client)) continue;
        client.drain(Infinity);
        client.pingIfDue();
      }
      this.faults.push(...quietFaults(this), ...this.#tryFaults());
      this.check();
    }
  }

  /** Everything works again: everybody must meet at the stream's last seq, and the room must close when all have left. */
  async heal(): Promise<void> {
    await this.run({ do: "hurry" });
    await this.run({ do: "up" });
    await this.run({ do: "elect" });
    if (this.broker.stream === null) await this.run({ do: "new-stream" });
    this.stalled.clear();
    await this.advance(40_000);
    const lastSeq = this.broker.stream?.lastSeq ?? 0;
    for (const [session, { name, reading }] of this.clients) {
      if (reading.cursor !== lastSeq)
        this.faults.push(`${name}: at ${reading.cursor} of ${lastSeq}, ${session.phase.kind}`);
      if (reading.owesCaughtUp) this.faults.push(`${name}: no caught-up`);
    }
    while (this.clients.size > 0) await this.run({ do: "leave", who: 0 });
    await this.advance(5_000);
    const { links, consumers, mostConsumers } = this.broker;
    // What the broker created and could not tell us of, it collects by itself (U1).
    const orphans = this.troubleAtMs > 0 ? 0 : consumers.size;
    if (links.size > 0 || orphans > 0) this.faults.push(`left open: ${links.size} links, ${consumers.size} consumers`);
    if (!this.core.isIdle || this.clock.armed > 0) this.faults.push(`not idle: ${this.clock.armed} timers`);
    // One that is not answered for is asked for again, twice.
    const asked = this.troubleAtMs > 0 ? 3 : 1;
    if (mostConsumers > asked * (1 + MAX_REPLAYS)) this.faults.push(`${mostConsumers} consumers at once`);
  }

  /** W12: while clients are here and the broker is not, a connection is tried every 5 s at least. */
  #tryFaults(): string[] {
    const { clock, broker, clients, dialledMs } = this;
    if (clients.size === 0 || broker.links.size > 0) this.#untriedSinceMs = clock.nowMs;
    const untriedMs = clock.nowMs - Math.max(this.#untriedSinceMs, dialledMs.at(-1) ?? 0);
    return untriedMs > MOST_UNTRIED_MS + STEP_MS ? [`nothing tried for ${untriedMs} ms`] : [];
  }

  #pick(who: number): Session | undefined {
    return [...this.clients.keys()][who % Math.max(1, this.clients.size)];
  }

  /** The platform takes the memory of a room without connection and with nothing under way; only what was written comes back. */
  async #sleep(): Promise<void> {
    if (this.clients.size === 0 || this.arrivals.size > 0) return;
    if ([...this.clients.values()].some((client) => client.unreadBytes > 0)) return;
    await this.clock.advance(0);
    if (this.clock.armed > TIMERS_IN_OUTAGE || this.broker.links.size > 0) return;
    const kept = this.kept;
    if (kept === null) return void this.faults.push("asleep with nothing written down");
    const asleep = [...this.clients];
    this.clients.clear();
    this.broker.arrive(Infinity);
    this.clock.forget();
    this.core = this.#newCore();
    const sessions = asleep.map(([session, client]) => {
      client.wake();
      const back = reviveSession(kept.attachments.get(session), client, client.pingAtMs, this.clock.runtime.nowMs());
      this.clients.set(back, client);
      return back;
    });
    this.core.restore(kept.memory, sessions);
    this.core.tick();
  }

  #newCore(): Core {
    return new Core("s", this.config, this.#ports, {
      pingAtMs: (session) => this.clients.get(session)?.pingAtMs ?? null,
      onGone: (session, close) => this.#onGone(session, close),
      persist: (memory) => {
        const attachments = new Map([...this.clients.keys()].map((session) => [session, toAttachment(session)]));
        this.kept = { memory, attachments };
      },
      onBeat: () => {},
      onEmpty: () => {},
      onStuck: () => this.faults.push("the room wants to end itself"),
    });
  }

  #onGone(session: Session, close: CloseName | null): void {
    const client = this.clients.get(session);
    if (client === undefined) return void this.faults.push("somebody unknown has gone");
    this.clients.delete(session);
    this.#gone.push({ client, phase: session.phase, close });
    // Whoever was closed reads what it was sent.
    this.core.fanout?.unread.drained(client);
  }
}
