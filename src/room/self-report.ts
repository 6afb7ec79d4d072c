/** How a room is, as its object tells it (O4). It asks nobody, opens and stores nothing. */
import type { RoomId } from "../placement/room-name.ts";
import type { RoomAnswer } from "../protocol/status.ts";
import type { Runtime } from "../shared/runtime.ts";
import { statusOf, type CoreFacts } from "./status.ts";

/** What has woken the room comes within this time. */
const WAKING_MS = 50;

/** What a room answers: null when nobody came to it since it is in memory. Shards are those that the coordinator knows. */
export interface SelfReport {
  readonly answer: RoomAnswer | null;
  readonly shards: number;
}

export class SelfReporter {
  readonly #id: RoomId | null;
  readonly #runtime: Runtime;
  readonly #startedAtMs: number;
  #isJustWoken = false;

  constructor(id: RoomId | null, runtime: Runtime) {
    this.#id = id;
    this.#runtime = runtime;
    this.#startedAtMs = runtime.wallMs();
  }

  /** Its sockets survived a sleep. A question that comes now is what has woken it, or as good as that. */
  woke(): void {
    this.#isJustWoken = true;
    this.#runtime.timer().arm(WAKING_MS, () => (this.#isJustWoken = false));
  }

  /** `facts`: null where nobody came since the room is in memory. */
  report(facts: CoreFacts | null, shards: number): SelfReport {
    const wasAsleep = this.#isJustWoken;
    this.#isJustWoken = false;
    const place = facts && this.#id;
    const answer = place && statusOf({ ...place, startedAtMs: this.#startedAtMs, wasAsleep, ...facts });
    return { answer, shards };
  }
}
