/**
 * Who reads from the broker what the window no longer holds, and in which order: at most `maxReplays` consumers,
 * the oldest request first, overlapping ranges together (U1). One that only clients hold who do not read makes way.
 */
import { backoffMs } from "../../shared/backoff.ts";
import { UpstreamError } from "../../upstream/jetstream-api.ts";
import { Consumer } from "../../upstream/consumer.ts";
import type { BrokerConnection } from "../../upstream/connection.ts";
import { PullBudget } from "../../upstream/pull-budget.ts";
import type { Fanout } from "../delivery/fanout.ts";
import { PACED_MS } from "../delivery/flow-control.ts";
import { Replay, type ReplayHost } from "./replay.ts";
import type { Session } from "../delivery/session.ts";

export interface ReplayQueueOptions extends ReplayHost {
  readonly stream: string;
  readonly filter: string;
  readonly maxReplays: number;
  /** The connection, while it may be used. */
  connection(): BrokerConnection | null;
  /** As `NewConsumer.onLeft`. */
  readonly onLeft: (name: string) => void;
}

/** So close behind another's replay, a session waits for it instead of opening its own. */
const SHARE_DISTANCE = 4_096;
const IDLE_HEARTBEAT_MS = 100;
/** What all replays of a room may have under way (P20): four pulls of a broker whose `max_payload` is the usual 1 MiB. */
const BUDGET_BYTES = 4.5 * 1024 * 1024;
/** A replay that has read everything holds a pull for this long, and its bytes are not there for others. */
const PULL_EXPIRES_MS = 5_000;
/** After a replay broke off, the next one waits, and ever longer: its reason may still be there. */
const RETRY_MS = 500;
const RETRY_CAP_MS = 5_000;
/** A client whose replay the broker refuses for this long is told, as one that joins is (W11). */
const REFUSED_PATIENCE_MS = 10_000;
/** A replay that comes no closer to the window for this long is given up (U1). */
const NO_GAIN_MS = 60_000;

interface Want {
  readonly sinceMs: number;
  /** How close to the window the session has come, and when. */
  distance: number;
  atMs: number;
}

export class ReplayQueue {
  readonly #options: ReplayQueueOptions;
  readonly #active = new Set<Replay>();
  readonly #budget = new PullBudget(BUDGET_BYTES);
  /** In order of arrival. */
  readonly #wanting = new Map<Session, Want>();
  /** Since when the broker has refused every consumer asked for; null while it does not. */
  #refusedSinceMs: number | null = null;

  #notBeforeMs = 0;
  /** Replays in a row that broke off before they served anything. */
  #failures = 0;

  constructor(options: ReplayQueueOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active.size;
  }

