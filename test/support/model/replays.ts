/** The room's replays over the model's broker: a fan-out without a window, so that everything behind R needs one. */
import { V2, type Protocol } from "../../../src/protocol/subprotocol.ts";
import { Fanout } from "../../../src/room/delivery/fanout.ts";
import { Isolate } from "../../../src/room/isolate/isolate.ts";
import { ReplayQueue } from "../../../src/room/replay/queue.ts";
import type { Phase, Session } from "../../../src/room/delivery/session.ts";
import { ModelBroker, type ModelConnection } from "./broker.ts";
import { ModelClient } from "./client.ts";
import type { ModelClock } from "./clock.ts";
import { makeSession } from "./session.ts";
import { envelopeOf, ModelStream, STREAM } from "./stream.ts";
import { head } from "./head.ts";

export class ReplaysBench {
  readonly clock: ModelClock;
  readonly isolate = new Isolate();
  readonly stream = new ModelStream("created");
  readonly broker: ModelBroker;
  readonly fanout: Fanout;
  readonly replays: ReplayQueue;
  readonly dropped: number[] = [];
  connection: ModelConnection | null;
  readonly #pings = new Map<Session, ModelClient>();

  constructor(
    clock: ModelClock,
    messages: number,
    maxReplays: number,
    maxUnreadBytes = 100_000,
    maxQueuedBytes = 100_000_000,
  ) {
    this.clock = clock;
    for (let i = 0; i < messages; i++) this.stream.publish("match", 100);
    this.broker = new ModelBroker(clock, this.stream);
    this.connection = this.broker.open(() => {});
    this.fanout = new Fanout(this.stream.lastSeq, this.stream.epoch, {
      isolate: this.isolate,
      id: "room",
      windowBytes: 0,
      heartbeatMs: 1_000_000,
      sendTimeoutMs: 1_000_000,
      maxUnreadBytes,
      maxUnprovenBytes: 1_000_000,
      maxQueuedBytes,
      ackBytes: maxUnreadBytes / 8,
      pingAtMs: (session) => this.#pings.get(session)?.pingAtMs ?? null,
      wallMs: () => clock.wallMs,
      upstream: () => "connected",
      onGone: () => {},
      onPoison: ({ seq }) => this.dropped.push(seq),
    });
    this.fanout.setAtHead(true, clock.nowMs);
    this.replays = new ReplayQueue({
      runtime: clock.runtime,
      isolate: this.isolate,
      id: "room",
      stream: STREAM,
      filter: "s",
      maxReplays,
      connection: () => this.connection,
      head: () => Promise.resolve(head(this.stream)),
      lastHead: () => head(this.stream),
      onLeft: () => {},
      onDropped: (seq) => this.dropped.push(seq),
      wake: () => {},
    });
  }

  /** A client at this cursor, which reads and acknowledges as long as it is in `readers`. */
  join(
    cursor: number,
    given: { readonly protocol?: Protocol; readonly fromOldest?: boolean } = {},
  ): [ModelClient, Session] {
    const { protocol = V2, fromOldest = false } = given;
    const client = new ModelClient(`at ${cursor}`, protocol, {
      start: { cursor, live: true, fromOldest },
      isWelcomed: true,
      stream: this.stream,
      expiresAtMs: null,
      watch: {
        nowMs: () => this.clock.nowMs,
        wallMs: () => this.clock.wallMs,
        bytesOf: (text) => text.length,
        ackBytes: this.ackBytes,
        maxUnreadBytes: Infinity,
        forgetMs: Infinity,
        v1BudgetBytes: () => Infinity,
      },
    });
    const phase: Phase = { kind: "lagging", cursor, readTo: cursor };
    const session = makeSession({ socket: client, protocol, phase, fromOldest, lastFrameAtMs: this.clock.nowMs });
    this.#pings.set(session, client);
    this.fanout.join(session, this.clock.nowMs);
    return [client, session];
  }

  get ackBytes(): number {
    return 12_500;
  }

  /** An event is published, and who is live hears it at once. */
  say(): void {
    this.fanout.receive(envelopeOf(this.stream.publish("match", 100)));
    this.fanout.flush(this.clock.nowMs);
  }

  /** Time passes; `readers` read and acknowledge, and the room does what its pacer does. */
  async run(ms: number, readers: readonly ModelClient[] = [...this.#pings.values()]): Promise<void> {
    const { clock, fanout } = this;
    for (const endMs = clock.nowMs + ms; clock.nowMs < endMs;) {
      await clock.advance(10);
      for (const client of readers) {
        client.drain(Infinity);
        client.pingIfDue();
      }
      fanout.closeOverdue(clock.nowMs);
      for (const session of [...fanout.lagging]) {
        fanout.waitMs(session, clock.nowMs);
        if (fanout.serve(session, clock.nowMs) === "needs-replay") this.replays.want(session, clock.nowMs);
      }
      this.replays.run(fanout, clock.nowMs);
    }
  }

  /** Faults of every client that ever joined. */
  get faults(): string[] {
    return [...this.#pings.values()].flatMap((client) => client.faults);
  }
}
