/**
 * Who reads from the broker what the window no longer holds, and in which order: at most `maxReplays` consumers in
 * the room and as many as the isolate has places for, the oldest request first, overlapping ranges together (U1, B7).
 *
 *   waiting ──a place, or a replay below it──▶ placed ──window reached──▶ done
 *      ▲  to the end of the queue                │ its turn is over and somebody waits, it lags behind the others,
 *      └─────────────────────────────────────────┘ nobody reads, the replay broke off
 *
 * Nobody loses or repeats anything by it: a session has a cursor of its own, from which the next replay goes on.
 */
import { backoffMs } from "../../shared/backoff.ts";
import { UpstreamError } from "../../upstream/jetstream-api.ts";
import { Consumer } from "../../upstream/consumer.ts";
import type { BrokerConnection } from "../../upstream/connection.ts";
import { PullBudget } from "../../upstream/pull-budget.ts";
import type { Head } from "../../upstream/stream-info.ts";
import type { Fanout } from "../delivery/fanout.ts";
import { PACED_MS } from "../delivery/flow-control.ts";
import { nextInLine } from "./line.ts";
import { Replay, type ReplayHost } from "./replay.ts";
import { ISOLATE_TERM_MS } from "./turn.ts";
import { gains, isPlaced, newWant, put, type Place, type Want } from "./want.ts";
import type { Session } from "../delivery/session.ts";

export interface ReplayQueueOptions extends ReplayHost {
  /** Names the object among those that share the isolate. */
  readonly id: string;
  readonly stream: string;
  readonly filter: string;
  readonly maxReplays: number;
  /** The connection, while it may be used. */
  connection(): BrokerConnection | null;
  /** The stream's head, as it was heard last. */
  lastHead(): Head | null;
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
/** So often in a row one may break off because messages were removed meanwhile. */
const MAX_DISTRUSTS = 3;
/** A client whose replay the broker refuses for this long is told, as one that joins is (W11). */
const REFUSED_PATIENCE_MS = 10_000;

export class ReplayQueue {
  readonly #options: ReplayQueueOptions;
  readonly #active = new Map<Replay, Place>();
  /** What all of them may have under way. */
  readonly #budget = new PullBudget(BUDGET_BYTES);
  /** In the order of the queue. */
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
    if (this.#wanting.has(session)) return;
    this.#wanting.set(session, newWant(session, nowMs));
  }

