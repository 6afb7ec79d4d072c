/** The clients that wait to learn where they start: all on the room's one shared attempt, each 10 s at most (W11). */
import { Timer } from "../../shared/timer.ts";
import type { StartRequest } from "./decision.ts";

const JOIN_TIMEOUT_MS = 10_000;

export interface Questions<T> {
  answer(isLate: boolean): T | null;
  ask(): Promise<unknown> | null;
}

export class Arrivals {
  readonly #waiting = new Set<StartRequest>();
  #changed: (() => void)[] = [];

  get count(): number {
    return this.#waiting.size;
  }

  get startRequests(): readonly StartRequest[] {
    return [...this.#waiting];
  }

  /**
   * Asks `answer` now and after every change until it is not null, then hands it to `enter` in that same turn.
   * `ask` starts whatever may bring a change; what it returns is one. Never rejects.
   */
  async wait<T>(request: StartRequest, questions: Questions<T>, enter: (value: T) => void): Promise<void> {
    const deadline = new Timer();
    const late = new Promise<void>((resolve) => deadline.arm(JOIN_TIMEOUT_MS, resolve));
    this.#waiting.add(request);
    for (;;) {
      const value = questions.answer(!deadline.isArmed);
      if (value !== null) {
        deadline.clear();
        this.#waiting.delete(request);
        return enter(value);
      }
      const asked = questions.ask() ?? this.#whenChanged();
      await Promise.race([asked.catch(() => {}), late]);
    }
  }

  /** Something changed: everybody asks again. */
  notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }

  #whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }
}
