/** The clients that wait to learn where they start: all on the room's one shared attempt, each 10 s at most (W11). */
import type { Runtime } from "../../shared/runtime.ts";
import type { Admission, StartRequest } from "./decision.ts";

const JOIN_TIMEOUT_MS = 10_000;

export interface JoinQuestions {
  /** What is known by now; null when nothing is. A late client must get an answer. */
  admission(isLate: boolean): Admission | null;
  /** Starts whatever may bring an answer; resolves or rejects when it may have, null when only the room can tell. */
  ask(): Promise<unknown> | null;
}

/** One client that waits. */
export interface PendingJoin {
  /** The answer, as of this turn; null while there is none. Once given, the client waits no longer. */
  admission(): Admission | null;
  /** Resolves when the answer may have come. Never rejects. */
  change(): Promise<void>;
  /** Nobody waits any more. */
  withdraw(): void;
}

export class PendingJoins {
  readonly #runtime: Runtime;
  readonly #waiting = new Set<StartRequest>();
  #onChange: (() => void)[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get count(): number {
    return this.#waiting.size;
  }

  get requests(): readonly StartRequest[] {
    return [...this.#waiting];
  }

  /** A client arrives. */
  add(request: StartRequest, questions: JoinQuestions): PendingJoin {
    const deadline = this.#runtime.timer();
    const late = new Promise<void>((resolve) => deadline.arm(JOIN_TIMEOUT_MS, resolve));
    this.#waiting.add(request);
    const withdraw = (): void => {
      deadline.clear();
      this.#waiting.delete(request);
    };
    return {
      withdraw,
      admission: () => {
        const admission = questions.admission(!deadline.isArmed);
        if (admission !== null) withdraw();
        return admission;
      },
      change: async () => {
        const asked = questions.ask() ?? this.#whenChanged();
        await Promise.race([asked.catch(() => {}), late]);
      },
    };
  }

  /** Something changed: all of them ask again. */
  notify(): void {
    const waiting = this.#onChange;
    this.#onChange = [];
    for (const resolve of waiting) resolve();
  }

  #whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }
}