  /**
   * Serves and starts what can be. Returns after how many milliseconds to run it again, since a member owes a ping, or a
   * turn or a start is due; Infinity when nothing is.
   */
  run(fanout: Fanout, nowMs: number): number {
    let againMs = Infinity;
    for (const [replay, place] of [...this.#active]) {
      againMs = Math.min(againMs, replay.serve(nowMs));
      if (this.#mustYield(replay, place, fanout, nowMs)) replay.stop();
      if (replay.state === "stopped") this.#end(replay, place);
      if (replay.state === "serving") this.#failures = 0;
      if (replay.brokeOff) this.#notBeforeMs = nowMs + this.#nextRetryMs();
    }
    let waitMs = Infinity;
    const ready: Want[] = [];
    for (const want of [...this.#wanting.values()]) {
      if (!this.#stillWaits(want, fanout, nowMs)) continue;
      // Who cannot be sent anything now has no use for a place.
      const sessionMs = fanout.waitMs(want.session, nowMs);
      if (sessionMs > 0) waitMs = Math.min(waitMs, sessionMs);
      else if (!this.#share(want)) ready.push(want);
    }
    if (!this.#startAll(ready, fanout, nowMs)) waitMs = Math.min(waitMs, PACED_MS);
    if (this.#wanting.size > 0 && nowMs < this.#notBeforeMs) waitMs = Math.min(waitMs, PACED_MS);
    // Without a connection nothing can start, and the room may fall asleep.
    return this.#options.connection() === null ? againMs : Math.min(againMs, waitMs);
  }

  /** The connection is gone: everybody waits again. */
  stop(): void {
    for (const [replay, place] of this.#active) {
      replay.stop();
      this.#end(replay, place);
    }
  }

  /** Ends queued sessions that retention has passed (U1, W5). */
  expire(fanout: Fanout, firstSeq: number): void {
    for (const [session, want] of [...this.#wanting]) {
      const phase = session.phase;
      if (phase.kind !== "lagging" || isPlaced(want) || !fanout.lagging.has(session)) continue;
      if (phase.readTo + 1 >= firstSeq) continue;
      if (session.fromOldest) fanout.skipTo(session, firstSeq - 1, this.#options.runtime.nowMs());
      else fanout.tellLost(session, "retention-exhausted", firstSeq);
    }
  }

  /** Others have more use for its place. */
  #mustYield(replay: Replay, place: Place, fanout: Fanout, nowMs: number): boolean {
    if (replay.state === "stopped") return false;
    const { places } = this.#options.isolate;
    if (!places.mayKeep(place, nowMs)) return true;
    const isStuck = replay.isStuck(nowMs);
    if ((isStuck || replay.isTurnOver(nowMs, ISOLATE_TERM_MS)) && places.isAwaited(place, nowMs)) return true;
    const isOver = replay.isTurnOver(nowMs);
    return (isStuck || isOver) && this.#isAwaited(fanout, nowMs, isOver ? replay : null);
  }

  /** Somebody who reads waits for a place, and there is none; or for this replay to come to where it is. */
  #isAwaited(fanout: Fanout, nowMs: number, slow: Replay | null): boolean {
    const isFull = this.#active.size >= this.#options.maxReplays;
    for (const [session, want] of this.#wanting) {
      if (!fanout.lagging.has(session)) continue;
      const waits = isPlaced(want) ? want.replay === slow && slow?.isBelow(session) === true : isFull;
      if (waits && fanout.waitMs(session, nowMs) === 0) return true;
    }
    return false;
  }

  #end(replay: Replay, place: Place): void {
    this.#active.delete(replay);
    this.#options.isolate.places.release(place);
  }

  /** False when it waits for no place: it has one, needs none any more, or was closed. */
  #stillWaits(want: Want, fanout: Fanout, nowMs: number): boolean {
    const { session } = want;
    const { phase } = session;
    if (!fanout.lagging.has(session) || phase.kind === "live" || phase.readTo >= fanout.window.from) {
      this.#forget(want);
      return false;
    }
    if (!gains(want, fanout.window.from - phase.readTo, nowMs)) {
      this.#forget(want);
      fanout.close(session, "slowConsumer");
      return false;
    }
    if (isPlaced(want)) return false;
    if (want.replay !== null) this.#queueAgain(want, phase.readTo, nowMs);
    const refusedForMs = nowMs - Math.max(this.#refusedSinceMs ?? nowMs, want.sinceMs);
    if (refusedForMs < REFUSED_PATIENCE_MS) return true;
    this.#forget(want);
    fanout.close(session, "subscribeFailed");
    return false;
  }

  #forget(want: Want): void {
    this.#wanting.delete(want.session);
    this.#options.isolate.places.release(want.place);
  }

  /** Its turn is over. One that had nothing of it, since the replay was still below it, keeps its place in the queue. */
  #queueAgain(want: Want, readTo: number, nowMs: number): void {
    const hadNothing = readTo === want.placedAt && want.replay?.brokeOff === false;
    want.replay = null;
    if (hadNothing) return;
    want.queuedAtMs = nowMs;
    this.#wanting.delete(want.session);
    this.#wanting.set(want.session, want);
  }

  #nextRetryMs(): number {
    return backoffMs(this.#failures++, RETRY_MS, RETRY_CAP_MS, this.#options.runtime.random());
  }

  /** Joins a replay that will come to where the session is. */
  #share(want: Want): boolean {
    const { phase } = want.session;
    if (phase.kind === "live") return false;
    const full = this.#active.size >= this.#options.maxReplays;
    for (const replay of this.#active.keys()) {
      if (phase.readTo < replay.base || replay.state === "stopped") continue;
      if (!full && phase.readTo - replay.base > SHARE_DISTANCE) continue;
      put(want, replay, phase.readTo);
      this.#options.isolate.places.release(want.place);
      return true;
    }
    return false;
  }

  /** Starts what there are places for. False when somebody waits whom the isolate has no place for. */
  #startAll(ready: readonly Want[], fanout: Fanout, nowMs: number): boolean {
    const connection = this.#options.connection();
    if (ready.length === 0 || connection === null || nowMs < this.#notBeforeMs) return true;
    const held = new Map<string, number>();
    for (const { credential } of this.#active.values()) held.set(credential, (held.get(credential) ?? 0) + 1);
    const { isolate, id, maxReplays } = this.#options;
    let line = ready;
    let isRefused = false;
    while (this.#active.size < maxReplays) {
      line = line.filter((want) => !isPlaced(want) && !this.#share(want));
      const want = nextInLine(line, held);
      if (want === null) break;
      const { credential } = want;
      if (isolate.places.take(want.place, id, credential, want.queuedAtMs, nowMs)) {
        held.set(credential, (held.get(credential) ?? 0) + 1);
        void this.#start(want, fanout, connection);
      } else {
        isRefused = true;
        line = line.filter((other) => other.credential !== credential);
      }
    }
    return !isRefused;
  }

  async #start(want: Want, fanout: Fanout, connection: BrokerConnection): Promise<void> {
    const { phase } = want.session;
    if (phase.kind === "live") return;
    const { readTo } = phase;
    // Where messages are removed all the time, that alone must not hold replays up for ever.
    const deleted = this.#failures < MAX_DISTRUSTS ? (this.#options.lastHead()?.deleted ?? null) : null;
    const replay = new Replay(readTo, want.credential, fanout, this.#options, deleted);
    put(want, replay, readTo);
    this.#active.set(replay, want.place);
    want.place = { credential: want.credential };
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
        runtime.logSparingly("replay-failed", { subject: filter, reason: error.message });
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
