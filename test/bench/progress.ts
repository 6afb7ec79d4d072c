/** How far all clients together have come: the slowest of them counts. Pure. */
import type { Goal } from "./swarm-messages.ts";

export class Progress {
  readonly goal: Goal;
  /** How many clients have taken each step. */
  readonly #taken: number[] = [];
  readonly #onReached: (marks: number) => void;
  #arrived = 0;

  /** `onReached`: all clients have so many events. Said at every step, and at the goal. */
  constructor(goal: Goal, onReached: (marks: number) => void) {
    this.goal = goal;
    this.#onReached = onReached;
  }

  /** One client had `before` events and has `after`. */
  moved(before: number, after: number): void {
    const { step, marks, clients } = this.goal;
    const last = Math.floor(Math.min(after, marks) / step);
    for (let index = Math.floor(before / step) + 1; index <= last; index += 1) {
      const taken = (this.#taken[index] ?? 0) + 1;
      this.#taken[index] = taken;
      if (taken === clients && index * step < marks) this.#onReached(index * step);
    }
    if (before >= marks || after < marks) return;
    this.#arrived += 1;
    if (this.#arrived === clients) this.#onReached(marks);
  }
}
