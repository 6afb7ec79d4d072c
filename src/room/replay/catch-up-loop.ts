/**
 * Serves the sessions that are not live, from window and replays, and comes back as long as somebody can be
 * served, or has to say a ping first. One timer, armed only then. The batch is sent before anybody is served, so while all
 * must be waited for it is left alone (V7).
 */
import type { Runtime, Timer } from "../../shared/runtime.ts";
import type { Fanout } from "../delivery/fanout.ts";
import { PACED_MS } from "../delivery/flow-control.ts";
import type { ReplayQueue } from "./queue.ts";
import type { Session } from "../delivery/session.ts";

/** A look costs a microsecond or so: a crowd is looked at less often. */
const LOOKS_PER_MS = 50;

export class CatchUpLoop {
  readonly #runtime: Runtime;
  readonly #fanout: () => Fanout | null;
  readonly #replays: ReplayQueue;
  readonly #onServed: () => void;
  readonly #timer: Timer;
  #dueAtMs = 0;

  constructor(runtime: Runtime, fanout: () => Fanout | null, replays: ReplayQueue, onServed: () => void) {
    this.#runtime = runtime;
    this.#timer = runtime.timer();
    this.#fanout = fanout;
    this.#replays = replays;
    this.#onServed = onServed;
  }

  /** Runs after `afterMs` at the latest, if there is anybody to serve, or a replay that nobody reads any more. */
  wake(afterMs = PACED_MS): void {
    const dueAtMs = this.#runtime.nowMs() + afterMs;
    const nobody = (this.#fanout()?.lagging.size ?? 0) === 0 && this.#replays.active === 0;
    if (nobody || (this.#timer.isArmed && this.#dueAtMs <= dueAtMs)) return;
    this.#dueAtMs = dueAtMs;
    this.#timer.arm(afterMs, () => this.#run());
  }

  #run(): void {
    const fanout = this.#fanout();
    if (fanout === null) return;
    const nowMs = this.#runtime.nowMs();
    let nextMs = Infinity;
    const ready: Session[] = [];
    fanout.closeOverdue(nowMs);
    for (const session of [...fanout.lagging]) {
      const waitMs = fanout.waitMs(session, nowMs);
      const { phase } = session;
      // The replays look for its ping themselves, while they have a connection: without one the room may fall asleep.
      if (phase.kind === "lagging" && phase.readTo < fanout.window.from) this.#replays.want(session, nowMs);
      else if (waitMs === 0) ready.push(session);
      else nextMs = Math.min(nextMs, waitMs);
    }
    if (ready.length > 0) fanout.flush(nowMs);
    for (const session of ready) {
      const served = fanout.serve(session, nowMs);
      if (served === "more") nextMs = 0;
      else if (served === "paused") nextMs = Math.min(nextMs, fanout.waitMs(session, nowMs) || 1);
      else if (served === "needs-replay") this.#replays.want(session, nowMs);
    }
    nextMs = Math.min(nextMs, this.#replays.run(fanout, nowMs));
    if (nextMs > 0) nextMs = Math.max(nextMs, Math.min(PACED_MS, fanout.lagging.size / LOOKS_PER_MS));
    this.#onServed();
    if (nextMs < Infinity) this.wake(nextMs);
  }
}
