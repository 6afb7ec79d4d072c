/** A replay of the model: reads the stream for sessions that the window cannot serve, as replay.ts does with a consumer. */
import type { Envelope } from "../../../src/protocol/frames.ts";
import type { Fanout } from "../../../src/room/delivery/fanout.ts";
import type { Session } from "../../../src/room/delivery/session.ts";
import { envelopeOf, type ModelStream } from "./stream.ts";

interface Read {
  readonly events: readonly Envelope[];
  readonly upTo: number;
}

export class ModelReplay {
  readonly #read = new Map<Session, Read>();

  /** Reads up to `count` entries above what the session has been sent. */
  fetch(session: Session, fanout: Fanout, stream: ModelStream, count: number): void {
    const phase = session.phase;
    if (phase.kind === "live" || this.#read.has(session)) return;
    if (stream.firstSeq > phase.readTo + 1) {
      if (!session.fromOldest) return fanout.tellLost(session, "retention-exhausted", stream.firstSeq);
      phase.readTo = stream.firstSeq - 1;
    }
    const upTo = Math.min(stream.lastSeq, phase.readTo + count);
    const events: Envelope[] = [];
    for (let seq = stream.nextMatch(phase.readTo); seq <= upTo; seq = stream.nextMatch(seq)) {
      const entry = stream.entry(seq);
      if (entry !== undefined) events.push(envelopeOf(entry));
    }
    this.#read.set(session, { events, upTo });
  }

  /** Hands over what was read; a session that the window can serve by now is left to it. */
  deliver(fanout: Fanout, nowMs: number): void {
    for (const [session, { events, upTo }] of [...this.#read]) {
      const phase = session.phase;
      if (!fanout.lagging.has(session) || phase.kind === "live" || phase.readTo >= fanout.window.from) {
        this.#read.delete(session);
        continue;
      }
      const outcome = fanout.deliver(session, events, nowMs);
      if (outcome === "paused") continue;
      this.#read.delete(session);
      if (outcome === "more") phase.readTo = Math.max(phase.readTo, upTo);
    }
  }

  forget(): void {
    this.#read.clear();
  }
}