  /** A session that the window cannot serve. */
  want(session: Session, nowMs: number): void {
    if (!this.#wanting.has(session)) this.#wanting.set(session, { sinceMs: nowMs, distance: Infinity, atMs: nowMs });
  }

  /**
   * Serves and starts what can be. Returns after how many milliseconds to run it again, since a member owes a ping, or a
   * turn or a start is due; Infinity when nothing is.
   */
  run(fanout: Fanout, nowMs: number): number {
    let againMs = Infinity;
    let waitMs = Infinity;
    for (const replay of [...this.#active]) {
      againMs = Math.min(againMs, replay.serve(nowMs));
      if (replay.isStuck(nowMs) && this.#isAwaited(fanout, nowMs)) replay.stop();
      if (replay.state === "stopped") this.#active.delete(replay);
      if (replay.state === "serving") this.#failures = 0;
      if (replay.brokeOff) this.#notBeforeMs = nowMs + this.#nextRetryMs();
    }
    for (const [session, gain] of [...this.#wanting]) {
      const phase = session.phase;
      if (!fanout.lagging.has(session) || phase.kind === "live" || phase.readTo >= fanout.window.from) {
        this.#wanting.delete(session);
        continue;
      }
      if (!this.#gains(session, gain, fanout.window.from - phase.readTo, nowMs)) {
        fanout.close(session, "slowConsumer");
        continue;
      }
      if (this.#isServed(session)) continue;
      if (
        this.#refusedSinceMs !== null &&
        nowMs - Math.max(this.#refusedSinceMs, gain.sinceMs) >= REFUSED_PATIENCE_MS
      ) {
        fanout.close(session, "subscribeFailed");
        continue;
      }
      // Who cannot be sent anything now has no use for a place.
      const sessionMs = fanout.waitMs(session, nowMs);
      if (sessionMs === 0) this.#place(session, phase.readTo, fanout, nowMs);
      else waitMs = Math.min(waitMs, sessionMs);
    }
    if (this.#wanting.size > 0 && nowMs < this.#notBeforeMs) waitMs = Math.min(waitMs, PACED_MS);
    // Without a connection nothing can start, and the room may fall asleep.
    return this.#options.connection() === null ? againMs : Math.min(againMs, waitMs);
  }

  /** The connection is gone: everybody waits again. */
  stop(): void {
    for (const replay of this.#active) replay.stop();
    this.#active.clear();
  }

  /** Ends queued sessions that retention has passed (U1, W5). */
  expire(fanout: Fanout, firstSeq: number): void {
    for (const session of [...this.#wanting.keys()]) {
      const phase = session.phase;
      if (phase.kind !== "lagging" || this.#isServed(session) || !fanout.lagging.has(session)) continue;
      if (phase.readTo + 1 >= firstSeq) continue;
      if (session.fromOldest) fanout.skipTo(session, firstSeq - 1, this.#options.runtime.nowMs());
      else fanout.tellLost(session, "retention-exhausted", firstSeq);
    }
  }

  /** Somebody who reads waits for a place, and there is none. */
  #isAwaited(fanout: Fanout, nowMs: number): boolean {
    if (this.#active.size < this.#options.maxReplays) return false;
    for (const session of this.#wanting.keys()) {
      if (fanout.lagging.has(session) && !this.#isServed(session) && fanout.waitMs(session, nowMs) === 0) return true;
    }
    return false;
  }

  #isServed(session: Session): boolean {
    for (const replay of this.#active) if (replay.members.has(session)) return true;
    return false;
  }

  #nextRetryMs(): number {
    return backoffMs(this.#failures++, RETRY_MS, RETRY_CAP_MS, this.#options.runtime.random());
  }

  /** False when the session came no closer to the window for too long; waiting in the queue counts as patience. */
  #gains(session: Session, gain: Want, distance: number, nowMs: number): boolean {
    if (distance >= gain.distance && this.#isServed(session)) return nowMs - gain.atMs <= NO_GAIN_MS;
    gain.distance = Math.min(gain.distance, distance);
    gain.atMs = nowMs;
    return true;
  }

  #place(session: Session, readTo: number, fanout: Fanout, nowMs: number): void {
    const full = this.#active.size >= this.#options.maxReplays;
    for (const replay of this.#active) {
      if (readTo < replay.base || replay.state === "stopped") continue;
      if (!full && readTo - replay.base > SHARE_DISTANCE) continue;
      replay.members.add(session);
      return;
    }
    const connection = this.#options.connection();
    if (full || connection === null || nowMs < this.#notBeforeMs) return;
    void this.#start(session, readTo, fanout, connection);
  }

  async #start(session: Session, readTo: number, fanout: Fanout, connection: BrokerConnection): Promise<void> {
    const replay = new Replay(readTo, fanout, this.#options);
    replay.members.add(session);
    this.#active.add(replay);
    const { runtime, stream, filter, onLeft } = this.#options;
    try {
      const startSeq = readTo + 1;
      const wanted = {
        runtime,
        connection,
        stream,
        filter,
        startSeq,
        idleHeartbeatMs: IDLE_HEARTBEAT_MS,
        pullExpiresMs: PULL_EXPIRES_MS,
        budget: this.#budget,
        onLeft,
      };
      const { consumer, start } = await Consumer.create(wanted, (event) => replay.receive(event));
      this.#refusedSinceMs = null;
      if (start > readTo + 1 && (await this.#isPassed(consumer, readTo))) this.#lose(replay, fanout, start);
      if (replay.members.size === 0) replay.stop();
      replay.begin(consumer);
    } catch (error) {
      replay.stop(true);
      if (!(error instanceof UpstreamError)) throw error;
      const isRefused = error.verdict === "refused";
      if (!isRefused || this.#refusedSinceMs === null)
        runtime.logSparingly("replay-failed", { subject: filter, why: error.message });
      this.#refusedSinceMs = isRefused ? (this.#refusedSinceMs ?? runtime.nowMs()) : null;
    }
  }

  /** A consumer that begins later than it was told to: where newer messages replace older ones nothing is lost (W18). */
  async #isPassed(consumer: Consumer, readTo: number): Promise<boolean> {
    try {
      return (await this.#options.head()).floor > readTo + 1;
    } catch (error) {
      void consumer.stop();
      throw error;
    }
  }

  /** Retention passed members between the question and the answer (JS-2). */
  #lose(replay: Replay, fanout: Fanout, start: number): void {
    for (const member of [...replay.members]) {
      const phase = member.phase;
      if (phase.kind !== "lagging" || phase.readTo + 1 >= start) continue;
      if (member.fromOldest) {
        fanout.skipTo(member, start - 1, this.#options.runtime.nowMs());
        continue;
      }
      replay.members.delete(member);
      fanout.tellLost(member, "retention-exhausted", start);
    }
  }
}
